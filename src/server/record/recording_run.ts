/** Streams of which it is remembered which publish others have seen: the latest ones. */
const MAX_STREAMS = 10_000;

/**
 * Which part of a recording a server makes. One that goes on at another server, which has not the file, is made of several
 * runs; they have the first publish in common.
 */
export interface RecordingRun {
  /** Of the publish by which the recording began, as far as is known; 0 for none. */
  readonly epoch: number;
  /** From 1. */
  readonly part: number;
}

/** Publishes that edges have played elsewhere, as they say: of a server that has died, nobody else can tell. */
export class SeenPublishes {
  readonly #nowMs: () => number;
  /** In the order in which they were heard of. */
  readonly #seen = new Map<string, { readonly epoch: number; readonly heardMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  hear(key: string, epoch: number | null): void {
    if (epoch === null || epoch <= 0) return;
    this.#seen.delete(key);
    this.#seen.set(key, { epoch, heardMs: this.#nowMs() });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_STREAMS && oldest !== undefined) this.#seen.delete(oldest);
  }

  /** The one that was heard of within a time, if it is older than a publish; 0 for none. */
  before(key: string, epoch: number, withinMs: number): number {
    const { epoch: seen = 0, heardMs = 0 } = this.#seen.get(key) ?? {};
    return seen < epoch && this.#nowMs() - heardMs <= withinMs ? seen : 0;
  }
}
