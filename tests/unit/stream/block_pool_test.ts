import { lend } from "../../../src/base/log_memory.ts";
import { BlockPool } from "../../../src/stream/block_pool.ts";
import { LiveSource } from "../../../src/stream/live_source.ts";
import type { PlayCursor } from "../../../src/stream/play_cursor.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { inter, key, sourceOptions, videoHeader, WireReader } from "../../kit/media/packets.ts";
import { Prng } from "../../kit/media/mutate.ts";

function readAll(cursor: PlayCursor): void {
  while (cursor.next() !== null);
}

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

Deno.test("BlockPool does not use again what another thread or the kernel may look at", () => {
  const pool = new SpoilingPool();
  const memory = pool.take(65_536);
  lend(memory.buffer);
  pool.giveBack(memory);
  assert(pool.take(65_536) !== memory);
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

Deno.test("a stream whose players keep up goes round in the memory of its newest GOP, too", () => {
  const pool = new SpoilingPool();
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", sourceOptions, timers, () => {}, pool);
  const session = source.startPublish("client");
  const cursors: PlayCursor[] = [];
  const read = () =>
    cursors.forEach((cursor) => {
      while (cursor.next() !== null);
    });
  for (let i = 0; i < 3; i++) cursors.push(source.attach({ wake: read, onPublishChange: () => {} }));
  session.publish(videoHeader(0));
  for (let id = 0; id < 5000; id++) {
    session.publish(id % 50 === 0 ? key(id, id * 40, 20_000) : inter(id, id * 40, 2000));
    timers.advance(40);
  }
  assertLess(pool.taken, 8);
});

Deno.test("players that cannot wait, and those that come, leave the others' blocks to be used again", () => {
  const pool = new SpoilingPool();
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", sourceOptions, timers, () => {}, pool);
  const session = source.startPublish("client");
  const readerOf = () => {
    const player = { wake: () => readAll(cursor), onPublishChange: () => {} };
    const cursor = source.attach(player);
    readAll(cursor);
    return { player, cursor };
  };
  readerOf();
  let newest = readerOf();
  source.early.add(readerOf().player);
  session.publish(videoHeader(0));
  for (let id = 0; id < 5000; id++) {
    session.publish(id % 50 === 0 ? key(id, id * 40, 20_000) : inter(id, id * 40, 6000));
    timers.advance(40);
    if (id % 7 !== 0) continue;
    source.detach(newest.player);
    newest.cursor.release();
    newest = readerOf();
  }
  // A GOP takes 310 kB: five blocks.
  assertLess(pool.taken, 12);
});

Deno.test("a player that left without a word costs no more than what is collected", () => {
  const pool = new SpoilingPool();
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", sourceOptions, timers, () => {}, pool);
  const session = source.startPublish("client");
  const player = { wake: () => {}, onPublishChange: () => {} };
  const view = () => source.attach(player).next();
  session.publish(videoHeader(0));
  session.publish(key(0, 0, 20_000));
  timers.advance(1000);
  assert(view() !== null);
  source.detach(player);
  for (let id = 1; id < 500; id++) {
    session.publish(id % 50 === 0 ? key(id, id * 40, 20_000) : inter(id, id * 40, 2000));
    timers.advance(40);
  }
  // The block that the log began with, which is empty.
  assertEquals(pool.given, 1);
});

interface Churned {
  readonly wire: WireReader;
  /** Its socket takes what it was given, and asks for more. */
  read(): void;
  leave(): void;
}

/** A player as a connection is one: it has one view at a time, which its socket may take long to send. */
function playerOf(source: LiveSource): Churned {
  let sending: { view: Uint8Array; copy: Uint8Array } | null = null;
  const wire = new WireReader();
  const player = { wake: () => {}, onPublishChange: () => {} };
  const cursor = source.attach(player);
  const endWrite = () => {
    if (sending !== null) assertUnchanged(sending);
    sending = null;
  };
  return {
    wire,
    read: () => {
      for (;;) {
        endWrite();
        const view = cursor.next();
        if (view === null) return;
        wire.push(view);
        sending = { view, copy: view.slice() };
        if (view.length % 3 === 0) return;
      }
    },
    leave: () => {
      source.detach(player);
      endWrite();
      cursor.release();
      assertEquals(cursor.next(), null);
    },
  };
}

/** Another that wants packets, and keeps some. */
function packetPlayerOf(source: LiveSource, kept: { view: Uint8Array; copy: Uint8Array }[]): Churned {
  const player = { wake: () => {}, onPublishChange: () => {} };
  const cursor = source.attachForPackets(player);
  return {
    wire: new WireReader(),
    read: () => {
      for (let packet = cursor.next(); packet !== null; packet = cursor.next()) {
        const { payload } = packet;
        if (payload.length % 5 === 0) kept.push({ view: payload, copy: payload.slice() });
      }
    },
    leave: () => {
      source.detach(player);
      cursor.release();
    },
  };
}

/** Random players of a stream under a publisher that goes on. */
function churn(seed: number): number {
  const prng = new Prng(seed);
  const pool = new SpoilingPool();
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", { ...sourceOptions, gopCache: seed % 5 !== 0 }, timers, () => {}, pool);
  const kept: { view: Uint8Array; copy: Uint8Array }[] = [];
  const players: Churned[] = [];
  let session = source.startPublish("client");
  session.publish(videoHeader(0));
  // Seeds differ in how many are slow, since one that lags keeps the rest of the log from being used again.
  const readEvery = 1 + seed % 7 * 4;
  for (let id = 0; id < 1500; id++) {
    session.publish(id % 40 === 0 ? key(id, id * 40, 30_000) : inter(id, id * 40, 3000 + prng.below(40)));
    timers.advance(40);
    if (prng.below(60) === 0) players.push(seed % 3 === 0 ? packetPlayerOf(source, kept) : playerOf(source));
    for (const { read } of players) if (prng.below(readEvery) === 0) read();
    if (players.length > 0 && prng.below(50) === 0) {
      const [player] = players.splice(prng.below(players.length), 1);
      if (prng.below(2) === 0) player!.read();
      // A few just vanish.
      if (prng.below(10) !== 0) player!.leave();
      assert(player!.wire.isWhole);
    }
    if (prng.below(100) === 0) {
      const tap = source.tap({
        onPublish: () => {},
        onPacket: ({ payload }) => kept.push({ view: payload, copy: payload.slice() }),
        onUnpublish: () => {},
      });
      tap[Symbol.dispose]();
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

Deno.test("what players were given never changes, while blocks that nobody needs are used again", () => {
  let given = 0;
  for (let seed = 1; seed <= 60; seed++) given += churn(seed);
  assertLess(500, given);
});
