/**
 * Time as the sans-IO rooms see it: handed in, never taken from a global, so that a test moves it by hand.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch; never goes backwards within a process. */
  nowMs(): number;
}

/** What other machines call the time. */
export interface WallClock {
  /** The time of day, ms since the Unix epoch. Unlike {@link Clock.nowMs} it follows every correction of the clock. */
  wallMs(): number;
}

/** A pending call made by {@link Timers.after}. */
export interface TimerHandle {
  cancel(): void;
}

/** Timers as the sans-IO rooms see them. */
export interface Timers extends Clock {
  /** Calls `fn` once, `delayMs` milliseconds from now, unless the handle is cancelled first. */
  after(delayMs: number, fn: () => void): TimerHandle;
}

/** Timers count whole milliseconds. */
const EARLY_MS = 2;

/** Calls `fn` again and again, each time `intervalMs` after the last, until the handle is cancelled. */
export function every(timers: Timers, intervalMs: number, fn: () => void): TimerHandle {
  const again = () => {
    next = timers.after(intervalMs, again);
    fn();
  };
  let next = timers.after(intervalMs, again);
  return { cancel: () => next.cancel() };
}

/**
 * As {@link every}, at whole multiples of the interval: what a process does now and then happens together, on one timer
 * for all. To wake the process costs more than most of that.
 */
export function onBeat(timers: Timers, intervalMs: number, fn: () => void): TimerHandle {
  let known = beats.get(timers);
  if (known === undefined) beats.set(timers, known = new Beats(timers));
  return known.add(intervalMs, fn);
}

/** Milliseconds up to the next whole multiple of an interval: what is then done anyway can take more with it. */
export function untilBeatMs(nowMs: number, intervalMs: number): number {
  // A timer that comes a little early must not make two beats of one.
  return intervalMs - ((nowMs + EARLY_MS) % intervalMs) + EARLY_MS;
}

/** The moment of a beat that is nearest to another moment. */
export function nearestBeatMs(atMs: number, intervalMs: number): number {
  return Math.round(atMs / intervalMs) * intervalMs;
}

interface Beat {
  readonly intervalMs: number;
  readonly fn: () => void;
  dueMs: number;
}

/** All that happens on the beat of one clock. */
class Beats {
  readonly #timers: Timers;
  readonly #all = new Set<Beat>();
  #timer: TimerHandle | null = null;
  #timerDueMs = Infinity;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  add(intervalMs: number, fn: () => void): TimerHandle {
    const nowMs = this.#timers.nowMs();
    const beat = { intervalMs, fn, dueMs: nowMs + untilBeatMs(nowMs, intervalMs) };
    this.#all.add(beat);
    this.#plan(nowMs);
    return {
      cancel: () => {
        if (this.#all.delete(beat)) this.#plan(this.#timers.nowMs());
      },
    };
  }

  #plan(nowMs: number): void {
    let dueMs = Infinity;
    for (const beat of this.#all) dueMs = Math.min(dueMs, beat.dueMs);
    if (dueMs === this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = dueMs === Infinity ? null : this.#timers.after(dueMs - nowMs, () => this.#beat());
  }

  #beat(): void {
    const nowMs = this.#timers.nowMs();
    const due = [...this.#all].filter(({ dueMs }) => dueMs <= nowMs + EARLY_MS);
    for (const beat of due) beat.dueMs = nowMs + untilBeatMs(nowMs, beat.intervalMs);
    this.#timerDueMs = Infinity;
    this.#plan(nowMs);
    const errors: unknown[] = [];
    for (const beat of due) {
      // One of those before may have ended it.
      if (!this.#all.has(beat)) continue;
      try {
        beat.fn();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

const beats = new WeakMap<Timers, Beats>();

/** How often a limit is asked for that a reload may change. */
const ASK_LIMIT_MS = 1000;

/**
 * Calls `fn` once the time from now on reaches a limit, unless the handle is cancelled first.
 *
 * @param limitMs The limit in force: a change takes effect within a second.
 */
export function afterLimit(timers: Timers, limitMs: () => number, fn: (limitMs: number) => void): TimerHandle {
  const sinceMs = timers.nowMs();
  const plan = (leftMs: number) => timers.after(Math.min(Math.max(leftMs, 0), ASK_LIMIT_MS), look);
  const look = () => {
    const limit = limitMs();
    const leftMs = sinceMs + limit - timers.nowMs();
    if (leftMs <= 0) fn(limit);
    else next = plan(leftMs);
  };
  let next = plan(limitMs());
  return { cancel: () => next.cancel() };
}

/** The clock and timers of the running process. The origin is fixed at start, so a changed system clock has no effect. */
export const systemTimers: Timers & WallClock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, fn) {
    const id = setTimeout(fn, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(id) };
  },
};
