import type { VhostConfig } from "../../config/mod.ts";
import { readAsItComes, type ReadPlan } from "../rtmp/read_pace.ts";

/** When a publisher could be read again. */
export interface ReadMoment {
  /** For how long it has published. */
  readonly forMs: number;
  /** Bytes of the last read. */
  readonly bytes: number;
  /** Until players are sent what has come; 0 or less when nothing is due. */
  readonly toFlushMs: number;
  /** What is due to players is too little to be sent: the next messages are what it waits for. */
  readonly awaitsMsgs: boolean;
  /** Somebody does not wait for the flush: servers that make parts of low-latency HLS of it, or this one. */
  readonly isHasty: boolean;
  /** Somebody plays it, or may want what is made of it: segments, a recording. */
  readonly isWatched: boolean;
  /** Players wait for the first keyframe. */
  readonly awaitsKeyframe: boolean;
  /** How many publishers there are. */
  readonly publishers: number;
}

/** A publisher that has just come is read at once: somebody may wait for its first picture. */
const SETTLED_AFTER_MS = 2000;
/** More than that has to be taken as it comes, or the socket's buffer fills up and the publisher is held up. */
const MOST_BYTES = 32 * 1024;
const USUAL_MS = 40;
const PER_PUBLISHER_MS = 0.25;
const LEAST_MS = 10;
/** A read costs as much as before, and parts are no later than that. */
const HASTY_MS = 40;
/** Nobody needs it now, and the next one who comes has it read at once. */
const UNWATCHED_MS = 1000;
/** Few are read together with what a server does once a second in any case; many would keep others waiting. */
const FEW_PUBLISHERS = 16;
/** Connections gather up to common moments. */
const COMMON_MS = 25;
/** The same for streams that are flushed often. */
const COMMON_OFTEN_MS = 5;
const OFTEN_MS = 200;
/** To be there in time for the flush. */
const BEFORE_FLUSH_MS = 5;

/**
 * How long to let a publisher's messages gather in the kernel before they are read: a read costs the same for one as for
 * ten, and so does each wake of the process. Players, who are sent what came only every `mw_latency`, get nothing later
 * for it: with {@link ReadPlan.gatherMs} the read is what makes the flush, with {@link ReadPlan.pauseMs} the last one is
 * shortly before. What nobody watches gathers for longer still.
 *
 * With `mr on` the pause is `mr_latency`, as in SRS 7 (`SrsRtmpConn::set_recv_mr`).
 */
export function readPlan({ play, publish, minLatency }: VhostConfig, moment: ReadMoment): ReadPlan {
  const { forMs, bytes, toFlushMs, publishers, awaitsMsgs, isHasty, awaitsKeyframe, isWatched } = moment;
  // Players get each message as it comes.
  if (play.mwLatencyMs === 0) return readAsItComes;
  if (publish.mr) return { gatherMs: 0, pauseMs: publish.mrLatencyMs, commonMs: 1 };
  if (forMs < SETTLED_AFTER_MS || awaitsKeyframe) return readAsItComes;
  const flushMs = minLatency || play.realtime || awaitsMsgs ? 0 : toFlushMs > 0 ? toFlushMs : play.mwLatencyMs;
  const isUnwatched = !isWatched && flushMs > 0;
  const gatherMs = isUnwatched ? UNWATCHED_MS : isHasty ? Math.min(flushMs, HASTY_MS) : flushMs;
  const isBeat = isUnwatched && publishers <= FEW_PUBLISHERS;
  const commonMs = isBeat ? UNWATCHED_MS : gatherMs < OFTEN_MS ? COMMON_OFTEN_MS : COMMON_MS;
  if (bytes > MOST_BYTES) return { gatherMs, pauseMs: 0, commonMs };
  const usualMs = Math.min(play.mwLatencyMs / 4, isHasty ? HASTY_MS : USUAL_MS + publishers * PER_PUBLISHER_MS);
  const pauseMs = toFlushMs > 0 ? Math.min(usualMs, toFlushMs - BEFORE_FLUSH_MS) : usualMs;
  return { gatherMs, pauseMs: pauseMs < LEAST_MS ? 0 : Math.round(pauseMs), commonMs };
}
