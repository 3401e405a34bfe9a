import type { VhostConfig } from "../config/mod.ts";

/** A publisher that has just come is read at once: somebody may wait for its first picture. */
const SETTLED_AFTER_MS = 2000;
const LEAST_MS = 20;
const PER_PUBLISHER_MS = 0.25;

/**
 * How long to let a publisher's messages gather in the kernel before they are read: a read costs the same for one as for
 * ten. What players are sent only every `mw_latency` is none the later for being read a moment after it came. For a few
 * publishers it is a very short moment, as it hardly pays; for hundreds a quarter of the flush.
 *
 * With `mr on` it is `mr_latency`, as in SRS 7 (`SrsRtmpConn::set_recv_mr`).
 *
 * @param forMs For how long it has published.
 * @param publishers How many there are.
 */
export function readPauseMs({ play, publish }: VhostConfig, forMs: number, publishers: number): number {
  // Players get each message as it comes.
  if (play.mwLatencyMs === 0) return 0;
  if (publish.mr) return publish.mrLatencyMs;
  if (forMs < SETTLED_AFTER_MS) return 0;
  const pauseMs = Math.min(play.mwLatencyMs / 4, LEAST_MS + publishers * PER_PUBLISHER_MS);
  return pauseMs < LEAST_MS ? 0 : Math.round(pauseMs);
}
