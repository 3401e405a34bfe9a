import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "../../../kit/assert.ts";
import { type PublishClient, PushFeed } from "../../../../src/cli/push/feed.ts";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { MediaFlag } from "../../../../src/flv/codec.ts";
import { FlvLooper, type TimedTag } from "../../../../src/flv/looper.ts";
import { FlvTagType } from "../../../../src/flv/tag.ts";
import { tags } from "../../../kit/media/flv_tags.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

const FRAME_MS = 40;

/** Endless media: a frame each 40 ms, a keyframe each second. */
async function* media(): AsyncGenerator<TimedTag, void> {
  const looper = new FlvLooper({ endless: true });
  looper.startPass();
  yield looper.map(tags.videoHeader(0))!;
  for (let ms = 0;; ms += FRAME_MS) {
    yield looper.map(ms % 1000 === 0 ? tags.keyframe(ms) : tags.frame(ms))!;
    await Promise.resolve();
  }
}

/** A connection of which the test decides how many bytes leave. */
class TestClient implements PublishClient {
  enqueuedBytes = 0;
  bytesOut = 0;
  readonly times: number[] = [];
  readonly kinds: string[] = [];
  /** Takes nothing off the queue. */
  isStuck = false;

  publish(typeId: number, timestampMs: number, payload: Uint8Array): void {
    this.enqueuedBytes += payload.length;
    if (!this.isStuck) this.bytesOut = this.enqueuedBytes;
    this.times.push(timestampMs);
    this.kinds.push(
      typeId !== FlvTagType.Video ? "other" : payload[1] === 0 ? "header" : payload[0] === 0x17 ? "key" : "",
    );
  }
}

function start(tags: AsyncIterable<TimedTag> = media()) {
  const timers = new ManualTimers();
  const feed = new PushFeed(timers);
  const abort = new AbortController();
  const running = feed.run(tags, abort.signal);
  return {
    timers,
    feed,
    async stop() {
      abort.abort();
      await running;
    },
  };
}

Deno.test("PushFeed sends at the pace of the times, a little ahead", async () => {
  const { feed, timers, stop } = start();
  const client = new TestClient();
  feed.attach(client);
  await timers.run(1000);
  assertEquals(client.times.at(-1), 1200);
  await timers.run(9000);
  assertEquals(client.times.at(-1), 10_200);
  assertEquals(feed.counters.videoFrames, 10_200 / FRAME_MS + 1);
  await stop();
});

Deno.test("PushFeed keeps the clock running without a connection, and comes in with headers at the newest keyframe", async () => {
  const { feed, timers, stop } = start();
  const first = new TestClient();
  feed.attach(first);
  await timers.run(2000);
  feed.detach();
  await timers.run(3300);
  const second = new TestClient();
  feed.attach(second);
  assertLess(first.times.at(-1)!, 2300);
  await timers.run(1000);
  // Attached at 5300 + 200 ahead: the newest keyframe is that of 5000.
  assertEquals(second.kinds.slice(0, 3), ["header", "key", ""]);
  assertEquals(second.times.slice(0, 3), [5000, 5000, 5040]);
  assertEquals(feed.counters.droppedFrames, 0);
  await stop();
});

Deno.test("PushFeed drops up to a keyframe when the network takes nothing, and counts it", async () => {
  const { feed, timers, stop } = start();
  const client = new TestClient();
  feed.attach(client);
  await timers.run(1000);
  client.isStuck = true;
  await timers.run(4500);
  const queued = client.times.length;
  assertLessOrEqual(client.times.at(-1)!, 1200 + 2000 + 2 * FRAME_MS);
  assertGreater(feed.lagMs(), 4000);
  await timers.run(1000);
  assertEquals(client.times.length, queued, "nothing is added while it is stuck");
  client.isStuck = false;
  client.bytesOut = client.enqueuedBytes;
  await timers.run(1000);
  assertEquals(client.kinds[queued], "key");
  assertEquals(client.times[queued], 7000);
  const lost = (7000 - client.times[queued - 1]!) / FRAME_MS - 1;
  assertEquals(feed.counters.droppedFrames, lost);
  assertEquals(feed.lagMs(), 0);
  await stop();
});

Deno.test("PushFeed does not burst after a stall of the process", async () => {
  const { feed, timers, stop } = start();
  const client = new TestClient();
  feed.attach(client);
  await timers.run(1000);
  const before = client.times.length;
  // One timer fires 20 s late.
  timers.advance(20_000);
  await timers.run(0);
  const burstMs = (client.times.length - before) * FRAME_MS;
  assertLessOrEqual(burstMs, 500 + 200 + 2 * FRAME_MS);
  await stop();
});

Deno.test("PushFeed leaves out a message that no connection would take", async () => {
  class SmallClient extends TestClient {
    override publish(typeId: number, timestampMs: number, payload: Uint8Array): void {
      if (payload.length > 100) throw new ProtocolError("RtmpMsgInvalidSize", "too large");
      super.publish(typeId, timestampMs, payload);
    }
  }
  async function* withGiant(): AsyncGenerator<TimedTag, void> {
    const giant = new Uint8Array(200).fill(0x27);
    const frames: TimedTag[] = [0, 40, 80, 120].map((timeMs) => ({
      type: FlvTagType.Video,
      timeMs,
      payload: timeMs === 40 ? giant : tags.keyframe(0).payload,
      flags: timeMs === 40 ? 0 : MediaFlag.Keyframe,
    }));
    for (const frame of frames) yield await Promise.resolve(frame);
  }
  const { feed, timers, stop } = start(withGiant());
  const client = new SmallClient();
  feed.attach(client);
  await timers.run(100);
  assertEquals(client.times, [0, 80, 120]);
  assertEquals(feed.counters.droppedFrames, 1);
  assert(feed.isAttached);
  await stop();
});
