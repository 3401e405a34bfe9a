import { sharedMemory } from "../../../src/base/log_memory.ts";
import { BlockPool } from "../../../src/stream/block_pool.ts";
import { FastPaths } from "../../../src/net/fast/fast_paths.ts";
import { regionOf } from "../../../src/net/fast/region.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { receiveMessage, type SharedMemory, ThreadLink } from "../../../src/threads/protocol/thread_link.ts";
import { forEachRecord, ThreadRecord } from "../../../src/threads/protocol/thread_records.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import type { Socket } from "../../../src/base/socket.ts";
import { type PumpSource, WritePump } from "../../../src/net/write_pump.ts";
import type { LogPosition } from "../../../src/stream/log_block.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { setChunkSize } from "../../../src/rtmp/control.ts";
import { ThreadHandle, type WorkerLike } from "../../../src/threads/main/thread_handle.ts";
import { LiveSource, type Player } from "../../../src/stream/live_source.ts";
import type { PlayCursor } from "../../../src/stream/play_cursor.ts";
import { WorkerSockets } from "../../../src/threads/worker/worker_sockets.ts";
import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { CHUNK_SIZE, sourceOptions, WireReader } from "../../kit/media/packets.ts";
import { checkRuns, RandomPublisher } from "../../kit/media/random_stream.ts";

/** Memory that another thread is told of by its place in the arena. */
const arena = new FastPaths({ recv: "read", send: "sendfile" });
arena.openArena();

const address: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };

/** Two halves of a server in one thread, with messages between them that wait to be handed on. */
class TwoThreads implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  readonly accepted: Socket[] = [];
  /** Bytes that the other half has sent by itself. */
  followedBytes = 0;
  readonly #toHost: (ArrayBuffer | SharedMemory)[] = [];
  readonly #toMain: ArrayBuffer[] = [];
  readonly #hostLink = new ThreadLink({ postMessage: (message) => this.#toMain.push(message as ArrayBuffer) });
  readonly host = new WorkerSockets(this.#hostLink);
  readonly thread = new ThreadHandle(this, {
    onHandshakeError: () => {},
    onAccepted: (_listener, socket) => this.accepted.push(socket),
    onTrouble: (text) => assertEquals(text, ""),
    onDead: (reason) => assertEquals(reason, ""),
  });

  postMessage(message: unknown): void {
    this.#toHost.push(message as ArrayBuffer);
  }

  terminate(): void {
    this.#hostLink.close();
  }

  #count(message: ArrayBuffer): void {
    forEachRecord(message, ({ kind, y }) => {
      if (kind === ThreadRecord.Progress || kind === ThreadRecord.Unfollowed) this.followedBytes += y;
    });
  }

  /** Hands messages on, one of each direction, or all. */
  exchange(): boolean {
    const [down, up] = [this.#toHost.shift(), this.#toMain.shift()];
    if (down !== undefined) {
      receiveMessage(down, (record) => this.host.onRecord(record), (shared) => this.host.onShared(shared));
    }
    if (up !== undefined) this.#count(up);
    if (up !== undefined) this.onmessage?.call(this as never, new MessageEvent("message", { data: up }));
    return down !== undefined || up !== undefined;
  }
}

/** A client's socket that takes bytes in portions, when it is told to. */
class SlowSocket implements Socket {
  readonly remoteAddr = address;
  readonly localAddr = address;
  readonly wire = new WireReader();
  /** Takes all, a part, or nothing at once; null: cannot do that. */
  readonly #now: Prng | null;
  #pending: { view: Uint8Array; resolve(count: number): void } | null = null;

  constructor(now: Prng | null) {
    this.#now = now;
  }

