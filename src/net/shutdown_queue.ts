import { systemTimers, type TimerHandle, type Timers } from "../base/clock.ts";
import { shutdownSockets, type SocketAddress } from "./socket_shutdown.ts";

/** Options of {@link ShutdownQueue}. */
export interface ShutdownQueueOptions {
  /** Least time between two searches. */
  readonly minPauseMs: number;
  /** Shuts down the sockets with these addresses; takes its time. */
  shutdown?(addresses: readonly SocketAddress[]): void;
  readonly timers?: Timers;
}

/**
 * A search looks at every open file of the process, and blocks it meanwhile. For each millisecond it takes, the process
 * is left alone for this many: thousands of sockets that are closed one by one cost 5% of the time, no more.
 */
const PAUSES_PER_SEARCH = 20;

/**
 * Sockets that were closed here and may hold on to their descriptors: whatever is still there after its time of grace is
 * shut down, all that are due by one search.
 */
export class ShutdownQueue {
  readonly #waiting = new Map<string, { readonly address: SocketAddress; readonly dueMs: number }>();
  readonly #minPauseMs: number;
  readonly #shutdown: (addresses: readonly SocketAddress[]) => void;
  readonly #timers: Timers;
  #timer: TimerHandle | null = null;
  #timerDueMs = Infinity;
  #notBeforeMs = -Infinity;

  constructor({ minPauseMs, shutdown = shutdownSockets, timers = systemTimers }: ShutdownQueueOptions) {
    this.#minPauseMs = minPauseMs;
    this.#shutdown = shutdown;
    this.#timers = timers;
  }

  /** Sockets that wait for their end. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Shuts the socket down after `graceMs`, or a little later. */
  add(address: SocketAddress, graceMs: number): void {
    const dueMs = this.#timers.nowMs() + graceMs;
    this.#waiting.set(keyOf(address), { address, dueMs });
    this.#schedule(dueMs);
  }

  /** It is gone by itself, or its numbers have come again with another socket. */
  remove(address: SocketAddress): void {
    if (this.#waiting.delete(keyOf(address)) && this.#waiting.size === 0) this.#cancel();
  }

  #schedule(dueMs: number): void {
    const atMs = Math.max(dueMs, this.#notBeforeMs);
    if (atMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = atMs;
    this.#timer = this.#timers.after(atMs - this.#timers.nowMs(), () => this.#search());
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerDueMs = Infinity;
  }

  #search(): void {
    this.#cancel();
    const startedMs = this.#timers.nowMs();
    const due: SocketAddress[] = [];
    let nextDueMs = Infinity;
    for (const [key, { address, dueMs }] of this.#waiting) {
      if (dueMs > startedMs) {
        nextDueMs = Math.min(nextDueMs, dueMs);
      } else {
        this.#waiting.delete(key);
        due.push(address);
      }
    }
    if (due.length > 0) {
      this.#shutdown(due);
      const endedMs = this.#timers.nowMs();
      this.#notBeforeMs = endedMs + Math.max(this.#minPauseMs, PAUSES_PER_SEARCH * (endedMs - startedMs));
    }
    if (this.#waiting.size > 0) this.#schedule(nextDueMs);
  }
}

function keyOf({ localIp, localPort, remoteIp, remotePort }: SocketAddress): string {
  return `${localIp} ${localPort} ${remoteIp} ${remotePort}`;
}
