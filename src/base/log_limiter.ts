import type { TimerHandle, Timers } from "./clock.ts";
import type { Logger } from "./log.ts";

/** Lines are counted over this time. */
const PERIOD_MS = 1000;
/** Kinds that are told apart at one time; lines of any further kind count as one, so that made-up names do not get around the limit. */
const MAX_KINDS = 32;
const OTHER_KINDS = "";

/** How many lines of a kind are written at once within a period: of all peers together, and of each. */
interface LineRate {
  readonly all: number;
  readonly perPeer: number;
}

/** For warnings and errors: one peer that fails over and over says enough with one line. */
const WARNINGS: LineRate = { all: 10, perPeer: 1 };
/** For what peers cause in the usual course. */
const OTHERS: LineRate = { all: 100, perPeer: 25 };

/** A line as the limiter sees it. */
interface LimitedLine {
  readonly kind: string;
  readonly text: string;
  /** Who caused it; empty where that is nobody in particular. */
  readonly peer: string;
  readonly rate: LineRate;
}

/** What came of one kind within the period. */
interface KindState {
  written: number;
  /** The same by peer; as many entries as lines were written, at most. */
  readonly byPeer: Map<string, number>;
  held: number;
  /** Writes the latest held line, with a remark after it. */
  writeLatest: (remark: string) => void;
  timer: TimerHandle;
}

/**
 * Keeps a peer that fails over and over, or comes and goes, from filling the log, and from hiding the lines of others.
 *
 * The first lines of a kind and peer are written at once. Further ones within the next second are counted; the latest of
 * them is written at the end of that second, with the number of the others.
 */
export class LogLimiter implements Disposable {
  readonly #timers: Timers;
  readonly #kinds = new Map<string, KindState>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Takes one line and writes it now, later, or as a number only. @param write Gets the text to be written. */
  pass({ kind, text, peer, rate }: LimitedLine, write: (text: string) => void): void {
    const key = this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : OTHER_KINDS;
    const state = this.#kinds.get(key) ?? this.#begin(key);
    const ofPeer = state.byPeer.get(peer) ?? 0;
    if (state.written < rate.all && ofPeer < rate.perPeer) {
      state.written++;
      state.byPeer.set(peer, ofPeer + 1);
      return write(text);
    }
    state.held++;
    state.writeLatest = (remark) => write(`${text}${remark}`);
  }

  /** Writes what is held. */
  [Symbol.dispose](): void {
    for (const state of this.#kinds.values()) {
      state.timer.cancel();
      release(state);
    }
    this.#kinds.clear();
  }

  #begin(key: string): KindState {
    const state = { written: 0, byPeer: new Map(), held: 0, writeLatest: () => {}, timer: this.#wait(key) };
    this.#kinds.set(key, state);
    return state;
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
  // What was just written counts for the next period.
  state.written = 1;
  state.byPeer.clear();
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

/** A logger whose lines, with those of all loggers made from it, go through limiters. Debug and trace lines do not. */
export function limitLines(log: Logger, limiters: LineLimiters): Logger {
  return new LimitedLogger(log, limiters, "");
}

/** Each connection has one: it is small. */
class LimitedLogger implements Logger {
  readonly #log: Logger;
  readonly #limiters: LineLimiters;
  readonly #peer: string;

  constructor(log: Logger, limiters: LineLimiters, peer: string) {
    this.#log = log;
    this.#limiters = limiters;
    this.#peer = peer;
  }

  get cid(): string {
    return this.#log.cid;
  }

  trace(text: string): void {
    this.#log.trace(text);
  }
  debug(text: string): void {
    this.#log.debug(text);
  }
  info(text: string): void {
    this.#pass(this.#limiters.others, "info", text, OTHERS);
  }
  warn(text: string): void {
    this.#pass(this.#limiters.warnings, "warn", text, WARNINGS);
  }
  error(text: string): void {
    this.#pass(this.#limiters.warnings, "error", text, WARNINGS);
  }
  withCid(cid: string, ofPeer = this.#peer): Logger {
    return new LimitedLogger(this.#log.withCid(cid), this.#limiters, ofPeer);
  }

  #pass(limiter: LogLimiter, level: "info" | "warn" | "error", text: string, rate: LineRate): void {
    const line = { kind: `${level} ${kindOfLine(text)}`, text, peer: this.#peer, rate };
    limiter.pass(line, (written) => this.#log[level](written));
  }
}
