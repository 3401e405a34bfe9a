import { encodeUtf8 } from "../../base/bytes.ts";
import { gzip } from "./gzip.ts";
import { cutAtQueries } from "./hls_names.ts";

/** One version of a playlist, which all viewers get, but for the parameters of each. */
export class PlaylistText {
  readonly #text: string;
  /** Between them stand the parameters of a request. */
  readonly #pieces: readonly string[];
  readonly #etags = new Map<string, string>();
  #bytes: Uint8Array | null = null;
  #zipped: Promise<Uint8Array> | Uint8Array | null = null;

  /** @param text With the addresses of `HlsNames`. */
  constructor(text: string) {
    this.#text = text;
    this.#pieces = cutAtQueries(text);
  }

  /** The playlist as it is for these parameters, which have no question mark. */
  bytes(query: string): Uint8Array {
    if (query !== "") return encodeUtf8(this.#pieces.join(`?${query}`));
    return this.#bytes ??= encodeUtf8(this.#pieces.join(""));
  }

  /** The playlist without parameters, compressed. */
  zipped(): Promise<Uint8Array> | Uint8Array {
    return this.#zipped ??= gzip(this.bytes("")).then((bytes) => this.#zipped = bytes);
  }

  /** The same on all servers for the same text. @param encoding Its `content-encoding`; empty for none. */
  etag(encoding: string): string {
    const known = this.#etags.get(encoding);
    if (known !== undefined) return known;
    const etag = `"${hashOf(this.#text)}${encoding === "" ? "" : `-${encoding}`}"`;
    this.#etags.set(encoding, etag);
    return etag;
  }
}

/** FNV-1a, twice. */
function hashOf(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
  return `${hex(a)}${hex(b)}`;
}
