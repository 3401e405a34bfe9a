import { type WatchedPlayer, watchGaps } from "../../../../src/cli/demo/gap_watch.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

/** A player whose frames come every 40 ms, but for the time from `lostMs` to `backMs`. */
class FakePlayer implements WatchedPlayer {
  readonly name: string;
  lastFrameMs = 0;
  gapMs = 0;
  readonly #silence: [number, number];

  constructor(name: string, lostMs: number, backMs: number) {
    this.name = name;
    this.#silence = [lostMs, backMs];
  }

  resetGap(): void {
    this.gapMs = 0;
  }

  at(nowMs: number, sinceStartMs: number): void {
    if (sinceStartMs > this.#silence[0] && sinceStartMs < this.#silence[1]) return;
    this.gapMs = Math.max(this.gapMs, nowMs - this.lastFrameMs);
    this.lastFrameMs = nowMs;
  }
}

Deno.test("watchGaps() tells each gap as it ends, and who saw none", async () => {
  const timers = new ManualTimers();
  const players = [
    new FakePlayer("edge", 200, 1400),
    new FakePlayer("origin B", 0, 0),
    new FakePlayer("far", 100, 1e9),
  ];
  const told: string[] = [];
  let isOver = false;
  const watching = watchGaps(players, {
    timers,
    stop: new AbortController().signal,
    tell: (text) => told.push(`${timers.nowMs()} ${text}`),
  }).then(() => isOver = true);
  const startMs = timers.nowMs();
  for (const player of players) player.lastFrameMs = startMs;
  for (let i = 0; i < 800 && !isOver; i++) {
    timers.advance(40);
    for (const player of players) player.at(timers.nowMs(), timers.nowMs() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await watching;
  assertEquals(told.map((line) => line.replace(/^[\d.]+ /, "")), [
    "the viewer of edge saw a gap of 1.2 s",
    "the viewer of origin B saw no gap",
    "the viewer of far has had no frame for 25 s",
  ]);
});
