import { RequestDenied } from "../../base/errors.ts";
import { type Config, type ConfigHolder, findVhost, type VhostConfig, VhostHandle } from "../../config/mod.ts";
import { formatHost, parseStreamUrl, type StreamUrl, withVhost } from "../../rtmp/url.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import { matchMount, type MountMatch } from "../live/mount_path.ts";

/** What a playlist lists. */
export type HlsMediaPart =
  | { readonly kind: "segment"; readonly number: number; readonly mark: string; readonly extension: string }
  | {
    readonly kind: "part";
    readonly number: number;
    /** As of `SegmentMarks`. */
    readonly mark: string;
    readonly part: number;
    readonly extension: string;
  }
  | { readonly kind: "key"; readonly number: number }
  /** An empty id stands for the newest. */
  | { readonly kind: "init"; readonly id: string };

/** What of a stream a request asks for. */
export type HlsPart = { readonly kind: "playlist" } | HlsMediaPart;

/** A request for HLS. */
export interface HlsRequest {
  readonly url: StreamUrl;
  readonly vhost: VhostHandle;
  readonly part: HlsPart;
  /** The vhost is told by the path: addresses without it need `?vhost=`. */
  readonly isVhostOfPath: boolean;
}

const DEFAULT_PLAYLIST = "[app]/[stream].m3u8";
const EXTENSION = /\.(?:m3u8|ts|m4s|mp4|key)$/;

/** Paths of what playlists list, as SRS names them: they lie beside the playlist. */
const listed: readonly [pattern: RegExp, read: (groups: readonly string[]) => HlsPart][] = [
  [/^(.+)-(\d{1,15})(?:_([\da-f]{8}))?\.(\d{1,6})\.(ts|m4s)$/, ([, , number, mark, part, extension]) => ({
    kind: "part",
    number: Number(number),
    mark: mark ?? "",
    part: Number(part),
    extension: extension ?? "",
  })],
  [/^(.+)-(\d{1,15})(?:_([\da-f]{8}))?\.(ts|m4s)$/, ([, , number, mark, extension]) => ({
    kind: "segment",
    number: Number(number),
    mark: mark ?? "",
    extension: extension ?? "",
  })],
  [/^(.+)-(\d{1,15})\.key$/, ([, , number]) => ({ kind: "key", number: Number(number) })],
  [/^(.+)-init-([\da-f]{1,32})\.mp4$/, ([, , id]) => ({ kind: "init", id: id ?? "" })],
  [/^(.+)\/init\.mp4$/, () => ({ kind: "init", id: "" })],
];

/**
 * Finds what a request means where its vhost has HLS: null if it is none for HLS, a refusal for a name that none can
 * have. The vhost is told as for other live streams, by `?vhost=`, `?domain=`, the Host header or the path.
 */
export function findHls(holder: ConfigHolder, call: Call): HlsRequest | Response | null {
  const { path, query, hostname } = call;
  if (!EXTENSION.test(path)) return null;
  const { config } = holder;
  const vhost = findVhost(config, query.get("vhost") || query.get("domain") || hostname);
  const found = (vhost?.hls.enabled ? matchVhost(vhost, call) : null) ?? findByPath(config, call);
  if (found === null) return null;
  try {
    const search = call.search === "" ? "" : `?${call.search}`;
    const { app, stream } = found.match;
    const url = parseStreamUrl(`rtmp://${formatHost(hostname || "localhost")}/${app}`, `${stream}${search}`);
    const { part, isVhostOfPath, vhostName } = found;
    const named = config.vhosts.find(({ name }) => name === vhostName)!;
    return { part, isVhostOfPath, vhost: new VhostHandle(holder, named), url: withVhost(url, vhostName) };
  } catch (error) {
    if (error instanceof RequestDenied) return refusal(400, error.message);
    throw error;
  }
}

type Found = Pick<HlsRequest, "part" | "isVhostOfPath"> & {
  readonly vhostName: string;
  readonly match: MountMatch;
};

function findByPath(config: Config, call: Call): Found | null {
  for (const vhost of config.vhosts) {
    if (!vhost.enabled || !vhost.hls.enabled || !vhost.hls.m3u8File.includes("[vhost]")) continue;
    const match = matchMount(`/${vhost.hls.m3u8File}`, call.hostname, call.path);
    if (match === null || match.vhost !== vhost.name) continue;
    return { vhostName: vhost.name, match, part: { kind: "playlist" }, isVhostOfPath: true };
  }
  return null;
}

function matchVhost(vhost: VhostConfig, { hostname, path }: Call): Found | null {
  for (const template of [vhost.hls.m3u8File, DEFAULT_PLAYLIST]) {
    const match = matchMount(`/${template.replace(/^\/+/, "")}`, hostname, path);
    if (match === null || (match.vhost !== null && match.vhost !== vhost.name)) continue;
    return { vhostName: vhost.name, match, part: { kind: "playlist" }, isVhostOfPath: match.vhost !== null };
  }
  for (const [pattern, read] of listed) {
    const groups = pattern.exec(path);
    const match = groups === null ? null : matchMount(`/${DEFAULT_PLAYLIST}`, hostname, `${groups[1]}.m3u8`);
    if (groups === null || match === null) continue;
    return { vhostName: vhost.name, match, part: read(groups), isVhostOfPath: false };
  }
  return null;
}
