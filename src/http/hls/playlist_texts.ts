import { mediaPlaylist } from "../../hls/playlist.ts";
import type { HlsStream, HlsView } from "../../server/hls/hls_stream.ts";
import type { HlsRequest } from "./hls_path.ts";
import { HlsNames } from "./hls_names.ts";
import { PlaylistText } from "./playlist_text.ts";

/** Texts of one version that are told apart, and the paths that lead to them. */
const MAX_TEXTS = 16;

/** Texts of the newest version of a stream's playlist: all viewers get the same ones. */
interface Texts {
  readonly version: number;
  /** `hls_entry_prefix` and `hls_key_url`: a reload may give addresses another beginning. */
  readonly prefix: string;
  readonly keyPrefix: string;
  /** By what their addresses begin with, and by delta. */
  readonly byBase: Map<string, PlaylistText>;
  /** The same by path. */
  readonly byPath: Map<string, PlaylistText>;
}

const texts = new WeakMap<HlsStream, Texts>();

/**
 * The playlist of this moment, made once for all who ask for it.
 *
 * @param path As requested. @param skips It may leave out what the client has.
 */
export function playlistText(
  stream: HlsStream,
  { window, options }: HlsView,
  { url, vhost }: Pick<HlsRequest, "url" | "vhost">,
  { path, skips }: { readonly path: string; readonly skips: boolean },
): PlaylistText {
  const { version } = stream;
  const { entryPrefix: prefix, keyUrl: keyPrefix } = vhost.now.hls;
  let known = texts.get(stream);
  if (known?.version !== version || known.prefix !== prefix || known.keyPrefix !== keyPrefix) {
    texts.set(stream, known = { version, prefix, keyPrefix, byBase: new Map(), byPath: new Map() });
  }
  // One stream, but perhaps by several names.
  const asked = `${skips ? "delta" : "whole"} ${url.app}/${url.stream} ${path}`;
  const found = known.byPath.get(asked);
  if (found !== undefined) return found;
  const markOf = (number: number) => stream.marks.of(number);
  const names = new HlsNames(url, path, { container: options.container, prefix, keyPrefix, markOf });
  const base = `${skips ? "delta" : "whole"} ${names.base}`;
  const made = known.byBase.get(base) ?? new PlaylistText(mediaPlaylist(window, { ...options, skips }, names));
  remember(known.byBase, base, made);
  remember(known.byPath, asked, made);
  return made;
}

function remember(known: Map<string, PlaylistText>, name: string, text: PlaylistText): void {
  if (known.size >= MAX_TEXTS) known.clear();
  known.set(name, text);
}
