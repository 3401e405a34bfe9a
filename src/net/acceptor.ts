import { systemTimers, type Timers } from "../base/clock.ts";

/**
 * Accepts handed out in one turn of the event loop. Accepts that succeed at once never leave the microtask queue: a
 * flood of connections would keep everything else waiting.
 */
const ACCEPTS_PER_TURN = 64;

/**
 * Hands out the connections of a listening socket, without those whose peer was gone before they were accepted: they
 * cost a server nothing, and say nothing about it. Port scanners and health checks that reset make them all day.
 */
export class Acceptor<S> {
  readonly #accept: () => Promise<S>;
  readonly #timers: Timers;
  #acceptsInTurn = 0;

  /** @param accept Starts the next accept. */
  constructor(accept: () => Promise<S>, timers: Timers = systemTimers) {
    this.#accept = accept;
    this.#timers = timers;
  }

  /**
   * The next connection whose peer was there a moment ago.
   *
   * @throws What is wrong with the listening socket itself: it is closed, or the process has too many open files.
   */
  async next(): Promise<S> {
    while (true) {
      if (++this.#acceptsInTurn > ACCEPTS_PER_TURN) {
        this.#acceptsInTurn = 0;
        await new Promise<void>((resolve) => this.#timers.after(0, resolve));
      }
      try {
        return await this.#accept();
      } catch (error) {
        if (!isPeerGone(error)) throw error;
      }
    }
  }
}

/**
 * Whether an accept failed because of one peer, so that the next one can be accepted at once.
 *
 * Deno asks an accepted socket for its addresses: one that was reset meanwhile has none (`NotConnected`). Linux also
 * passes on errors that were already pending on the new socket; accept(2) says to treat them as "try again".
 */
export function isPeerGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.TimedOut ||
    (error instanceof Error && "code" in error && PENDING_CODES.has(String(error.code)));
}

/** Errors of the path to the peer, for which Deno has no class in every version. Source: accept(2) of Linux. */
const PENDING_CODES = new Set([
  "ENETDOWN",
  "EPROTO",
  "ENOPROTOOPT",
  "EHOSTDOWN",
  "ENONET",
  "EHOSTUNREACH",
  "EOPNOTSUPP",
  "ENETUNREACH",
]);
