import type { Socket } from "../../src/base/socket.ts";

/** What a socket holds that its reader has not taken, as the kernel's buffers do. */
const BUFFER_BYTES = 512 * 1024;

/** One direction of a connection. */
class Pipe {
  /** The writer does not wait for more before it sends. */
  sendsAtOnce = false;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #hasEnded = false;
  #failure: (() => Error) | null = null;
  #onChange: (() => void)[] = [];

  /** Takes what there is room for, at least one byte. */
  async write(view: Uint8Array): Promise<number> {
    while (true) {
      if (this.#failure !== null) throw this.#failure();
      if (this.#hasEnded) throw new Deno.errors.BrokenPipe("the connection has ended");
      const count = Math.min(view.length, BUFFER_BYTES - this.#bytes);
      if (count > 0) {
        this.#chunks.push(view.slice(0, count));
        this.#bytes += count;
        this.#changed();
        return count;
      }
      await this.#change();
    }
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      const [first] = this.#chunks;
      if (first !== undefined) return this.#take(first, buffer);
      if (this.#failure !== null) throw this.#failure();
      if (this.#hasEnded) return null;
      await this.#change();
    }
  }

  /** The writer has no more; what is here may still be read. */
  end(): void {
    this.#hasEnded = true;
    this.#changed();
  }

  /** Nothing more is read or written; what was not read is lost. */
  fail(failure: () => Error): void {
    this.#failure ??= failure;
    this.#chunks.length = this.#bytes = 0;
    this.#changed();
  }

  #take(first: Uint8Array, buffer: Uint8Array): number {
    const count = Math.min(first.length, buffer.length);
    buffer.set(first.subarray(0, count));
    if (count === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    this.#bytes -= count;
    this.#changed();
    return count;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  #changed(): void {
    for (const tell of this.#onChange.splice(0)) tell();
  }
}

/** One end of a connection in memory; its errors are those of a `Deno.TcpConn`. */
export class MemorySocket implements Socket {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #input: Pipe;
  readonly #output: Pipe;
  readonly #onClose: (socket: MemorySocket) => void;
  #closed = false;

  private constructor(
    addresses: { local: Deno.NetAddr; remote: Deno.NetAddr },
    pipes: { input: Pipe; output: Pipe },
    onClose: (socket: MemorySocket) => void,
  ) {
    this.localAddr = addresses.local;
    this.remoteAddr = addresses.remote;
    this.#input = pipes.input;
    this.#output = pipes.output;
    this.#onClose = onClose;
  }

  /** Both ends of a connection, the dialling one first. */
  static pair(
    from: Deno.NetAddr,
    to: Deno.NetAddr,
    onClose: (socket: MemorySocket) => void,
  ): [MemorySocket, MemorySocket] {
    const there = new Pipe();
    const back = new Pipe();
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
}
