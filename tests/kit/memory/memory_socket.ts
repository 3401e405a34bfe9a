import type { Socket } from "../../../src/base/socket.ts";
import type { Timers } from "../../../src/base/clock.ts";
import { type LineModel, MemoryPipe } from "./memory_pipe.ts";

/** Two ends of one connection, and how its bytes travel. */
export interface MemoryLine {
  readonly from: Deno.NetAddr;
  readonly to: Deno.NetAddr;
  readonly there: LineModel;
  readonly back: LineModel;
  readonly timers: Timers;
  /** Whether what was sent at first is kept, to look at. */
  readonly keepsText: boolean;
  readonly onClose: (socket: MemorySocket) => void;
  /** Whether input can be left to gather. */
  readonly gathers: boolean;
}

/** Always the same ones: connections end all the time, and nobody looks where. */
const closedHere = new Deno.errors.BadResource("closed");
const interrupted = new Deno.errors.Interrupted("closed");
const brokenHere = new Deno.errors.ConnectionReset("reset");

/** One end of a connection in memory; its errors are those of a `Deno.TcpConn`. */
export class MemorySocket implements Socket {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #input: MemoryPipe;
  readonly #output: MemoryPipe;
  readonly #onClose: (socket: MemorySocket) => void;
  /** See `Socket.gather`; absent where the network's systems cannot do it. */
  readonly gather?: (bytes: number) => void;
  #closed = false;

  private constructor(
    addresses: { local: Deno.NetAddr; remote: Deno.NetAddr },
    pipes: { input: MemoryPipe; output: MemoryPipe },
    { onClose, gathers }: Pick<MemoryLine, "onClose" | "gathers">,
  ) {
    this.localAddr = addresses.local;
    this.remoteAddr = addresses.remote;
    this.#input = pipes.input;
    this.#output = pipes.output;
    this.#onClose = onClose;
    if (gathers) this.gather = (bytes) => void (pipes.input.leastBytes = bytes);
    pipes.input.onRefused = () => pipes.output.reset();
    pipes.input.onReset = () => {
      pipes.output.failWrites();
      onClose(this);
    };
  }

  /** Both ends of a connection, the dialling one first. */
  static pair({ from, to, timers, keepsText, onClose, gathers, ...lines }: MemoryLine): [MemorySocket, MemorySocket] {
    const there = new MemoryPipe(timers, lines.there, keepsText);
    const back = new MemoryPipe(timers, lines.back, keepsText);
    return [
      new MemorySocket({ local: from, remote: to }, { input: back, output: there }, { onClose, gathers }),
      new MemorySocket({ local: to, remote: from }, { input: there, output: back }, { onClose, gathers }),
    ];
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#closed ? Promise.reject(closedHere) : this.#input.read(buffer);
  }

  write(view: Uint8Array): Promise<number> {
    return this.#closed ? Promise.reject(closedHere) : this.#output.write(view);
  }

  writeNow(view: Uint8Array): number {
    return this.#closed ? 0 : this.#output.writeNow(view);
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
    this.#input.closeReader(() => interrupted);
    this.#onClose(this);
  }

  /** Bytes that were sent from here and that the peer has not read. */
  get unreadBytes(): number {
    return this.#output.bytes;
  }

  /** Breaks the connection: at once here, and there when the news arrives. */
  reset(): void {
    this.#output.reset();
    this.#input.closeReader(() => brokenHere);
    this.#onClose(this);
  }

  /** This end is gone, as by a power cut: the peer hears nothing of it. */
  vanish(): void {
    for (const pipe of [this.#input, this.#output]) pipe.lose();
    this.#input.closeReader(() => brokenHere);
    this.#output.failWrites();
    this.#onClose(this);
  }

  /** The machine of the peer, which had vanished, is back and knows nothing of this connection: it refuses what comes. */
  peerIsBack(): void {
    // What waits for room is sent again and again.
    if (this.#output.bytes > 0) this.peerIsGone();
    else this.#output.onLost = () => this.peerIsGone();
  }

  /** The system has found out that the machine of the peer is gone. */
  peerIsGone(): void {
    this.#input.breakReads();
    this.#output.failWrites();
    this.#onClose(this);
  }

  /** Whoever holds this end stands still, or goes on. */
  freeze(isFrozen: boolean): void {
    this.#input.isReaderFrozen = this.#output.isWriterFrozen = isFrozen;
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
