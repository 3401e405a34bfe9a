/**
 * How many requests of HTTP/2 are answered at a time, on all connections of a listener: as many as there may be connections,
 * as if each had its own. Every connection may have one.
 */
export class ExchangePlaces {
  readonly #most: () => number;
  #taken = 0;

  constructor(most: () => number) {
    this.#most = most;
  }

  /** @param isFirst The connection has no other. @returns False if there are too many. */
  take(isFirst: boolean): boolean {
    if (!isFirst && this.#taken >= this.#most()) return false;
    this.#taken++;
    return true;
  }

  leave(): void {
    this.#taken--;
  }
}
