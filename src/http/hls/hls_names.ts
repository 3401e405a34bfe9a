import type { PlaylistNames } from "../../hls/playlist.ts";
import type { Container, WindowEntry } from "../../hls/segment.ts";
import type { StreamUrl } from "../../rtmp/url.ts";

/** Stands in the text of a playlist for the parameters that each request has of its own. */
const OWN_QUERY = "\u0001";

/** The addresses that a playlist lists: relative to its own, so that they hold behind any proxy. */
export class HlsNames implements PlaylistNames {
  readonly #base: string;
  readonly #extension: string;
  readonly #keyBase: string;
  readonly #markOf: (number: number) => string;

  /**
   * @param playlistPath Path of the playlist, as requested.
   * @param how `prefix` is `hls_entry_prefix`, `keyPrefix` is `hls_key_url`, `markOf` tells the mark of a number.
   */
  constructor(
    { app, stream }: StreamUrl,
    playlistPath: string,
    { container, prefix, keyPrefix, markOf }: {
      readonly container: Container;
      readonly prefix: string;
      readonly keyPrefix: string;
      markOf(number: number): string;
    },
  ) {
    this.#markOf = markOf;
    this.#extension = container === "ts" ? "ts" : "m4s";
    const folder = app.split("/").map(encodeURIComponent).join("/");
    const own = playlistPath.slice(1, playlistPath.lastIndexOf("/")).split("/");
    const isBeside = own.map(decode).join("/") === app;
    const way = isBeside ? "" : `${"../".repeat(own.filter((part) => part !== "").length)}${folder}/`;
    const name = encodeURIComponent(stream);
    this.#base = `${prefix}${way}${name}`;
    this.#keyBase = keyPrefix === "" ? `${way}${name}` : `${keyPrefix}${folder}/${name}`;
  }

  /** What all names begin with: playlists of the same base are the same. */
  get base(): string {
    return this.#base;
  }

  segment({ number }: Pick<WindowEntry, "number">): string {
    return `${this.#base}-${this.#marked(number)}.${this.#extension}${OWN_QUERY}`;
  }

  part(number: number, index: number): string {
    return `${this.#base}-${this.#marked(number)}.${index}.${this.#extension}${OWN_QUERY}`;
  }

  #marked(number: number): string {
    const mark = this.#markOf(number);
    return mark === "" ? String(number) : `${number}_${mark}`;
  }

  key(keyNumber: number): string {
    return `${this.#keyBase}-${keyNumber}.key${OWN_QUERY}`;
  }

  init(id: string): string {
    return `${this.#base}-init-${id}.mp4${OWN_QUERY}`;
  }
}

/** Cuts the text of a playlist where the parameters of a request belong. */
export function cutAtQueries(text: string): string[] {
  return text.split(OWN_QUERY);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
