import type { Clock } from "../base/clock.ts";
import { refusal } from "./envelope.ts";

/** Calls on their way at a time: each waits for another server, which may hang. */
const MAX_PENDING = 32;
/** Calls that begin within a second, whoever asks: other servers have more to do. */
const MAX_PER_SECOND = 50;

/**
 * Bounds the calls that this server passes on to others. They cost it no work, but time: so nobody else waits for them,
 * and who asks what is being asked gets the same answer.
 */
export class PassedCalls {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Promise<Response>>();
  #secondMs = -Infinity;
  #begun = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param text What is asked, and of whom. */
  async answer(text: string, pass: () => Promise<Response>): Promise<Response> {
    const known = this.#pending.get(text);
    if (known !== undefined) return (await known).clone();
    if (this.#pending.size >= MAX_PENDING || !this.#mayBegin()) {
      return refusal(503, "too many calls are being passed on to other servers");
    }
    const passed = pass().finally(() => this.#pending.delete(text));
    this.#pending.set(text, passed);
    return (await passed).clone();
  }

  #mayBegin(): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#secondMs >= 1000) [this.#secondMs, this.#begun] = [nowMs, 0];
    return ++this.#begun <= MAX_PER_SECOND;
  }
}
