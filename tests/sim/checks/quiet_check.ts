import type { SimPlayer } from "../actors/player.ts";
import type { Weather } from "../scenario.ts";
import type { Truth } from "../truth.ts";

/** Longest time without frames in quiet, beside that of the lines and the encoder's bursts: a flush, and what it waits for. */
const QUIET_GAP_MS = 1000;
/** A stream that has been there for so long must be everywhere. */
const SETTLED_MS = 8000;

/** What quiet is judged by. */
export interface QuietContext {
  readonly truth: Truth;
  readonly weather: Weather;
  readonly nowMs: number;
  /** What else may take time. */
  readonly slackMs?: number;
}

/** At the end of quiet: whoever may have a stream has had it. */
export function checkQuiet(
  players: readonly SimPlayer[],
  { truth, weather, nowMs, slackMs = 0 }: QuietContext,
  onFault: (who: string, text: string) => void,
): void {
  for (const player of players) {
    const { stream, lineBytesPerMs, name } = player.plan;
    const [live] = truth.live(stream).filter(({ sinceMs }) => sinceMs < nowMs - SETTLED_MS);
    if (!player.isThere || live === undefined || lineBytesPerMs > 0) continue;
    const { burst, frameMs } = live.plan;
    const limitMs = QUIET_GAP_MS + burst * frameMs + 4 * (weather.latencyMs + weather.jitterMs) + slackMs;
    const worstMs = Math.max(player.worstGapMs, nowMs - player.lastFrameMs);
    if (worstMs <= limitMs) continue;
    onFault(
      name,
      `is without frames of ${stream} for ${
        Math.round(worstMs)
      } ms, though ${live.plan.name} publishes at ${live.server}`,
    );
  }
}
