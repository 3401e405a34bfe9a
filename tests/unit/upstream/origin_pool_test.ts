import { OriginPool } from "../../../src/upstream/origin_pool.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

const origins = ["a:1935", "b:1935", "c:1935"];

function order(pool: OriginPool, texts: readonly string[], key: string): string[] {
  return pool.order(texts.map((text) => ({ text })), key).map(({ text }) => text);
}

Deno.test("OriginPool.order() gives every origin once, in an order of the stream's own that stays", () => {
  const pool = new OriginPool(new ManualTimers());
  const first = order(pool, origins, "/live/x");
  assertEquals(first.toSorted(), origins);
  assertEquals(order(pool, origins, "/live/x"), first);
  assertEquals(order(pool, origins.toReversed(), "/live/x"), first, "the order of the configuration has no say");
  assertEquals(order(pool, [], "/live/x"), []);
});

Deno.test("OriginPool.order() spreads streams evenly", () => {
  const pool = new OriginPool(new ManualTimers());
  const firsts = new Map(origins.map((origin) => [origin, 0]));
  for (let i = 0; i < 3000; i++) {
    const [first] = order(pool, origins, `/live/stream-${i}`);
    firsts.set(first!, firsts.get(first!)! + 1);
  }
  for (const count of firsts.values()) {
    assertGreater(count, 850);
    assertLess(count, 1150);
  }
});

Deno.test("OriginPool.order() moves few streams when an origin is added", () => {
  const pool = new OriginPool(new ManualTimers());
  let moved = 0;
  for (let i = 0; i < 1000; i++) {
    const [before] = order(pool, origins, `/live/${i}`);
    const [after] = order(pool, [...origins, "d:1935"], `/live/${i}`);
    if (before !== after) {
      assertEquals(after, "d:1935");
      moved++;
    }
  }
  assertLess(Math.abs(moved - 250), 60);
});

Deno.test("OriginPool.order() puts origins that rest behind the others, and back when the rest is over", () => {
  const timers = new ManualTimers();
  const pool = new OriginPool(timers);
  const first = order(pool, origins, "/live/x");
  pool.noteFailure(first[0]!, "connection refused");
  assertEquals(order(pool, origins, "/live/x"), [first[1], first[2], first[0]]);
  timers.advance(1000);
  assertEquals(order(pool, origins, "/live/x"), first);
});

Deno.test("OriginPool.noteFailure() rests longer with each failure in a row, up to 15 s", () => {
  const timers = new ManualTimers();
  const pool = new OriginPool(timers);
  const rests: number[] = [];
  for (let i = 0; i < 7; i++) {
    pool.noteFailure("a:1935", `failure ${i}`);
    const restMs = pool.health("a:1935").restUntilMs - timers.nowMs();
    rests.push(restMs);
    timers.advance(restMs);
  }
  assertEquals(rests, [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  assertEquals(pool.health("a:1935").lastError, "failure 6");
});

Deno.test("OriginPool.noteFailure() counts what many streams lose at the same moment as one failure", () => {
  const timers = new ManualTimers();
  const pool = new OriginPool(timers);
  for (let i = 0; i < 100; i++) pool.noteFailure("a:1935", "gone");
  const { failures, restUntilMs } = pool.health("a:1935");
  assertEquals([failures, restUntilMs - timers.nowMs()], [1, 1000]);
});

Deno.test("OriginPool.noteSuccess() makes an origin as good as new", () => {
  const timers = new ManualTimers();
  const pool = new OriginPool(timers);
  for (let i = 0; i < 5; i++) {
    pool.noteFailure("a:1935", "gone");
    timers.advance(20_000);
  }
  pool.noteSuccess("a:1935");
  assertEquals(pool.health("a:1935").failures, 0);
  pool.noteFailure("a:1935", "gone again");
  assertEquals(pool.health("a:1935").restUntilMs - timers.nowMs(), 1000);
});

Deno.test("OriginPool tells when an origin failed last, until it works again", () => {
  const timers = new ManualTimers();
  const pool = new OriginPool(timers);
  const said = () => [pool.health("a:1935").lastError, pool.health("a:1935").lastErrorMs];
  assertEquals(said(), ["", null]);
  timers.advance(500);
  pool.noteFailure("a:1935", "gone");
  const atMs = timers.nowMs();
  timers.advance(100);
  assertEquals(said(), ["gone", atMs]);
  pool.noteFailure("a:1935", "still gone");
  assertEquals(said(), ["still gone", atMs + 100], "though it rests, and counts as one failure");
  using _feed = pool.startFeed("a:1935");
  assertEquals([...said(), pool.health("a:1935").restUntilMs], ["", null, 0]);
});

Deno.test("OriginPool.startFeed() keeps a server that was only redirected to for as long as it feeds", () => {
  const pool = new OriginPool(new ManualTimers());
  order(pool, ["a:1935"], "/live/x");
  const table = () => [...pool.table()].map(({ origin, pulls }) => `${origin} ${pulls}`);
  const feeds = ["a:1935", "x:1935", "x:1935", "y:1935"].map((server) => pool.startFeed(server));
  assertEquals(table(), ["a:1935 1", "x:1935 2", "y:1935 1"]);
  // Meanwhile it has come to be asked at first hand, too.
  order(pool, ["y:1935"], "/live/x");
  for (const feed of feeds.slice(1)) feed[Symbol.dispose]();
  assertEquals(table(), ["a:1935 1", "y:1935 0"]);
  for (let i = 0; i < 1000; i++) {
    using _feed = pool.startFeed(`chosen-${i}:1935`);
    pool.noteSuccess(`other-${i}:1935`);
  }
  assertEquals(table(), ["a:1935 1", "y:1935 0"], "names that peers choose do not pile up");
});

Deno.test("OriginPool.table() lists the origins that were ever asked", () => {
  const pool = new OriginPool(new ManualTimers());
  order(pool, origins, "/live/x");
  const names = [...pool.table()].map(({ origin }) => origin).toSorted();
  assert(origins.every((origin) => names.includes(origin)));
});
