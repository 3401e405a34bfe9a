import type { PublishSession } from "../truth.ts";
import type { FaultBook } from "./fault_book.ts";

/** So long a drain may take at most. */
const DRAIN_MS = 8000;
/** How an encoder sees that its server has stopped. */
const STOPPED = /closed the connection|reset/;

/** A server that drains asks encoders that can do so to go elsewhere, before it ends. */
export class DrainCheck {
  readonly #faults: FaultBook;
  readonly #onFault: (who: string, text: string) => void;

  constructor(faults: FaultBook, onFault: (who: string, text: string) => void) {
    this.#faults = faults;
    this.#onFault = onFault;
  }

  /** The connection of an encoder has ended that was not asked to leave. */
  ended({ server, sinceMs, number, plan }: PublishSession, reason: string, nowMs: number): void {
    const [drain, ...others] = this.#faults.during(nowMs - DRAIN_MS, nowMs);
    if (!plan.canReconnect || drain === undefined || others.length > 0 || !STOPPED.test(reason)) return;
    const { plan: fault, sinceMs: drainMs } = drain;
    const isDrain = fault.kind === "drain" || fault.kind === "apiDrain";
    if (!isDrain || fault.server !== server || sinceMs > drainMs || nowMs > drainMs + DRAIN_MS) return;
    this.#onFault(server, `ends session ${number} of ${plan.stream}, and has not asked its encoder to go elsewhere`);
  }
}
