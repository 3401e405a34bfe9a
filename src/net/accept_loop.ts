import type { Timers } from "../base/clock.ts";
import { Acceptor } from "./acceptor.ts";

/** Options of {@link AcceptLoop}. */
export interface AcceptLoopOptions<S> {
  /** Starts the next accept. */
  accept(): Promise<S>;
  /** Owns the connection it gets, and must not throw; the loop never waits for it. */
  onConn(conn: S): void;
  /**
   * Told when connections could not be accepted, at most once a second.
   *
   * @param error The latest failure, such as too many open files.
   * @param count Failures since the last call.
   */
  onAcceptError(error: unknown, count: number): void;
  readonly timers: Timers;
}

const BACK_OFF_MS = 50;
const REPORT_MS = 1000;

/**
 * Accepts connections until it is stopped.
 *
 * When the listening socket itself fails (too many open files and the like), it tries again after a short pause: the
 * peers wait in the backlog meanwhile. A peer that left before it was accepted costs no pause.
 */
export class AcceptLoop<S> {
  readonly #options: AcceptLoopOptions<S>;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(options: AcceptLoopOptions<S>) {
    this.#options = options;
  }

  /** Settles once the loop was stopped and the accept under way has ended: only then is the port free. */
  async run(): Promise<void> {
    const { accept, onConn, onAcceptError, timers } = this.#options;
    const acceptor = new Acceptor(accept, timers);
    let failures = 0;
    let reportedAtMs = -Infinity;
    while (!this.#stopped) {
      let conn: S;
      try {
        conn = await acceptor.next();
      } catch (error) {
        if (this.#stopped) return;
        failures++;
        if (timers.nowMs() - reportedAtMs >= REPORT_MS) {
          onAcceptError(error, failures);
          reportedAtMs = timers.nowMs();
          failures = 0;
        }
        await this.#pause();
        continue;
      }
      onConn(conn);
    }
  }

  /** To be called before the listening socket is closed. */
  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** Waits for the back-off time or the stop. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(BACK_OFF_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
