import type { VhostConfig } from "../config/mod.ts";
import type { SourceOptions } from "../stream/source_options.ts";
import { metadataIdentity } from "./identity.ts";

/** How far a player may lag with `realtime on`: some flushes and a slow moment. */
const REALTIME_LAG_MS = 2000;

/** How the streams of a vhost are served. */
export function sourceOptions({ chunkSizeBytes, play, cluster }: VhostConfig): SourceOptions {
  return {
    isForwarded: cluster.mode === "remote",
    chunkSizeBytes,
    mwLatencyMs: play.mwLatencyMs,
    mwMsgs: play.mwMsgs,
    gopCache: play.gopCache,
    gopCacheMaxFrames: play.gopCacheMaxFrames,
    queueLengthMs: play.realtime ? Math.min(play.queueLengthMs, REALTIME_LAG_MS) : play.queueLengthMs,
    sendMinIntervalMs: play.sendMinIntervalMs,
    timeJitter: play.atc ? "off" : play.timeJitter,
    atcAuto: play.atcAuto,
    mixCorrect: play.mixCorrect,
    reduceSequenceHeader: play.reduceSequenceHeader,
    identity: metadataIdentity(),
  };
}

/** The part of {@link sourceOptions} that a running stream can change: what is encoded already stays as it is. */
export function changeableSourceOptions(vhost: VhostConfig): Partial<SourceOptions> {
  const { chunkSizeBytes: _chunkSize, timeJitter: _timeJitter, ...changeable } = sourceOptions(vhost);
  return changeable;
}
