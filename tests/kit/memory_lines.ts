import { worldAt } from "./world.ts";
import { UpstreamError } from "../../src/base/errors.ts";
import type { Network } from "../../src/net/network.ts";
import type { Socket } from "../../src/base/socket.ts";
import { LoopTurns } from "../../src/base/loop_turns.ts";
import { TcpConn } from "../../src/net/tcp_conn.ts";
import type { DialOptions } from "../../src/net/tls/dial.ts";
import { formatHost } from "../../src/rtmp/url.ts";
import { Prng } from "./mutate.ts";
import type { ManualTimers } from "./manual_timers.ts";

const HERE = { transport: "tcp", hostname: "10.0.0.99", port: 50_000 } as const;

/** A network in memory, on manual time: servers listen at `host:port`, and every way takes {@link latencyMs}. */
export class MemoryNetwork implements Network {
  /** One way. */
  latencyMs = 0;
  /** Servers that were dialled, in order. */
  readonly dialled: string[] = [];
  readonly #timers: ManualTimers;
  readonly #prng = new Prng(7);
  readonly #servers = new Map<string, (conn: TcpConn) => void>();
  readonly #lines: { address: string; line: Line }[] = [];
  readonly #hanging = new Set<string>();
  readonly #names = new Map<string, string>();

  constructor(timers: ManualTimers) {
    this.#timers = timers;
  }

  /** A server at an address; disposing it takes it away, with its connections. */
  listen(address: string, serve: (conn: TcpConn) => void): Disposable {
    this.#servers.set(address, serve);
    return {
      [Symbol.dispose]: () => {
        this.#servers.delete(address);
        for (const { line } of this.#lines.filter((each) => each.address === address)) line.break();
      },
    };
  }

  /** Makes a host name known. */
  resolve(name: string, ip: string): void {
    this.#names.set(name, ip);
  }

  /** From now on nothing gets through to a server, nor from it, but nothing is lost either. */
  hang(address: string): void {
    this.#hanging.add(address);
    for (const { line } of this.#lines.filter((each) => each.address === address)) line.hold();
  }

  /** What was held up arrives. */
  resume(address: string): void {
    this.#hanging.delete(address);
    for (const { line } of this.#lines.filter((each) => each.address === address)) line.release();
  }

  /** A server reads nothing more, and its system has no room left: what is written to it waits. */
  stall(address: string): void {
    for (const { line } of this.#lines.filter((each) => each.address === address)) line.stall();
  }

  async dial({ host, port, timeoutMs, signal, mayTalkTo }: DialOptions): Promise<TcpConn> {
    const address = `${formatHost(host)}:${port}`;
    this.dialled.push(address);
    const fail = (reason: string) => new UpstreamError("StConnect", `cannot connect to ${address}: ${reason}`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#hanging.has(address)) {
      this.#timers.after(timeoutMs, () => reject(fail(`no answer within ${timeoutMs} ms`)));
    } else if (this.latencyMs > 0) this.#timers.after(2 * this.latencyMs, resolve);
    else resolve();
    signal?.addEventListener("abort", () => reject(fail("cancelled")), { once: true });
    await promise;
    const serve = this.#servers.get(address);
    if (serve === undefined) throw fail("connection refused, nothing listens there");
    const ip = this.#names.get(host) ?? host;
    if (mayTalkTo?.(ip) === false) throw fail("a local address");
    const line = new Line(this.#timers, this.latencyMs);
    this.#lines.push({ address, line });
    const world = worldAt(this.#timers, { turns: freeTurns() });
    serve(new TcpConn(line.end(1, HERE), world));
    return new TcpConn(line.end(0, { transport: "tcp", hostname: ip, port }), world);
  }

  randomBytes(count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#prng.bytes(count));
  }

  random(): number {
    return 0.5;
  }
}

/** Turns of the event loop that wait for no real time. */
function freeTurns(): LoopTurns {
  return new LoopTurns({ nowMs: () => 0, next: (fn) => queueMicrotask(fn) });
}

/** Two sockets that are connected. */
class Line {
  readonly #pipes: readonly [Pipe, Pipe];

  constructor(timers: ManualTimers, latencyMs: number) {
    this.#pipes = [new Pipe(timers, latencyMs), new Pipe(timers, latencyMs)];
  }

  end(side: 0 | 1, remoteAddr: Deno.NetAddr): Socket {
    const [input, output] = side === 0 ? this.#pipes : [this.#pipes[1], this.#pipes[0]] as const;
    return {
      remoteAddr,
      localAddr: HERE,
      read: (buffer) => input.read(buffer),
      write: (view) => output.write(view),
      closeWrite: () => Promise.resolve(output.end()),
      setNoDelay() {},
      close() {
        output.end();
        input.close();
      },
    };
  }

  hold(): void {
    for (const pipe of this.#pipes) pipe.isHeld = true;
  }

  stall(): void {
    this.#pipes[1].isStalled = true;
  }

  release(): void {
    for (const pipe of this.#pipes) pipe.release();
  }

  break(): void {
    for (const pipe of this.#pipes) {
      pipe.release();
      pipe.close();
    }
  }
}

/** One direction of a connection. */
class Pipe {
  isHeld = false;
  /** Takes nothing. */
  isStalled = false;
  readonly #timers: ManualTimers;
  readonly #latencyMs: number;
  readonly #arrived: (Uint8Array | null)[] = [];
  readonly #held: (Uint8Array | null)[] = [];
  #isOver = false;
  #wake: () => void = () => {};
  /** Ends the write that waits, if one does. */
  #giveUp: (reason: Error) => void = () => {};

  constructor(timers: ManualTimers, latencyMs: number) {
    this.#timers = timers;
    this.#latencyMs = latencyMs;
  }

  write(view: Uint8Array): Promise<number> {
    if (this.#isOver) return Promise.reject(new Deno.errors.BrokenPipe("closed"));
    if (this.isStalled) return new Promise((_, reject) => this.#giveUp = reject);
    this.#send(view.slice());
    return Promise.resolve(view.length);
  }

  end(): void {
    this.#giveUp(new Deno.errors.BrokenPipe("closed"));
    this.#send(null);
  }

  close(): void {
    this.#isOver = true;
    this.#wake();
  }

  release(): void {
    this.isHeld = false;
    for (const piece of this.#held.splice(0)) this.#arrive(piece);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#arrived.length === 0 && !this.#isOver) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const piece = this.#arrived[0] ?? null;
    if (piece === null) return null;
    const count = Math.min(piece.length, buffer.length);
    buffer.set(piece.subarray(0, count));
    if (count < piece.length) this.#arrived[0] = piece.subarray(count);
    else this.#arrived.shift();
    return count;
  }

  #send(piece: Uint8Array | null): void {
    if (this.#latencyMs === 0) this.#arrive(piece);
    else this.#timers.after(this.#latencyMs, () => this.#arrive(piece));
  }

  #arrive(piece: Uint8Array | null): void {
    if (this.isHeld) return void this.#held.push(piece);
    this.#arrived.push(piece);
    this.#wake();
  }
}
