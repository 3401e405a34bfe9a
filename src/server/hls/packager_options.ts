import type { VhostConfig } from "../../config/mod.ts";
import type { PackagerOptions } from "../../hls/packager.ts";
import type { PlaylistOptions } from "../../hls/playlist.ts";

/** How a stream is cut and listed. */
export type HlsOptions = PackagerOptions & PlaylistOptions;

/** Bytes kept of one stream: 60 s of 6.6 Mbit/s. */
const MAX_STREAM_BYTES = 50_000_000;

/** How the streams of a vhost are cut. */
export function packagerOptions(hls: VhostConfig["hls"]): HlsOptions {
  return {
    container: hls.useFmp4 || hls.lowLatency ? "cmaf" : "ts",
    fragmentMs: Math.round(hls.fragmentMs),
    partMs: hls.lowLatency ? hls.partMs : 0,
    windowMs: Math.round(hls.windowMs),
    targetRatio: hls.tdRatio,
    maxBytes: MAX_STREAM_BYTES,
  };
}

/** Whether segments that were made in one way go on with those of another. */
export function isSamePackaging(a: HlsOptions, b: HlsOptions): boolean {
  return a.container === b.container && a.fragmentMs === b.fragmentMs && a.partMs === b.partMs &&
    a.windowMs === b.windowMs && a.targetRatio === b.targetRatio;
}
