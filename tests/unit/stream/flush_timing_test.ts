import { EarlyFlush } from "../../../src/stream/early_flush.ts";
import { FlushTiming, type GatherOptions } from "../../../src/stream/flush_timing.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

/** A log of which only the numbers are there. */
class Stage {
  readonly timers = new ManualTimers();
  hasUnflushed = false;
  hasUnflushedKeyframe = false;
  packetCount = 0;
  readonly flushedAtMs: number[] = [];
  readonly timing: FlushTiming;
  /** When a player was woken that does not wait. */
  readonly earlyAtMs: number[] = [];
  readonly early: EarlyFlush;
  readonly #startMs = this.timers.nowMs();

  constructor(options: Partial<GatherOptions> = {}, isGathered = false) {
    const whole = { mwLatencyMs: 350, mwMsgs: 0, ...options };
    this.early = new EarlyFlush(this.timers, () => this.hasUnflushed = false);
    this.timing = new FlushTiming(this, whole, this, () => this.#flush());
    this.timing.startSession(isGathered);
    // The first frames were long ago.
    this.timing.onFirstGopKnown();
    this.timing.onFlush();
    this.timing.onBurstEnd();
  }

  addHasty(): void {
    const wake = () => void this.earlyAtMs.push(this.timers.nowMs() - this.#startMs);
    this.early.add({ wake, onPublishChange() {} });
  }

  packet(isKeyframe = false): void {
    this.packetCount++;
    this.hasUnflushed = true;
    this.hasUnflushedKeyframe ||= isKeyframe;
    this.timing.onAppend();
  }

  #flush(): void {
    this.timing.onFlush();
    this.hasUnflushed = this.hasUnflushedKeyframe = false;
    this.flushedAtMs.push(this.timers.nowMs() - this.#startMs);
  }
}

Deno.test("FlushTiming gathers for mw_latency, with one timer however many packets come", () => {
  const stage = new Stage();
  for (let i = 0; i < 30; i++) {
    stage.packet();
    assertEquals(stage.timers.pendingCount, 1);
    stage.timers.advance(40);
    stage.timing.onBurstEnd();
  }
  assertEquals(stage.flushedAtMs, [350, 700, 1050]);
  assertEquals(stage.timing.toFlushMs, 200);
});

Deno.test("FlushTiming tells when a flush that was due waits for mw_msgs", () => {
  const stage = new Stage({ mwMsgs: 2 });
  stage.packet();
  assertEquals(stage.timing.awaitsMsgs, false, "not due");
  stage.timers.advance(350);
  stage.timing.onBurstEnd();
  assertEquals(stage.timing.awaitsMsgs, true);
  stage.packet();
  stage.packet();
  stage.timing.onBurstEnd();
  assertEquals([stage.flushedAtMs, stage.timing.awaitsMsgs], [[350], false]);
});

Deno.test("EarlyFlush lets some players have what comes at the end of each burst, or within 100 ms; others wait on", () => {
  const stage = new Stage();
  stage.addHasty();
  for (let i = 0; i < 30; i++) {
    stage.packet();
    stage.timers.advance(40);
    stage.timing.onBurstEnd();
  }
  assertEquals(stage.flushedAtMs, [350, 700, 1050]);
  assertEquals(stage.earlyAtMs.slice(0, 8), [80, 160, 240, 320, 400, 480, 560, 640]);
  const from = stage.earlyAtMs.length;
  stage.timers.advance(1000);
  assertEquals(stage.timers.pendingCount, 0);
  // The first is sent to everybody at once; of the second, no end of a burst is told.
  stage.packet();
  stage.timers.advance(10);
  stage.packet();
  stage.timers.advance(100);
  assertEquals(stage.earlyAtMs.slice(from).length, 1);
});

Deno.test("FlushTiming keeps no timer while nothing comes", () => {
  const stage = new Stage();
  stage.packet();
  stage.timers.advance(1000);
  assertEquals([stage.flushedAtMs, stage.timers.pendingCount], [[350], 0]);
});

Deno.test("FlushTiming hands on what comes in one burst after a pause", () => {
  const stage = new Stage();
  stage.timers.advance(175);
  stage.packet();
  stage.timing.onBurstEnd();
  assertEquals(stage.flushedAtMs, [175]);
});

Deno.test("FlushTiming hands on the rest of a burst from another server soon, however small the pieces that it comes in", () => {
  for (const [isGathered, flushes] of [[true, [350, 393.75, 481.25, 700]], [false, [350, 700]]] as const) {
    const stage = new Stage({}, isGathered);
    for (let burst = 0; burst < 2; burst++) {
      stage.timers.advance(350 - burst * 140);
      for (let piece = 0; piece < 14; piece++) {
        stage.packet();
        stage.timing.onBurstEnd();
        stage.timers.advance(10);
      }
    }
    assertEquals(stage.flushedAtMs.slice(0, flushes.length), [...flushes]);
  }
});

Deno.test("FlushTiming hands on the rest of a burst soon that begins with a piece of a packet", () => {
  const stage = new Stage({}, true);
  stage.timers.advance(500);
  // Nothing is whole yet.
  stage.timing.onBurstEnd();
  for (let packet = 0; packet < 2; packet++) {
    stage.timers.advance(1);
    stage.packet();
    stage.timing.onBurstEnd();
  }
  stage.timers.advance(350);
  assertEquals(stage.flushedAtMs, [501, 544.75]);
});

Deno.test("FlushTiming hands on the rest of the first GOP soon, where another server sends it", () => {
  for (const isGathered of [false, true]) {
    const stage = new Stage({}, isGathered);
    stage.timing.startSession(isGathered);
    for (let i = 0; i < 4; i++) {
      stage.packet(i === 0);
      stage.timing.onBurstEnd();
      stage.timers.advance(5);
    }
    stage.timers.advance(350);
    assertEquals(stage.flushedAtMs, isGathered ? [0, 43.75] : [0, 350]);
  }
});

Deno.test("FlushTiming waits for mw_latency between two flushes again, where another server does not gather", () => {
  const stage = new Stage({}, true);
  stage.timers.advance(350);
  for (let i = 0; i < 40; i++) {
    stage.packet();
    stage.timing.onBurstEnd();
    stage.timers.advance(40);
  }
  assertEquals(stage.flushedAtMs, [350, 393.75, 481.25, 656.25, 1006.25, 1356.25, 1706.25]);
});

Deno.test("FlushTiming does not wait with the first keyframe of a session, nor with a keyframe that is gathered", () => {
  for (const isGathered of [false, true]) {
    const stage = new Stage({}, isGathered);
    if (!isGathered) stage.timing.startSession(false);
    for (const isKeyframe of [false, true]) {
      stage.packet(isKeyframe);
      stage.timing.onBurstEnd();
      stage.timers.advance(10);
    }
    assertEquals(stage.flushedAtMs.at(-1), 10);
  }
});

Deno.test("FlushTiming waits for mw_msgs, but not for ever", () => {
  const stage = new Stage({ mwMsgs: 8 });
  stage.packet();
  stage.timers.advance(350 + 8 * 25 - 1);
  assertEquals(stage.flushedAtMs, []);
  stage.timers.advance(1);
  assertEquals(stage.flushedAtMs, [550]);
  for (let i = 0; i < 9; i++) stage.packet();
  stage.timers.advance(350);
  assertEquals(stage.flushedAtMs, [550, 900]);
  // What another server has gathered is not counted again.
  const gathered = new Stage({ mwMsgs: 8 }, true);
  gathered.packet();
  gathered.timers.advance(350);
  assertEquals(gathered.flushedAtMs, [350]);
});

Deno.test("FlushTiming with nothing to gather flushes at the end of each burst, without a timer", () => {
  const stage = new Stage({ mwLatencyMs: 0 });
  for (let i = 0; i < 3; i++) {
    stage.packet();
    assertEquals(stage.timers.pendingCount, 0);
    stage.timing.onBurstEnd();
    stage.timing.onBurstEnd();
    stage.timers.advance(5);
  }
  assertEquals(stage.flushedAtMs, [0, 5, 10]);
});
