import type { Timers } from "../base/clock.ts";

/** Waits, or until `stop` aborts. Never rejects. */
export async function pause(timers: Timers, delayMs: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  const timer = timers.after(delayMs, resolve);
  stop.addEventListener("abort", onAbort, { once: true });
  await promise;
  timer.cancel();
  stop.removeEventListener("abort", onAbort);
}
