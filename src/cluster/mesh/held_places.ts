/** Questions that one coworker is asked to keep. */
export const MAX_HELD = 256;

/** Why a question that is kept ended before its answer. */
export type HeldEnd = "displaced" | "lost" | "renewed";

/** The place of one question, to be disposed of at its end. */
export interface QuestionPlace extends Disposable {
  /** Aborted when the question is to end before its answer. */
  readonly signal: AbortSignal;
  /** Why that was; null while it was not. */
  readonly end: HeldEnd | null;
}

/**
 * The places of the questions that one coworker keeps. When all are taken, whoever has the most gives one up to whoever
 * has fewer: an address that waits for a thousand made-up names pushes nobody out.
 */
export class HeldPlaces {
  /** By the network on whose behalf they are, in the order they were taken. */
  readonly #places = new Map<string, Set<Place>>();
  #count = 0;

  /** Questions that it keeps now. */
  get count(): number {
    return this.#count;
  }

  /** @param from Networks that wait for the answer: the place is that of the one with the fewest. @returns Null if all are taken. */
  enter(from: readonly string[]): QuestionPlace | null {
    const network = from.reduce((least, next) => this.#of(next) < this.#of(least) ? next : least, from[0] ?? "");
    if (this.#count >= MAX_HELD && !this.#displace(this.#of(network))) return null;
    const places = this.#places.get(network) ?? new Set();
    const place: Place = new Place(() => {
      if (!places.delete(place)) return;
      if (places.size === 0) this.#places.delete(network);
      this.#count--;
    });
    this.#places.set(network, places.add(place));
    this.#count++;
    return place;
  }

  /** Those there are now. */
  all(): readonly { abort(end: HeldEnd): void }[] {
    return [...this.#places.values()].flatMap((places) => [...places]);
  }

  #of(network: string): number {
    return this.#places.get(network)?.size ?? 0;
  }

  /** Ends one of those who have the most, if that is fair to them. */
  #displace(count: number): boolean {
    let most = new Set<Place>();
    for (const places of this.#places.values()) if (places.size > most.size) most = places;
    const [oldest] = most;
    if (oldest === undefined || most.size < count + 2) return false;
    oldest.abort("displaced");
    return true;
  }
}

class Place implements QuestionPlace {
  end: HeldEnd | null = null;
  readonly #controller = new AbortController();
  readonly #leave: () => void;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(end: HeldEnd): void {
    this.end ??= end;
    this.#leave();
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}
