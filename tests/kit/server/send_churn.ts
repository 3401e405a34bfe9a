/**
 * Players that come, stall, jump and leave in the middle of a send, over real sockets, while the log's memory is used again
 * and again: whatever they get must be what was published, byte for byte.
 *
 *     deno run -A --v8-flags=--expose-gc tests/kit/server/send_churn.ts PATH FIRST_SEED LAST_SEED THREADS
 */
import { FastPaths, type SendPath } from "../../../src/net/fast/fast_paths.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { isConnectionEnd, TcpConn } from "../../../src/net/tcp_conn.ts";
import { type PumpSource, WritePump } from "../../../src/net/write_pump.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import type { LogPosition } from "../../../src/stream/log_block.ts";
import type { PlayCursor } from "../../../src/stream/play_cursor.ts";
import { isLent } from "../../../src/base/log_memory.ts";
import { BlockPool } from "../../../src/stream/block_pool.ts";
import { LiveSource, type Player } from "../../../src/stream/live_source.ts";
import { Workers } from "../../../src/threads/main/workers.ts";
import { TestLog } from "../test_log.ts";
import type { ListenerSocket } from "../../../src/base/socket.ts";
import { assert, assertEquals } from "../assert.ts";
import { ManualTimers } from "../memory/manual_timers.ts";
import { Prng } from "../media/mutate.ts";
import { label, sourceOptions, WireReader } from "../media/packets.ts";
import { checkRuns, RandomPublisher } from "../media/random_stream.ts";

/** With small frames blocks are small too, and their memory is soon another's. */
const BIG_BYTES = [8000, 60_000, 400_000];
const STEPS = 80;
const PACKETS_PER_STEP = 12;
const READ_BYTES = 64 * 1024;
const MAX_PLAYERS = 12;
const END_MS = 20_000;
declare const gc: (() => void) | undefined;

/** The server's end of one connection, and the client at the other end. */
class Pair implements Player, PumpSource<LogPosition> {
  readonly wire = new WireReader();
  readonly received: string[] = [];
  readonly cursor: PlayCursor;
  readonly #source: LiveSource;
  readonly #conn: TcpConn;
  readonly #peer: Deno.TcpConn;
  readonly #pump: WritePump<LogPosition>;
  readonly reading: Promise<void>;
  #paused = Promise.withResolvers<void>();
  isClosed = false;

  constructor(source: LiveSource, conn: TcpConn, peer: Deno.TcpConn) {
    this.#source = source;
    this.#conn = conn;
    this.#peer = peer;
    this.cursor = source.attach(this);
    this.#pump = new WritePump(conn, this);
    this.#paused.resolve();
    this.reading = this.#read();
    this.#pump.wake();
  }

  wake(): void {
    this.#pump.wake();
  }
  onPublishChange(): void {}
  next(): Uint8Array | null {
    return this.isClosed ? null : this.cursor.next();
  }
  /** Another thread that has the socket sends by itself. */
  followed(): PlayCursor | null {
    return !this.isClosed && this.cursor.owesNothing ? this.cursor : null;
  }
  onWriteError(error: unknown): void {
    throw error;
  }

  /** The client reads nothing, or goes on. */
  stall(stalls: boolean): void {
    this.#paused.resolve();
    this.#paused = Promise.withResolvers();
    if (!stalls) this.#paused.resolve();
  }

  /** Ends the connection from either side, whatever is on its way. */
  close(byPeer: boolean): void {
    this.isClosed = true;
    this.#source.detach(this);
    this.#pump.afterWrite(() => this.cursor.release());
    this.#pump.stop();
    (byPeer ? this.#peer : this.#conn).close();
    (byPeer ? this.#conn : this.#peer).close();
    this.stall(false);
  }

  /** Everything has arrived. */
  get isDone(): boolean {
    return !this.#pump.isBusy && this.cursor.lagBytes() === 0 && this.#pump.bytesOut === this.#bytesIn;
  }

  #bytesIn = 0;

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        await this.#paused.promise;
        const count = await this.#peer.read(buffer);
        if (count === null) return;
        this.#bytesIn += count;
        this.wire.push(buffer.subarray(0, count));
        for (const message of this.wire.messages.splice(0)) this.received.push(checked(message));
      }
    } catch (error) {
      if (!isConnectionEnd(error)) throw error;
    }
  }
}

