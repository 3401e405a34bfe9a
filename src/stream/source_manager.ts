import type { TimerHandle, Timers } from "../base/clock.ts";
import type { LogMemory } from "../base/log_memory.ts";
import { BlockPool } from "./block_pool.ts";
import { LiveSource } from "./live_source.ts";
import type { SourceOptions } from "./source_options.ts";

/** A source without publisher and players is kept this long, for those who come right back. SRS: 3 s. */
const IDLE_LINGER_MS = 3000;
/** Of idle sources into which nothing was ever published, only so many are kept: anybody can make names up. */
const MAX_UNUSED = 2048;

/** All streams of this process, by key. Sources come to be when somebody asks and go when nobody holds them. */
export class SourceManager {
  readonly #timers: Timers;
  readonly #pool: BlockPool;
  readonly #sources = new Map<string, LiveSource>();
  readonly #lingers = new Map<LiveSource, TimerHandle>();
  readonly #unused = new Set<LiveSource>();
  readonly #observers = new Set<(source: LiveSource) => void>();
  #stopped = false;

  constructor(timers: Timers, memory?: LogMemory) {
    this.#timers = timers;
    this.#pool = new BlockPool(memory);
  }

  /** The source of a key, if there is one. */
  find(key: string): LiveSource | undefined {
    return this.#sources.get(key);
  }

  /** The source of a key; a new one takes its options from `options()`. */
  findOrCreate(key: string, options: () => SourceOptions): LiveSource {
    const found = this.#sources.get(key);
    if (found !== undefined) return found;
    const source = new LiveSource(key, options(), this.#timers, (idle) => this.#lingerThenForget(idle), this.#pool);
    this.#sources.set(key, source);
    for (const onCreated of this.#observers) onCreated(source);
    // Whoever asked may never attach (refused, gone): then nobody would tell that it is idle.
    this.#lingerThenForget(source);
    return source;
  }

  /** Another source of the stream, which nobody finds by its key: for whoever wants it as another server has it. */
  createApart(key: string, options: SourceOptions): LiveSource {
    return new LiveSource(key, options, this.#timers, () => {}, this.#pool);
  }

  /** Tells of each source that comes to be, and of those that are there, until it is disposed of. */
  observe(onCreated: (source: LiveSource) => void): Disposable {
    this.#observers.add(onCreated);
    for (const source of this.#sources.values()) onCreated(source);
    return { [Symbol.dispose]: () => this.#observers.delete(onCreated) };
  }

  /** Every source, in the order of creation. */
  all(): IterableIterator<LiveSource> {
    return this.#sources.values();
  }

  /** Forgets sources that only linger, and waits for none that become idle from here on: the server ends. */
  stop(): void {
    this.#stopped = true;
    for (const source of [...this.#lingers.keys()]) this.#forget(source);
  }

  #lingerThenForget(source: LiveSource): void {
    if (this.#stopped) return this.#forget(source);
    this.#lingers.get(source)?.cancel();
    this.#lingers.set(source, this.#timers.after(IDLE_LINGER_MS, () => this.#forget(source)));
    this.#unused.delete(source);
    if (!source.isUnused) return;
    this.#unused.add(source);
    if (this.#unused.size > MAX_UNUSED) this.#forgetOldestUnused();
  }

  /** One that has got players or a publisher since is not idle any more, and stays. */
  #forgetOldestUnused(): void {
    const [oldest] = this.#unused;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(source: LiveSource): void {
    this.#lingers.get(source)?.cancel();
    this.#lingers.delete(source);
    this.#unused.delete(source);
    if (source.isIdle) this.#sources.delete(source.key);
  }
}
