import type { Socket } from "../../src/base/socket.ts";
import type { Timers } from "../../src/base/clock.ts";
import { MemoryPipe } from "./memory_pipe.ts";

/** Two ends of one connection, and how its bytes travel. */
export interface MemoryLine {
  readonly from: Deno.NetAddr;
  readonly to: Deno.NetAddr;
  /** One way. */
  readonly latencyMs: number;
  readonly timers: Timers;
  readonly onClose: (socket: MemorySocket) => void;
}

/** One end of a connection in memory; its errors are those of a `Deno.TcpConn`. */
export class MemorySocket implements Socket {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #input: MemoryPipe;
  readonly #output: MemoryPipe;
  readonly #onClose: (socket: MemorySocket) => void;
  #closed = false;

  private constructor(
    addresses: { local: Deno.NetAddr; remote: Deno.NetAddr },
    pipes: { input: MemoryPipe; output: MemoryPipe },
    onClose: (socket: MemorySocket) => void,
  ) {
    this.localAddr = addresses.local;
    this.remoteAddr = addresses.remote;
    this.#input = pipes.input;
    this.#output = pipes.output;
    this.#onClose = onClose;
  }

  /** Both ends of a connection, the dialling one first. */
  static pair({ from, to, timers, latencyMs, onClose }: MemoryLine): [MemorySocket, MemorySocket] {
    const there = new MemoryPipe(timers, latencyMs);
    const back = new MemoryPipe(timers, latencyMs);
    return [
      new MemorySocket({ local: from, remote: to }, { input: back, output: there }, onClose),
      new MemorySocket({ local: to, remote: from }, { input: there, output: back }, onClose),
    ];
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#closed) throw new Deno.errors.BadResource("closed");
    return await this.#input.read(buffer);
  }

  async write(view: Uint8Array): Promise<number> {
    if (this.#closed) throw new Deno.errors.BadResource("closed");
    return await this.#output.write(view);
  }

  closeWrite(): Promise<void> {
    this.#output.end();
    return Promise.resolve();
  }

  setNoDelay(on = true): void {
    this.#output.sendsAtOnce = on;
  }

  /** Whether the other end sends small pieces at once (`TCP_NODELAY`). */
  get peerSendsAtOnce(): boolean {
    return this.#input.sendsAtOnce;
  }

  /** What was sent from here at first, a character a byte. */
  get sentText(): string {
    return this.#output.text;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#output.end();
    this.#input.fail(() => new Deno.errors.Interrupted("closed"));
    this.#onClose(this);
  }

  /** Breaks the connection on both sides, as a reset does. */
  reset(): void {
    const failure = () => new Deno.errors.ConnectionReset("reset");
    this.#output.fail(failure);
    this.#input.fail(failure);
    this.#onClose(this);
  }

  /** What arrives here waits on the way, or comes now. */
  hold(isHeld: boolean): void {
    this.#input.isHeld = isHeld;
  }

  /** This end reads nothing more, and its system has no room left: what is written to it waits. */
  stall(): void {
    this.#input.stall();
  }
}
