import type { TimerHandle, Timers } from "../base/clock.ts";
import { LiveSource, type SourceOptions } from "./live_source.ts";

/** A source without publisher and players is kept this long, for those who come right back. SRS: 3 s. */
const IDLE_LINGER_MS = 3000;

/** All streams of this process, by key. Sources come to be when somebody asks and go when nobody holds them. */
export class SourceManager {
  readonly #timers: Timers;
  readonly #sources = new Map<string, LiveSource>();
  readonly #lingers = new Map<LiveSource, TimerHandle>();
  #stopped = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** The source of a key, if there is one. */
  find(key: string): LiveSource | undefined {
    return this.#sources.get(key);
  }

  /** The source of a key; a new one takes its options from `options()`. */
  findOrCreate(key: string, options: () => SourceOptions): LiveSource {
    const found = this.#sources.get(key);
    if (found !== undefined) return found;
    const source = new LiveSource(key, options(), this.#timers, (idle) => this.#lingerThenForget(idle));
    this.#sources.set(key, source);
    // Whoever asked may never attach (refused, gone): then nobody would tell that it is idle.
    this.#lingerThenForget(source);
    return source;
  }

  /** Every source, in the order of creation. */
  all(): IterableIterator<LiveSource> {
    return this.#sources.values();
  }

  /** Forgets sources that only linger, and waits for none that become idle from here on: the server ends. */
  stop(): void {
    this.#stopped = true;
    for (const [source, timer] of this.#lingers) {
      timer.cancel();
      if (source.isIdle) this.#sources.delete(source.key);
    }
    this.#lingers.clear();
  }

  #lingerThenForget(source: LiveSource): void {
    if (this.#stopped) return void (source.isIdle && this.#sources.delete(source.key));
    this.#lingers.get(source)?.cancel();
    this.#lingers.set(
      source,
      this.#timers.after(IDLE_LINGER_MS, () => {
        this.#lingers.delete(source);
        if (source.isIdle) this.#sources.delete(source.key);
      }),
    );
  }
}
