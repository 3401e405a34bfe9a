/** Exit statuses of a process that a signal ended, as shells count them. */
const statuses: Partial<Record<Deno.Signal, number>> = { SIGINT: 130, SIGTERM: 143, SIGBREAK: 149 };

const stopSignals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** Signals that ask the program to end. Listens from the first look at {@link signal} on. */
export class StopSignals {
  readonly #stop = new AbortController();
  readonly #forced = Promise.withResolvers<number>();
  #listening = false;

  /** Aborts on the first signal, with its name as the reason. */
  get signal(): AbortSignal {
    if (!this.#listening) this.#listen();
    return this.#stop.signal;
  }

  /** Settles on the second signal, with the exit status for it: the program is to end without further care. */
  get forced(): Promise<number> {
    return this.#forced.promise;
  }

  #listen(): void {
    this.#listening = true;
    for (const name of stopSignals) {
      onSignal(name, () => {
        if (this.#stop.signal.aborted) this.#forced.resolve(statuses[name] ?? 1);
        else this.#stop.abort(name);
      });
    }
  }
}

/** Calls `handler` on each such signal until disposed. Does nothing where the system has no such signal. */
export function onSignal(name: Deno.Signal, handler: () => void): Disposable {
  const isKnown = Deno.build.os !== "windows" || ["SIGINT", "SIGBREAK", "SIGHUP"].includes(name);
  if (!isKnown) return { [Symbol.dispose]() {} };
  Deno.addSignalListener(name, handler);
  return { [Symbol.dispose]: () => Deno.removeSignalListener(name, handler) };
}

/** What a server does on the signals that do not simply end it. */
export interface ServerSignals {
  /** SIGQUIT: end, but let clients finish. */
  quit(): void;
  /** SIGHUP: read the configuration again. */
  reload(): void;
  /** SIGUSR1: open the log file again, after a rotation. */
  reopenLog(): void;
}

/** Listens for the signals of a server, as SRS has them, until disposed. SIGUSR2 would end SRS; here it does nothing. */
export function onServerSignals(signals: ServerSignals): Disposable {
  const listeners = new DisposableStack();
  listeners.use(onSignal("SIGQUIT", () => signals.quit()));
  listeners.use(onSignal("SIGHUP", () => signals.reload()));
  listeners.use(onSignal("SIGUSR1", () => signals.reopenLog()));
  listeners.use(onSignal("SIGUSR2", () => {}));
  return listeners;
}
