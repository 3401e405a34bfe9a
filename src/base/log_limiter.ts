import type { TimerHandle, Timers } from "./clock.ts";
import type { Logger } from "./log.ts";

/** A kind of line is written this often at most. */
const PERIOD_MS = 1000;
/** Kinds that are told apart at one time; lines of any further kind count as one, so that made-up names are no way around. */
const MAX_KINDS = 32;
const OTHER_KINDS = "";

/** Lines of one kind within a period that are written at once where peers cause them in the usual course. */
const USUAL_LINES = 100;

/** What came of one kind since its last line. */
interface KindState {
  /** Lines that are written at once in a period, and what is left of them. */
  readonly most: number;
  left: number;
  held: number;
  /** Writes the latest held line, with a remark behind it. */
  writeLatest: (remark: string) => void;
  timer: TimerHandle;
}

/**
 * Keeps a peer that fails over and over from filling the log.
 *
 * The first lines of a kind, of warnings the first one, are written at once. Further ones within the next second are
 * counted; the latest of them is written at the end of that second, with the number of the others.
 */
export class LogLimiter implements Disposable {
  readonly #timers: Timers;
  readonly #kinds = new Map<string, KindState>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * Takes one line and writes it now, later, or as a number only.
   *
   * @param write Gets the text to be written.
   * @param most So many lines of that kind are written at once in a second.
   */
  pass(kind: string, text: string, write: (text: string) => void, most = 1): void {
    const key = this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : OTHER_KINDS;
    const known = this.#kinds.get(key);
    if (known === undefined) {
      write(text);
      this.#kinds.set(key, { most, left: most - 1, held: 0, writeLatest: () => {}, timer: this.#wait(key) });
      return;
    }
    if (known.left > 0) {
      known.left--;
      return write(text);
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
      state.left = state.most - 1;
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

/** Limiters of {@link limitLines}. They are two, so that kinds of one cannot make those of the other count as one. */
export interface LineLimiters {
  readonly warnings: LogLimiter;
  readonly others: LogLimiter;
}

/**
 * A logger whose lines, with those of all loggers made from it, go through limiters: a second lets one warning or error of a
 * kind through, and a hundred other lines of a kind. Traces are left alone.
 */
export function limitLines(log: Logger, limiters: LineLimiters): Logger {
  const { warnings, others } = limiters;
  return {
    cid: log.cid,
    trace: (text) => log.trace(text),
    debug: (text) => log.debug(text),
    info: (text) => others.pass(kindOfLine(text), text, (line) => log.info(line), USUAL_LINES),
    warn: (text) => warnings.pass(`warn ${kindOfLine(text)}`, text, (line) => log.warn(line)),
    error: (text) => warnings.pass(`error ${kindOfLine(text)}`, text, (line) => log.error(line)),
    withCid: (cid) => limitLines(log.withCid(cid), limiters),
  };
}
