import type { Region } from "../../net/fast/region.ts";
import { forEachRecord, RecordBatch, type RecordFields } from "./thread_records.ts";

/** What a thread posts to: a `Worker`, or the global scope of one. */
export interface ThreadPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** A piece of memory that both threads have, told of before a record speaks of it. */
export interface SharedMemory {
  readonly id: number;
  readonly memory: SharedArrayBuffer | Region;
}

/** Memory that another thread can be told to write from. */
export interface MemoryBook {
  /** The id by which the other thread knows that memory; null for what it cannot have. */
  idOf(memory: ArrayBufferLike): number | null;
}

/**
 * A message costs both threads some 30 us, however much is in it. After a pause it leaves at once; then what comes
 * within this time leaves together.
 */
const GATHER_MS = 2;

/** The sending half of what two threads say to each other. */
export class ThreadLink {
  readonly #port: ThreadPort;
  readonly #batch = new RecordBatch();
  readonly #post = () => this.#flush();
  #isScheduled = false;
  #postedMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(port: ThreadPort) {
    this.#port = port;
  }

  /** Sends a record; see {@link RecordBatch.add}. */
  send(kind: number, id: number, x = 0, y = 0, z = 0): void {
    this.#batch.add(kind, id, x, y, z);
    if (!this.#isScheduled) this.#schedule();
  }

  /** Sends a record with a payload, which is copied. */
  sendBytes(kind: number, id: number, payload: Uint8Array, x = 0): void {
    this.#batch.addBytes(kind, id, payload, x);
    if (!this.#isScheduled) this.#schedule();
  }

  /** Shares memory; it is there before any record sent from here on. */
  share(shared: SharedMemory): void {
    if (!this.#isClosed) this.#port.postMessage(shared, []);
  }

  /** Sends nothing more, and drops what has not left. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#isScheduled = true;
    const waitMs = this.#postedMs + GATHER_MS - performance.now();
    if (waitMs <= 0) queueMicrotask(this.#post);
    else this.#timer = setTimeout(this.#post, waitMs);
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    this.#postedMs = performance.now();
    const message = this.#batch.take();
    this.#port.postMessage(message, [message]);
  }
}

/** Takes a message of the other thread apart. */
export function receiveMessage(
  message: ArrayBuffer | SharedMemory,
  onRecord: (record: RecordFields) => void,
  onShared: (shared: SharedMemory) => void = () => {},
): void {
  if (message instanceof ArrayBuffer) forEachRecord(message, onRecord);
  else if (message.memory !== undefined) onShared(message);
}
