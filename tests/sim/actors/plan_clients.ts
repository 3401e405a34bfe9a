import type { Timers } from "../../../src/base/clock.ts";
import type { SimHlsViewer } from "./hls_viewer.ts";
import type { SimPlayer } from "./player.ts";
import type { SimPublisher } from "./publisher.ts";

/** Those who come and go. */
export interface Clients {
  readonly publishers: readonly SimPublisher[];
  readonly players: readonly SimPlayer[];
  readonly hlsViewers: readonly SimHlsViewer[];
}

/** Has encoders and viewers come and leave when their plans say so, from this moment on. */
export function planClients(timers: Timers, { publishers, players, hlsViewers }: Clients): void {
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
  for (const viewer of hlsViewers) {
    const { startMs, endMs } = viewer.plan;
    timers.after(startMs, () => viewer.begin());
    if (endMs !== null) timers.after(Math.max(endMs, startMs + 1), () => viewer.leave());
  }
}
