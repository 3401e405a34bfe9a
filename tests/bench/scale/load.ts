import { CallTimes } from "./call_times.ts";
import { type Farm, sleep } from "./farm.ts";

/** Calls under way; what comes on top is left out and counted. */
const MAX_UNDER_WAY = 8000;
const TICK_MS = 5;

/** Publishes and look-ups a second. */
export interface LoadRate {
  readonly claims: number;
  readonly finds: number;
}

/** Claims and looks up at a steady rate, whatever the answers take. */
export class Load {
  readonly #farm: Farm;
  readonly #ended: Promise<void>;
  readonly claims = new CallTimes();
  readonly finds = new CallTimes();
  /** How long calls were begun. */
  seconds = 0;
  #underWay = 0;
  #isOver = false;

  constructor(farm: Farm, rate: LoadRate) {
    this.#farm = farm;
    this.#ended = this.#run(rate);
  }

  /** Ends it, and waits for the calls that are under way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #run(rate: LoadRate): Promise<void> {
    const startedMs = performance.now();
    let [claimed, found] = [0, 0];
    while (!this.#isOver) {
      const seconds = this.seconds = (performance.now() - startedMs) / 1000;
      for (; claimed < rate.claims * seconds; claimed++) this.#time(this.claims, () => this.#farm.publishAgain());
      for (; found < rate.finds * seconds; found++) this.#time(this.finds, () => this.#find());
      await sleep(TICK_MS);
    }
    while (this.#underWay > 0) await sleep(TICK_MS);
  }

  async #find(): Promise<boolean> {
    const { node, stream } = this.#farm.anyPair();
    return await this.#farm.finds(node, stream);
  }

  #time(times: CallTimes, call: () => Promise<boolean>): void {
    if (this.#underWay >= MAX_UNDER_WAY) {
      times.leftOut++;
      return;
    }
    this.#underWay++;
    const startedMs = performance.now();
    call().then((isRight) => {
      this.#underWay--;
      times.add(performance.now() - startedMs);
      if (!isRight) times.wrong++;
    });
  }
}
