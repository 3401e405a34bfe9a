import type { Timers } from "../../../src/base/clock.ts";
import type { SimPlayer } from "./player.ts";
import type { SimPublisher } from "./publisher.ts";

/** Has encoders and viewers come and leave when their plans say so, from this moment on. */
export function planClients(timers: Timers, publishers: readonly SimPublisher[], players: readonly SimPlayer[]): void {
  for (const publisher of publishers) {
    const { startMs, endMs } = publisher.plan;
    timers.after(startMs, () => void publisher.connect());
    if (endMs !== null) timers.after(endMs, () => publisher.leave());
  }
  for (const player of players) {
    const { startMs, endMs } = player.plan;
    timers.after(startMs, () => player.connect());
    if (endMs !== null) timers.after(Math.max(endMs, startMs + 1), () => player.leave());
  }
}
