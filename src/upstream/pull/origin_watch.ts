import type { Timers } from "../../base/clock.ts";
import type { Network } from "../../net/network.ts";
import { talkRule } from "../redirect_policy.ts";
import type { PullTarget } from "../target.ts";

/** Whether a server takes connections. Never rejects. */
export type CanReach = (target: PullTarget) => Promise<boolean>;

/** Pause between two looks at a server: by so much, on average half, its return is seen late. */
const LOOK_MS = 200;
const CONNECT_TIMEOUT_MS = 1000;

/** Tries a TCP connection. */
export function reachOver(network: Pick<Network, "dial">): CanReach {
  return async ({ host, port, namedBy }) => {
    try {
      const limits = { timeoutMs: CONNECT_TIMEOUT_MS, tlsTimeoutMs: CONNECT_TIMEOUT_MS };
      (await network.dial({ host, port, ...limits, mayTalkTo: talkRule(namedBy) })).close();
      return true;
    } catch {
      return false;
    }
  };
}

/**
 * Tells streams when a server that could not be reached can be again. However many streams wait for it, it is looked at
 * once at a time; and nobody need ask it again and again, nor pause in between for long.
 */
export class OriginWatch {
  readonly #timers: Timers;
  readonly #canReach: CanReach;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(timers: Timers, canReach: CanReach) {
    this.#timers = timers;
    this.#canReach = canReach;
  }

  /** Calls `onBack` once, as soon as the server can be reached, but not at once; disposing it ends the wait. */
  watch(target: PullTarget, onBack: () => void): Disposable {
    const known = this.#waiting.get(target.text);
    const waiting = known ?? new Set();
    // One function may wait several times.
    const call = () => onBack();
    waiting.add(call);
    if (known === undefined) {
      this.#waiting.set(target.text, waiting);
      this.#look(target, waiting);
    }
    return { [Symbol.dispose]: () => void waiting.delete(call) };
  }

  async #look(target: PullTarget, waiting: Set<() => void>): Promise<void> {
    let isBack = false;
    while (!isBack && await this.#pause(waiting)) isBack = await this.#canReach(target);
    this.#waiting.delete(target.text);
    for (const call of [...waiting]) if (waiting.delete(call)) call();
  }

  /** @returns Whether somebody still waits. */
  async #pause(waiting: ReadonlySet<() => void>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#timers.after(LOOK_MS, resolve);
    await promise;
    return waiting.size > 0;
  }
}
