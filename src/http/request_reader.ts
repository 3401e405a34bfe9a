import type { TcpConn } from "../net/tcp_conn.ts";
import { HeadBuffer, type HeadFound } from "../http1/head_buffer.ts";

const READ_BYTES = 4096;
/** While an answer is kept, there may be many that wait so. */
const WATCH_BYTES = 512;
/** Of requests that come before the answer to the one before; the rest stays with the client until then. */
const MAX_EARLY_BYTES = 8 * 1024;

/** Reads the requests of one connection. While one is being answered, it can tell that the client leaves. */
export class RequestReader {
  readonly #tcp: TcpConn;
  readonly #onBytes: (count: number) => void;
  readonly #input = new HeadBuffer();
  /** Of {@link next} alone: there is never more than one. */
  #buffer: Uint8Array | null = null;
  /** The one read that is under way, with whether there may be more to come. */
  #reading: Promise<boolean> | null = null;

  /** @param onBytes Told how many have come. */
  constructor(tcp: TcpConn, onBytes: (count: number) => void) {
    this.#tcp = tcp;
    this.#onBytes = onBytes;
  }

  /** The head of the next request; null at the end of the connection. */
  async next(): Promise<HeadFound> {
    for (let found = this.#input.take();; found = this.#input.take()) {
      if (found !== null) return found;
      if (!await (this.#reading ?? this.#read(this.#buffer ??= new Uint8Array(READ_BYTES)))) return null;
      // The next step finds what has come; it is work, however little.
      const turn = this.#tcp.takeTurn();
      if (turn !== null) await turn;
      this.#tcp.endTurn();
    }
  }

  /** Everything that came after the request, which is the last one. */
  takeRest(): Uint8Array {
    this.#buffer = null;
    return this.#input.takeRest();
  }

  /** Settles when no read is under way. */
  async settled(): Promise<void> {
    await this.#reading;
  }

  /**
   * Calls back when the client has ended its side of the connection, or is gone, until it is disposed of. What it sends
   * instead is kept for {@link next}, up to a bound: from there on nothing is seen of its end.
   */
  onGone(call: () => void): Disposable {
    const state = { isOver: false };
    this.#watch(state).then((isGone) => {
      if (isGone && !state.isOver) call();
    });
    return { [Symbol.dispose]: () => void (state.isOver = true) };
  }

  async #watch(state: { readonly isOver: boolean }): Promise<boolean> {
    try {
      while (!state.isOver && this.#input.length < MAX_EARLY_BYTES) {
        if (!await (this.#reading ?? this.#read(new Uint8Array(WATCH_BYTES)))) return true;
      }
      return false;
    } catch {
      // Whoever reads on hears of it.
      return true;
    }
  }

  #read(buffer: Uint8Array): Promise<boolean> {
    return this.#reading = this.#fill(buffer);
  }

  async #fill(buffer: Uint8Array): Promise<boolean> {
    try {
      const count = await this.#tcp.read(buffer);
      if (count === null) return false;
      this.#onBytes(count);
      this.#input.push(buffer.subarray(0, count));
      return true;
    } finally {
      this.#reading = null;
    }
  }
}
