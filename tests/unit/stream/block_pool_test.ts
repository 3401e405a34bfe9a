import { BlockPool } from "../../../src/stream/block_pool.ts";
import { LiveSource } from "../../../src/stream/live_source.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/manual_timers.ts";
import { inter, key, sourceOptions, videoHeader, WireReader } from "../../kit/packets.ts";
import { Prng } from "../../kit/mutate.ts";

/** Counts what is taken anew, and spoils what is given back. */
class SpoilingPool extends BlockPool {
  taken = 0;
  given = 0;

  constructor() {
    super((bytes) => {
      this.taken++;
      return new Uint8Array(bytes);
    });
  }

  override giveBack(memory: Uint8Array): void {
    this.given++;
    memory.fill(0xee);
    super.giveBack(memory);
  }
}

Deno.test("BlockPool uses blocks of about one size again, and keeps no more than 16 MiB", () => {
  const pool = new SpoilingPool();
  const first = pool.take(70_000);
  assertEquals([first.length, pool.take(1).length, pool.take(3_000_000).length], [131_072, 32_768, 4_194_304]);
  pool.giveBack(first);
  assert(pool.take(100_000) === first);
  assertEquals(pool.taken, 3);
  const many = Array.from({ length: 300 }, () => pool.take(65_536));
  for (const memory of many) pool.giveBack(memory);
  for (let i = 0; i < 300; i++) pool.take(65_536);
  assertEquals(pool.taken, 3 + 300 + (300 - 256));
});

Deno.test("a stream that nobody plays goes round in the memory of its newest GOP", () => {
  const pool = new SpoilingPool();
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", sourceOptions, timers, () => {}, pool);
  const session = source.startPublish("client");
  session.publish(videoHeader(0));
  for (let id = 0; id < 5000; id++) {
    session.publish(id % 50 === 0 ? key(id, id * 40, 20_000) : inter(id, id * 40, 2000));
    timers.advance(40);
  }
  // 5000 frames make 12 MB, a GOP 118 kB: four blocks, one more that it begins in, and one that the next is written to.
  assertLess(pool.taken, 8);
});

/** Random players of a stream under a publisher that goes on; each keeps views as a slow socket does. */
function churn(seed: number): number {
  const prng = new Prng(seed);
  const pool = new SpoilingPool();
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", sourceOptions, timers, () => {}, pool);
  const kept: { view: Uint8Array; copy: Uint8Array }[] = [];
  const players: { leave(): void; read(): void; wire: WireReader }[] = [];
  const join = () => {
    const player = { wake: () => {}, onPublishChange: () => {} };
    const cursor = source.attach(player);
    const wire = new WireReader();
    const read = () => {
      for (let view = cursor.next(); view !== null; view = cursor.next()) {
        wire.push(view);
        kept.push({ view, copy: view.slice() });
      }
    };
    players.push({ leave: () => source.detach(player), read, wire });
  };
  let session = source.startPublish("client");
  session.publish(videoHeader(0));
  for (let id = 0; id < 1500; id++) {
    session.publish(id % 40 === 0 ? key(id, id * 40, 30_000) : inter(id, id * 40, 3000));
    timers.advance(40);
    if (prng.below(60) === 0) join();
    if (players.length > 0 && prng.below(20) === 0) players[prng.below(players.length)]!.read();
    if (players.length > 0 && prng.below(50) === 0) {
      const [player] = players.splice(prng.below(players.length), 1);
      if (prng.below(2) === 0) player!.read();
      player!.leave();
      assert(player!.wire.isWhole);
    }
    if (prng.below(300) === 0) {
      session[Symbol.dispose]();
      session = source.startPublish("client");
    }
    if (kept.length > 40) kept.splice(0, 20).forEach(assertUnchanged);
  }
  kept.forEach(assertUnchanged);
  for (const { wire, read } of players) {
    read();
    assert(wire.isWhole);
    const frames = wire.take().filter((label) => /^[KI]\d/.test(label)).map((label) => Number(label.slice(1)));
    assertEquals(frames, [...frames].sort((a, b) => a - b));
  }
  return pool.given;
}

function assertUnchanged({ view, copy }: { view: Uint8Array; copy: Uint8Array }): void {
  assert(view.every((byte, i) => byte === copy[i]), "bytes that a player was given have changed");
}

Deno.test("what players were given never changes, while blocks that nobody saw are used again", () => {
  let given = 0;
  for (let seed = 1; seed <= 60; seed++) given += churn(seed);
  assertLess(500, given);
});
