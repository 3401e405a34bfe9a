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
 * As {@link every}, at whole multiples of the interval: what a process does now and then happens together. To wake it
 * costs more than most of that.
 */
export function onBeat(timers: Timers, intervalMs: number, fn: () => void): TimerHandle {
  // A timer that comes a little early must not make two beats of one.
  const plan = () => timers.after(intervalMs - ((timers.nowMs() + EARLY_MS) % intervalMs) + EARLY_MS, again);
  const again = () => {
    next = plan();
    fn();
  };
  let next = plan();
  return { cancel: () => next.cancel() };
}

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
