import { SourceManager } from "../../../src/stream/source_manager.ts";
import { assertEquals, assertLess, assertNotEquals, assertStrictEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { audio, sourceOptions } from "../../kit/media/packets.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";

const LINGER_MS = 3000;

function setUp() {
  const timers = new ManualTimers();
  const manager = new SourceManager(timers);
  return { timers, manager, create: (key: string) => manager.findOrCreate(key, () => sourceOptions) };
}

Deno.test("SourceManager gives the same source for a key, with the options of the first call", () => {
  const { manager, create } = setUp();
  assertEquals(manager.find("/live/a"), undefined);
  const source = create("/live/a");
  const again = manager.findOrCreate("/live/a", () => {
    throw new Error("options asked for again");
  });
  assertStrictEquals(again, source);
  assertStrictEquals(manager.find("/live/a"), source);
  assertNotEquals(create("/live/b"), source);
  assertEquals([...manager.all()].map(({ key }) => key), ["/live/a", "/live/b"]);
});

Deno.test("SourceManager forgets a source that nobody took, or that all have left, some time later", () => {
  const { timers, manager, create } = setUp();
  create("/live/unused");
  const played = create("/live/played");
  const player = new TestPlayer(played);
  const published = create("/live/published");
  const session = published.startPublish("client");
  timers.advance(LINGER_MS);
  assertEquals([...manager.all()], [played, published]);
  player.leave();
  session[Symbol.dispose]();
  timers.advance(LINGER_MS - 1);
  assertEquals([...manager.all()], [played, published]);
  timers.advance(1);
  assertEquals([...manager.all()], []);
  assertEquals(timers.pendingCount, 0);
});

Deno.test("SourceManager keeps a source whose client comes back, for a whole linger more", () => {
  const { timers, manager, create } = setUp();
  const source = create("/live/a");
  new TestPlayer(source).leave();
  timers.advance(LINGER_MS - 1);
  const player = new TestPlayer(source);
  timers.advance(10);
  assertStrictEquals(manager.find("/live/a"), source);
  player.leave();
  timers.advance(LINGER_MS - 1);
  assertStrictEquals(manager.find("/live/a"), source);
  timers.advance(1);
  assertEquals(manager.find("/live/a"), undefined);
});

Deno.test("SourceManager has one timer a source, however often clients come and go", () => {
  const { timers, create } = setUp();
  const source = create("/live/a");
  for (let i = 0; i < 1000; i++) new TestPlayer(source).leave();
  assertLess(timers.pendingCount, 3);
});

Deno.test("SourceManager bears 10,000 names: little memory each, nothing left", () => {
  const { timers, manager, create } = setUp();
  const before = Deno.memoryUsage().external;
  const players = Array.from({ length: 10_000 }, (_, i) => new TestPlayer(create(`/live/${i}`)));
  assertLess(Deno.memoryUsage().external - before, 10_000_000);
  for (const player of players) player.leave();
  timers.advance(LINGER_MS);
  assertEquals([...manager.all()].length, 0);
  assertEquals(timers.pendingCount, 0);
});

Deno.test("SourceManager starts a forgotten name anew", () => {
  const { timers, create } = setUp();
  const old = create("/live/a");
  timers.advance(LINGER_MS);
  const source = create("/live/a");
  const player = new TestPlayer(source);
  const session = source.startPublish("client");
  session.publish(audio(1, 5000));
  timers.advance(1000);
  assertEquals(player.wire.takeAt(), ["A1@0"]);
  assertNotEquals(source, old);
});

Deno.test("SourceManager.stop() waits for nothing: idle sources go at once, the others with their last client", () => {
  const { timers, manager, create } = setUp();
  create("/live/unused");
  const session = create("/live/published").startPublish("client");
  manager.stop();
  assertEquals([...manager.all()].map(({ key }) => key), ["/live/published"]);
  session[Symbol.dispose]();
  assertEquals([...manager.all()], []);
  assertEquals(timers.pendingCount, 0);
});

Deno.test("SourceManager keeps no more than 2048 sources into which nothing was published, the newest", () => {
  const { timers, manager, create } = setUp();
  const published = create("/live/published");
  const session = published.startPublish("client");
  session.publish(audio(1, 0));
  session[Symbol.dispose]();
  const played = create("/live/played");
  const player = new TestPlayer(played);
  for (let i = 0; i < 20_000; i++) new TestPlayer(create(`/live/none${i}`)).leave();
  const keys = [...manager.all()].map(({ key }) => key);
  assertEquals(keys.slice(0, 2), ["/live/published", "/live/played"]);
  assertEquals([keys.length, keys.at(-1)], [2050, "/live/none19999"]);
  player.leave();
  timers.advance(LINGER_MS);
  assertEquals([[...manager.all()], timers.pendingCount], [[], 0]);
});
