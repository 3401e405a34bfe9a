import type { Timers } from "../../base/clock.ts";
import { pause } from "../pause.ts";

/** Whose frames are watched. */
export interface WatchedPlayer {
  readonly name: string;
  /** When the latest frame came, on the clock of the timers. */
  readonly lastFrameMs: number;
  /** Longest time between two frames since {@link resetGap}. */
  readonly gapMs: number;
  resetGap(): void;
}

/** Between two flushes there are always some. */
const USUAL_GAP_MS = 450;
const LOOK_MS = 100;
/** A drain takes a while before clients notice; a kill is noticed at once. */
const CALM_MS = 4000;
/** Origins look for a stream for 10 s; longer than this nobody waits for a demo. */
const LIMIT_MS = 25_000;

/**
 * What viewers notice of something done to a server: tells each one's gap as soon as its frames come again, and those that
 * noticed nothing at the end.
 */
export async function watchGaps(
  players: readonly WatchedPlayer[],
  { timers, stop, tell }: { timers: Timers; stop: AbortSignal; tell(text: string): void },
): Promise<void> {
  for (const player of players) player.resetGap();
  const startMs = timers.nowMs();
  const told = new Set<WatchedPlayer>();
  const isSilent = ({ lastFrameMs }: WatchedPlayer) => timers.nowMs() - lastFrameMs > USUAL_GAP_MS;
  for (let nowMs = startMs; nowMs - startMs < LIMIT_MS; nowMs = timers.nowMs()) {
    await pause(timers, LOOK_MS, stop);
    if (stop.aborted) return;
    for (const player of players) {
      if (told.has(player) || isSilent(player) || player.gapMs <= USUAL_GAP_MS) continue;
      told.add(player);
      tell(`the viewer of ${player.name} saw a gap of ${(player.gapMs / 1000).toFixed(1)} s`);
    }
    if (told.size === players.length || (nowMs - startMs > CALM_MS && !players.some(isSilent))) break;
  }
  for (const player of players.filter((each) => !told.has(each))) {
    tell(
      isSilent(player)
        ? `the viewer of ${player.name} has had no frame for ${
          ((timers.nowMs() - player.lastFrameMs) / 1000).toFixed(0)
        } s`
        : `the viewer of ${player.name} saw no gap`,
    );
  }
}
