import { addressKey } from "../access/address_counter.ts";

/** Plays of one address that wait for streams which are not here: an edge that lost an origin has many. */
export const MAX_WAITING_PER_ADDRESS = 1000;

/** Counts the plays that wait for their stream, by address: each is looked for until it comes, or its time is over. */
export class WaitingPlays {
  readonly #counts = new Map<string, number>();

  /** Counts one more, which is to be disposed of when it waits no longer; null when the address has too many. */
  enter(ip: string): Disposable | null {
    const network = addressKey(ip);
    const count = this.#counts.get(network) ?? 0;
    if (count >= MAX_WAITING_PER_ADDRESS) return null;
    this.#counts.set(network, count + 1);
    let hasLeft = false;
    return {
      [Symbol.dispose]: () => {
        if (hasLeft) return;
        hasLeft = true;
        const left = (this.#counts.get(network) ?? 1) - 1;
        if (left === 0) this.#counts.delete(network);
        else this.#counts.set(network, left);
      },
    };
  }
}