/** The label of a message whose every byte is as it was published. */
function checked(message: RtmpMessage): string {
  const { payload } = message;
  const isVideo = message.typeId === 9;
  const headBytes = isVideo ? 5 : 2;
  const id = new DataView(payload.buffer, payload.byteOffset).getUint32(headBytes) & 255;
  const wrong = payload.subarray(headBytes + 4).findIndex((byte) => byte !== id);
  assertEquals(wrong, -1, `${label(message)}: byte ${wrong} of ${payload.length}`);
  return label(message);
}

async function join(source: LiveSource, listener: ListenerSocket): Promise<Pair> {
  const [socket, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  return new Pair(source, new TcpConn(socket, systemWorld), peer);
}

/** @returns Messages that were checked. */
async function run(seed: number, listener: ListenerSocket, pool: BlockPool): Promise<number> {
  const prng = new Prng(seed);
  const timers = new ManualTimers();
  const source = new LiveSource(
    "/live/a",
    { ...sourceOptions, mwLatencyMs: 50 },
    timers,
    () => {},
    pool,
  );
  const publisher = new RandomPublisher(prng, prng.pick(BIG_BYTES));
  const session = source.startPublish("client");
  session.publish(publisher.next());
  let pairs: Pair[] = [];
  // Not the pairs: their places would keep all that came since in memory.
  const ended: Pick<Pair, "reading" | "received">[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let i = 0; i < PACKETS_PER_STEP; i++) session.publish(publisher.next());
    timers.advance(60);
    if (pairs.length < MAX_PLAYERS && prng.below(3) === 0) pairs.push(await join(source, listener));
    for (const pair of pairs) {
      if (prng.below(8) === 0) pair.stall(true);
      else if (prng.below(24) === 0) pair.stall(false);
      if (prng.below(30) === 0) pair.close(prng.below(2) === 0);
    }
    ended.push(...pairs.filter(({ isClosed }) => isClosed).map(({ reading, received }) => ({ reading, received })));
    pairs = pairs.filter(({ isClosed }) => !isClosed);
    // The hooks of the collector run as tasks of their own.
    if (prng.below(4) === 0) gc?.();
    await new Promise((resolve) => setTimeout(resolve, prng.below(3)));
  }
  for (const pair of pairs) pair.stall(false);
  const endMs = performance.now() + END_MS;
  while (pairs.some(({ isDone }) => !isDone)) {
    assert(performance.now() < endMs, `seed ${seed}: something is stuck`);
    for (const pair of pairs) pair.wake();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  for (const pair of pairs) assert(pair.wire.isWhole, `seed ${seed}: half a message`);
  for (const pair of pairs) pair.close(false);
  let count = 0;
  for (const pair of [...pairs, ...ended]) {
    await pair.reading;
    // Closed between the headers and their keyframe: those alone are no run.
    while (/^[AV]H/.test(pair.received.at(-1) ?? "")) pair.received.pop();
    checkRuns(pair.received, publisher.sent, `seed ${seed}`);
    count += pair.received.length;
  }
  session[Symbol.dispose]();
  return count;
}

const [path = "sendfile", first = "1", last = "20", threads = "1"] = Deno.args;
const paths = new FastPaths({ recv: "read", send: path as SendPath }, (reason) => {
  throw new Error(reason);
});
paths.openArena();
assertEquals(paths.send, path);
// Memory that a thread was lent is asked back after some ticks.
using workers = new Workers({ threads: Number(threads), log: new TestLog(), paths, tickMs: 50 });
/** Spoils what is used again: a player that was still to be sent it would notice. */
class SpoilingPool extends BlockPool {
  givenBytes = 0;

  override giveBack(memory: Uint8Array): void {
    if (!isLent(memory.buffer)) {
      memory.fill(0xee);
      this.givenBytes += memory.length;
    }
    super.giveBack(memory);
  }
}

const pool = new SpoilingPool(paths.logMemory);
const listener = workers.listen({ host: "127.0.0.1", port: 0 });
let messages = 0;
for (let seed = Number(first); seed <= Number(last); seed++) messages += await run(seed, listener, pool);
listener.close();
Deno.stdout.writeSync(
  new TextEncoder().encode(`${JSON.stringify({ messages, givenBytes: pool.givenBytes, ...paths.arena })}\n`),
);
