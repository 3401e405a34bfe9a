import type { Config, ConfigHolder } from "../../config/mod.ts";
import type { Call } from "../call.ts";
import { findHls, type HlsRequest } from "./hls_path.ts";

/** Paths that are remembered: all viewers of a stream ask for the same few. */
const MAX_PATHS = 512;
/** Anybody can make long paths up. */
const MAX_PATH_LENGTH = 256;
/** Parameters that say nothing of the stream, and need no cleaning. */
const ownParameters = /^(?:(?:hls_ctx=[\da-f]{1,64}|_HLS_\w{1,20}=\w{1,20})(?:&|$))*$/;

/** Finds what requests mean, as {@link findHls}, which reads addresses with all care, and so at some cost. */
export class HlsPaths {
  readonly #holder: ConfigHolder;
  readonly #known = new Map<string, HlsRequest>();
  /** Of which {@link #known} is true. */
  #config: Config | null = null;

  constructor(holder: ConfigHolder) {
    this.#holder = holder;
  }

  /** As {@link findHls}. */
  find(call: Call): HlsRequest | Response | null {
    const { path, hostname, search } = call;
    if (!ownParameters.test(search) || path.length + hostname.length > MAX_PATH_LENGTH) {
      return findHls(this.#holder, call);
    }
    const { config } = this.#holder;
    if (config !== this.#config) this.#known.clear();
    this.#config = config;
    const name = `${hostname} ${path}`;
    const known = this.#known.get(name);
    if (known !== undefined) {
      const query = search === "" ? "" : `?${search}`;
      return known.url.query === query ? known : { ...known, url: { ...known.url, query } };
    }
    const found = findHls(this.#holder, call);
    if (found === null || found instanceof Response) return found;
    if (this.#known.size >= MAX_PATHS) this.#known.clear();
    this.#known.set(name, found);
    return found;
  }
}
