import type { TimerHandle, Timers } from "./clock.ts";
import type { Logger } from "./log.ts";

/** A kind of line is written this often at most. */
const PERIOD_MS = 1000;
/** Kinds that are told apart at one time; lines of any further kind count as one, so that made-up names do not get around the limit. */
const MAX_KINDS = 32;
const OTHER_KINDS = "";

/** What came of one kind since its last line. */
interface KindState {
  held: number;
  /** Writes the latest held line, followed by a remark. */
  writeLatest: (remark: string) => void;
  timer: TimerHandle;
}

/**
 * Keeps a peer that fails over and over from filling the log.
 *
 * The first line of a kind is written at once. Further ones within the next second are counted; the latest of them is
 * written at the end of that second, with the number of the others.
 */
export class LogLimiter implements Disposable {
  readonly #timers: Timers;
  readonly #kinds = new Map<string, KindState>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Takes one line and writes it now, later, or as a number only. @param write Gets the text to be written. */
  pass(kind: string, text: string, write: (text: string) => void): void {
    const key = this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : OTHER_KINDS;
    const known = this.#kinds.get(key);
    if (known === undefined) {
      write(text);
      this.#kinds.set(key, { held: 0, writeLatest: () => {}, timer: this.#wait(key) });
      return;
    }
    known.held++;
    known.writeLatest = (remark) => write(`${text}${remark}`);
  }

  /** Writes what is held. */
  [Symbol.dispose](): void {
    for (const state of this.#kinds.values()) {
      state.timer.cancel();
      release(state);
    }
    this.#kinds.clear();
  }

  #wait(key: string): TimerHandle {
    return this.#timers.after(PERIOD_MS, () => {
      const state = this.#kinds.get(key);
      if (state === undefined || state.held === 0) return void this.#kinds.delete(key);
      release(state);
      state.timer = this.#wait(key);
    });
  }
}

function release(state: KindState): void {
  if (state.held === 0) return;
  state.writeLatest(state.held === 1 ? "" : ` (${state.held - 1} more like this within ${PERIOD_MS} ms)`);
  state.held = 0;
}

/**
 * What lines about the same trouble have in common: the text without quoted parts and without words that hold a number
 * (addresses, times, sizes, ids).
 */
export function kindOfLine(text: string): string {
  return text.slice(0, 400).replace(/"[^"]*"/g, '""').replace(/[\w.:%/?&=-]+/g, (word) => /\d/.test(word) ? "#" : word);
}

/** A logger whose warnings and errors, with those of all loggers made from it, go through the limiter. */
export function limitWarnings(log: Logger, limiter: LogLimiter): Logger {
  return {
    cid: log.cid,
    trace: (text) => log.trace(text),
    debug: (text) => log.debug(text),
    info: (text) => log.info(text),
    warn: (text) => limiter.pass(`warn ${kindOfLine(text)}`, text, (line) => log.warn(line)),
    error: (text) => limiter.pass(`error ${kindOfLine(text)}`, text, (line) => log.error(line)),
    withCid: (cid) => limitWarnings(log.withCid(cid), limiter),
  };
}