  writeNow(view: Uint8Array): number {
    assertEquals(this.#pending, null, "one write at a time");
    if (this.#now === null) return 0;
    const count = this.#now.below(2) === 0 ? view.length : this.#now.below(view.length);
    this.wire.push(view.slice(0, count));
    return count;
  }

  write(view: Uint8Array): Promise<number> {
    assertEquals(this.#pending, null, "one write at a time");
    return new Promise((resolve) => this.#pending = { view, resolve });
  }

  /** Takes all of what is being written, or a part of it. */
  take(prng: Prng | null): boolean {
    const pending = this.#pending;
    if (pending === null) return false;
    this.#pending = null;
    const count = prng === null ? pending.view.length : 1 + prng.below(pending.view.length);
    this.wire.push(pending.view.slice(0, count));
    pending.resolve(count);
    return true;
  }

  read(): Promise<number | null> {
    return new Promise(() => {});
  }
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }
  setNoDelay(): void {}
  close(): void {}
}

const controlMessage = encodeMessage(setChunkSize(CHUNK_SIZE), CHUNK_SIZE);

/** A player whose socket the other thread holds. */
class RemotePlayer implements Player, PumpSource<LogPosition> {
  readonly client: SlowSocket;
  readonly cursor: PlayCursor;
  readonly pump: WritePump<LogPosition>;
  readonly received: string[] = [];
  paused = false;
  /** Headers are on their way, their keyframe is next: a jump now would send others behind them. */
  hasHeadersOut = false;
  /** Messages to be sent besides the stream. */
  controls = 0;

  constructor(client: SlowSocket, socket: Socket, source: LiveSource) {
    this.client = client;
    this.cursor = source.attach(this);
    this.pump = new WritePump(new TcpConn(socket, systemWorld), this);
    this.pump.wake();
  }

  wake(): void {
    this.pump.wake();
  }
  onPublishChange(): void {}

  next(): Uint8Array | null {
    if (this.controls > 0) {
      this.controls--;
      return controlMessage;
    }
    if (this.paused) return null;
    const view = this.cursor.next();
    if (view !== null) {
      this.hasHeadersOut = !(view.buffer instanceof SharedArrayBuffer) && regionOf(view.buffer) === undefined;
    }
    return view;
  }

  followed(): PlayCursor | null {
    return this.paused || this.controls > 0 || !this.cursor.owesNothing ? null : this.cursor;
  }

  onWriteError(error: unknown): void {
    throw error;
  }
}

/** Lets what is promised come, and what threads gather leave. */
function pass(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function join(threads: TwoThreads, source: LiveSource, now: Prng | null): Promise<RemotePlayer> {
  const client = new SlowSocket(now);
  threads.host.hold(client, 1);
  const before = threads.accepted.length;
  while (threads.accepted.length === before) {
    threads.exchange();
    await pass();
  }
  return new RemotePlayer(client, threads.accepted.at(-1)!, source);
}

/** Runs random players on a random stream. @returns Bytes that the other thread sent by itself, and runs. */
async function run(seed: number): Promise<{ followedBytes: number; runs: number; players: number }> {
  const prng = new Prng(seed);
  const timers = new ManualTimers();
  const threads = new TwoThreads();
  const memory = prng.below(2) === 0 ? arena.logMemory : sharedMemory;
  const source = new LiveSource(
    "/live/a",
    { ...sourceOptions, mwLatencyMs: 20 + prng.below(100) },
    timers,
    () => {},
    new BlockPool(memory),
  );
  const publisher = new RandomPublisher(prng);
  const session = source.startPublish("client");
  session.publish(publisher.next());
  const players: RemotePlayer[] = [];
  for (let step = 0; step < 150; step++) {
    session.publish(publisher.next());
    timers.advance(prng.below(60));
    if (step % 25 === 0) players.push(await join(threads, source, prng.below(2) === 0 ? prng : null));
    if (prng.below(3) > 0) threads.exchange();
    if (step % 20 === 19) threads.thread.tick();
    for (const player of players) {
      if (prng.below(3) > 0) player.client.take(prng.below(4) === 0 ? prng : null);
      const mayJump = !player.hasHeadersOut;
      if (prng.below(40) === 0 && mayJump) player.cursor.jumpToKeyframe();
      if (prng.below(40) === 0 && mayJump) {
        player.paused = !player.paused;
        if (!player.paused) player.cursor.skipToNewerKeyframe();
      }
      if (prng.below(30) === 0) player.controls++;
      if (prng.below(5) === 0) player.wake();
    }
    await pass();
  }
  for (const player of players) {
    player.paused = false;
    player.wake();
  }
  timers.advance(1000);
  for (let idle = 0; idle < 6; idle++) {
    if (threads.exchange()) idle = 0;
    for (const { client } of players) if (client.take(null)) idle = 0;
    await pass(3);
  }
  threads.thread.tick();
  await pass(3);
  while (threads.exchange()) await pass(3);
  let runs = 0;
  for (const { client } of players) {
    assertEquals(client.wire.isWhole, true);
    runs += checkRuns(client.wire.take(), publisher.sent, `seed ${seed}`);
  }
  session[Symbol.dispose]();
  threads.thread.stop();
  return { followedBytes: threads.followedBytes, runs, players: players.length };
}

Deno.test("players of another thread get contiguous runs from a keyframe, whatever comes between", async () => {
  const results = await Promise.all(Array.from({ length: 24 }, (_, at) => run(at + 1)));
  const sum = (pick: (result: typeof results[number]) => number) => results.reduce((all, each) => all + pick(each), 0);
  assertGreater(sum(({ followedBytes }) => followedBytes), 1_000_000, "much is left to the other thread");
  assertGreater(sum(({ runs }) => runs), sum(({ players }) => players), "players must have jumped");
});
