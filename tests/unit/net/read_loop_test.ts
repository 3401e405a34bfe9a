import { LoopTurns } from "../../../src/base/loop_turns.ts";
import type { Socket } from "../../../src/base/socket.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

const address = { hostname: "127.0.0.1", port: 1 };

/** A peer that sends bursts, each of which is there as a whole. */
class Bursts implements Socket {
  readonly localAddr = address;
  readonly remoteAddr = address;
  readonly #bursts: number[];

  constructor(...bursts: number[]) {
    this.#bursts = bursts;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const left = this.#bursts[0];
    if (left === undefined) return Promise.resolve(null);
    const count = Math.min(left, buffer.length);
    if (count === left) this.#bursts.shift();
    else this.#bursts[0] = left - count;
    return Promise.resolve(count);
  }

  write = () => Promise.resolve(0);
  closeWrite = () => Promise.resolve();
  close(): void {}
  setNoDelay(): void {}
}

/** How a loop reads bursts: bytes of each view, and `|` where they were all that had come. */
async function readsOf(work: { onBytesMs: number; handOnMs: number }, ...bursts: number[]): Promise<string> {
  const timers = new ManualTimers();
  // Its clock has begun at another time.
  const turns = new LoopTurns({ nowMs: () => timers.nowMs() - 500_000, next: (fn) => queueMicrotask(fn) });
  const conn = new TcpConn(new Bursts(...bursts), { ...bound(timers), turns });
  const reads: string[] = [];
  await conn.readLoop((view) => {
    reads.push(`${view.length}`);
    timers.advance(work.onBytesMs);
  }, {
    bufferBytes: 65_536,
    handOn: (isFull) => {
      if (!isFull) reads.push("|");
      timers.advance(work.handOnMs);
    },
  });
  return reads.join(" ");
}

function bound(timers: ManualTimers) {
  return { nowMs: () => timers.nowMs(), after: (ms: number, fn: () => void) => timers.after(ms, fn) };
}

Deno.test("TcpConn.readLoop reads bursts whole, however long it takes to hand them on to others", async () => {
  const work = { onBytesMs: 0, handOnMs: 30 };
  assertEquals(await readsOf(work, 9500, 9500, 9500, 9500), "9500 | 9500 | 9500 | 9500 |");
});

Deno.test("TcpConn.readLoop reads small portions of a peer whose bytes make much work, and tells the end of a burst", async () => {
  const work = { onBytesMs: 10, handOnMs: 0 };
  assertEquals(await readsOf(work, 10_000, 10_000, 10_000), "10000 | 10000 | 4096 4096 1808 |");
});

Deno.test("TcpConn.readLoop reads on once what was handed on has settled", async () => {
  const timers = new ManualTimers();
  const turns = new LoopTurns({ nowMs: () => timers.nowMs(), next: (fn) => queueMicrotask(fn) });
  const conn = new TcpConn(new Bursts(10, 10), { ...bound(timers), turns });
  const { promise, resolve } = Promise.withResolvers<void>();
  let views = 0;
  const looped = conn.readLoop(() => void views++, { bufferBytes: 100, handOn: () => promise });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assertEquals(views, 1);
  resolve();
  await looped;
  assertEquals(views, 2);
});
