import { H2Error, H2ErrorCode } from "./h2_error.ts";

/** What frames cost that bring no answer on. */
export const FrameCost = {
  /** Pings, settings, windows, priorities, data that is dropped. */
  Idle: 1,
  /** A request that cannot be taken, or is malformed. */
  Refused: 10,
  /** A request that its client takes back: the work on it was for nothing. */
  Reset: 20,
} as const;

/** As much as a client of good will never needs: a hundred requests taken back in a second, and two thousand small frames. */
const MAX_CREDIT = 4000;
const CREDIT_PER_TICK = 2000;
/** Who gets data confirms it, with frames of this many bytes at the most. */
const BYTES_PER_CREDIT = 2048;

/** How many frames a peer may send that cost work and lead to nothing. */
export class FrameBudget {
  #credit = MAX_CREDIT;

  /** @throws {H2Error} `EnhanceYourCalm`. */
  spend(cost: number): void {
    this.#credit -= cost;
    if (this.#credit < 0) throw new H2Error(H2ErrorCode.EnhanceYourCalm, "too many frames that lead to nothing");
  }

  /** Data was sent. */
  earn(bytes: number): void {
    this.#add(bytes / BYTES_PER_CREDIT);
  }

  /** About a second has passed. */
  refill(): void {
    this.#add(CREDIT_PER_TICK);
  }

  #add(credit: number): void {
    this.#credit = Math.min(MAX_CREDIT, this.#credit + credit);
  }
}
