import { denoLoop } from "../../../src/net/thread_turns.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { type EventLoop, LoopTurns, TurnShare } from "../../../src/base/loop_turns.ts";
import type { Socket } from "../../../src/base/socket.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";

/** An event loop whose time and turns a test moves. */
class ManualLoop implements EventLoop {
  #nowMs = 0;
  readonly #due: (() => void)[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  next(fn: () => void): void {
    this.#due.push(fn);
  }

  work(ms: number): void {
    this.#nowMs += ms;
  }

  get isTurnDue(): boolean {
    return this.#due.length > 0;
  }

  /** Begins the next turn, and lets those go on that wait for it. */
  async turn(): Promise<void> {
    for (const fn of this.#due.splice(0)) fn();
    for (let i = 0; i < 500; i++) await Promise.resolve();
  }
}

function servedShare(): TurnShare {
  const share = new TurnShare();
  share.isServed = true;
  return share;
}

function setUp() {
  const loop = new ManualLoop();
  return { loop, turns: new LoopTurns(loop) };
}

Deno.test("LoopTurns lets work go on at once, until a turn's time is spent; then all wait for the next turn", async () => {
  const { loop, turns } = setUp();
  const busy = new TurnShare();
  const other = new TurnShare();
  for (let i = 0; i < 4; i++) {
    assertEquals(turns.enter(busy), null);
    loop.work(1);
    turns.leave(busy);
  }
  assertEquals(turns.enter(busy), null);
  loop.work(1);
  turns.leave(busy);
  let went = false;
  const waiting = turns.enter(other);
  assert(waiting !== null);
  waiting.then(() => went = true);
  await Promise.resolve();
  assertEquals(went, false);
  await loop.turn();
  assertEquals(went, true);
  turns.leave(other);
  assertEquals(turns.enter(busy), null);
});

Deno.test("LoopTurns begins a turn where nobody came for a while, and sets no timer for it", () => {
  const { loop, turns } = setUp();
  const share = new TurnShare();
  for (let i = 0; i < 3; i++) {
    assertEquals(turns.enter(share), null);
    loop.work(6);
    turns.leave(share);
    loop.work(3);
  }
  assertEquals(loop.isTurnDue, false);
});

Deno.test("LoopTurns counts reads, too, that lead to no work", () => {
  const { turns } = setUp();
  const share = new TurnShare();
  let reads = 0;
  for (; turns.enter(share) === null && reads < 10_000; reads++) turns.leave(share);
  assertLess(reads, 1000);
});

/** One connection's work, over and over. */
async function flood(
  loop: ManualLoop,
  turns: LoopTurns,
  share: TurnShare,
  state: { stop: boolean; count: number },
): Promise<void> {
  while (!state.stop) {
    await turns.enter(share);
    if (!state.stop) {
      loop.work(1);
      state.count++;
    }
    turns.leave(share);
  }
}

Deno.test("LoopTurns lets one go first that has done little, and divides the rest evenly", async () => {
  const { loop, turns } = setUp();
  const floods = Array.from({ length: 100 }, () => ({ stop: false, count: 0 }));
  const running = floods.map((state) => flood(loop, turns, servedShare(), state));
  const quiet = servedShare();
  for (let round = 0; round < 400; round++) {
    let wentAtMs = -1;
    const askedAtMs = loop.nowMs();
    const waiting = turns.enter(quiet);
    if (waiting !== null) waiting.then(() => wentAtMs = loop.nowMs());
    else wentAtMs = askedAtMs;
    if (waiting === null) turns.leave(quiet);
    await loop.turn();
    assert(wentAtMs >= 0 && wentAtMs - askedAtMs <= 2, `round ${round}: waited ${wentAtMs - askedAtMs} ms`);
    if (waiting !== null) turns.leave(quiet);
    loop.work(1);
    await loop.turn();
  }
  const counts = floods.map(({ count }) => count);
  assertLess(Math.max(...counts), Math.min(...counts) * 2);
  for (const state of floods) state.stop = true;
  while (loop.isTurnDue) await loop.turn();
  await Promise.all(running);
});

Deno.test("LoopTurns lets those who are served go before a flood of newcomers, which gets on all the same", async () => {
  const { loop, turns } = setUp();
  const served = servedShare();
  let newcomers = 0;
  const work = async (share: TurnShare, ms: number) => {
    await turns.enter(share);
    loop.work(ms);
    turns.leave(share);
  };
  const all: Promise<void>[] = [];
  await work(servedShare(), 5);
  for (let round = 0; round < 200; round++) {
    // More than there is time for.
    for (let i = 0; i < 20; i++) all.push(work(new TurnShare(), 1).then(() => void newcomers++));
    const before = newcomers;
    const done = work(served, 1);
    await loop.turn();
    await done;
    assertLess(newcomers - before, 10);
  }
  assert(newcomers > 200, `${newcomers} newcomers`);
  while (loop.isTurnDue) await loop.turn();
  await Promise.all(all);
});

Deno.test("LoopTurns goes on without one that has its turn and waits for something else", async () => {
  const { loop, turns } = setUp();
  const stuck = servedShare();
  turns.enter(stuck);
  loop.work(5);
  turns.leave(stuck);
  const order: string[] = [];
  turns.enter(stuck)?.then(() => order.push("stuck"));
  turns.enter(servedShare())?.then(() => order.push("second"));
  turns.enter(servedShare())?.then(() => order.push("third"));
  for (let i = 0; i < 3; i++) await loop.turn();
  assertEquals(order, ["second", "third", "stuck"]);
  assertEquals(loop.isTurnDue, false);
});

/** A socket whose peer has always sent something. */
class FullSocket implements Socket {
  readonly remoteAddr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  readonly localAddr = this.remoteAddr;
  isOpen = true;

  /** @param endMs An end, where nothing else can bring it about. */
  constructor(readonly endMs: number) {}

  read(buffer: Uint8Array): Promise<number | null> {
    return Promise.resolve(this.isOpen && performance.now() < this.endMs ? buffer.length : null);
  }
  write = (view: Uint8Array) => Promise.resolve(view.length);
  closeWrite = () => Promise.resolve();
  setNoDelay = () => {};
  close = () => void (this.isOpen = false);
}

Deno.test("TcpConn.readLoop() of connections that always have data lets timers have their turn", async () => {
  const endMs = performance.now() + 5000;
  const world = { ...systemWorld, turns: new LoopTurns(denoLoop) };
  const conns = Array.from({ length: 20 }, () => new TcpConn(new FullSocket(endMs), world));
  let views = 0;
  const loops = conns.map((conn) => conn.readLoop(() => void views++, { bufferBytes: 4096 }));
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assertLess(performance.now(), endMs);
  assert(views > 100, `${views} views`);
  for (const conn of conns) conn.close();
  await Promise.all(loops);
  // The timer of the last turn.
  await new Promise((resolve) => setTimeout(resolve, 5));
});
