import { SendPacer } from "../../../../src/server/play/send_pacer.ts";
import { LiveSource } from "../../../../src/stream/live_source.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { inter, key, sourceOptions, videoHeader, WireReader } from "../../../kit/media/packets.ts";

/** A paced player of a stream with a GOP of five packets, and when each of them came. */
class Stage {
  readonly timers = new ManualTimers(0);
  readonly source = new LiveSource("/live/a", sourceOptions, this.timers, () => {});
  readonly session = this.source.startPublish("client");
  readonly wire = new WireReader();
  readonly came: string[] = [];
  readonly pacer: SendPacer;

  constructor(readonly intervalMs: number) {
    this.session.publish(videoHeader(1));
    this.session.publish(key(2, 0));
    for (let i = 3; i < 7; i++) this.session.publish(inter(i, i * 40));
    const cursor = this.source.attach({ wake: () => this.read(), onPublishChange() {} });
    this.pacer = new SendPacer(cursor, this.timers, () => this.read());
    this.read();
  }

  read(): void {
    for (let view = this.pacer.next(this.intervalMs); view !== null; view = this.pacer.next(this.intervalMs)) {
      this.wire.push(view);
      for (const label of this.wire.take()) this.came.push(`${label}@${this.timers.nowMs()}`);
    }
  }
}

Deno.test("SendPacer gives one packet each interval, headers first", () => {
  const stage = new Stage(10);
  assertEquals(stage.came, ["VH1@0"]);
  stage.timers.advance(100);
  assertEquals(stage.came, ["VH1@0", "K2@10", "I3@20", "I4@30", "I5@40", "I6@50"]);
  assertEquals([stage.pacer.isHolding, stage.timers.pendingCount], [false, 0]);
});

Deno.test("SendPacer lets a packet pass at once that comes later than the interval", () => {
  const stage = new Stage(10);
  stage.timers.advance(500);
  stage.session.publish(inter(7, 600));
  stage.timers.advance(0);
  assertEquals(stage.came.at(-1), "I7@500");
});

Deno.test("SendPacer tells that it holds something back, and forgets its timer when stopped", () => {
  const stage = new Stage(10);
  assertEquals(stage.pacer.isHolding, true);
  stage.pacer.stop();
  assertEquals(stage.timers.pendingCount, 0);
});
