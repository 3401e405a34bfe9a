import type { VhostConfig } from "../config/mod.ts";
import type { SourceOptions } from "../stream/live_source.ts";
import { metadataIdentity } from "./identity.ts";

/** How the streams of a vhost are served. */
export function sourceOptions({ chunkSizeBytes, minLatency, play }: VhostConfig): SourceOptions {
  return {
    chunkSizeBytes,
    minLatency,
    mwLatencyMs: play.mwLatencyMs,
    gopCache: play.gopCache,
    gopCacheMaxFrames: play.gopCacheMaxFrames,
    queueLengthMs: play.queueLengthMs,
    timeJitter: play.timeJitter,
    reduceSequenceHeader: play.reduceSequenceHeader,
    identity: metadataIdentity(),
  };
}

/** The part of {@link sourceOptions} that a running stream can change: what is encoded already stays as it is. */
export function changeableSourceOptions(vhost: VhostConfig): Partial<SourceOptions> {
  const { chunkSizeBytes: _chunkSize, timeJitter: _timeJitter, ...changeable } = sourceOptions(vhost);
  return changeable;
}
