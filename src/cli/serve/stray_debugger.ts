import inspector from "node:inspector";

/** Looked for more than once: the runtime opens it on a thread of its own. */
const LOOK_AFTER_MS = [50, 500];

/**
 * Deno from 2.9.2 on takes SIGUSR1 as the wish to be debugged and opens port 9229, where SRS means its log file. Any user
 * of the machine could then run code in this server, so the port is closed again.
 */
export class StrayDebugger implements Disposable {
  readonly #isWanted = Boolean(inspector.url());
  #timers: ReturnType<typeof setTimeout>[] = [];

  /** To be called on SIGUSR1. */
  onSignal(): void {
    if (this.#isWanted) return;
    this.#clear();
    this.#timers = LOOK_AFTER_MS.map((delayMs) => setTimeout(() => inspector.url() && inspector.close(), delayMs));
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
