import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { Owner } from "../directory.ts";
import type { EngineView } from "./engine_view.ts";

/** How soon it is looked again whether the own region has lost the stream. */
const CHECK_MS = 1000;

/** What {@link OtherRegionsWatch} takes of a directory. */
export interface RegionViews {
  readonly own: Pick<EngineView, "find">;
  readonly peers: readonly Pick<EngineView, "watch">[];
  readonly timers: Timers;
  /** How long an answer may take from now on. */
  untilMs(): number;
  /** The owners in the other regions, the newest first. */
  askPeers(): Promise<readonly Owner[]>;
}

/**
 * Tells of the owners of one stream in other regions, as long as the own region has none: what comes from there costs
 * more, and may be an older publish.
 */
export class OtherRegionsWatch implements Disposable {
  readonly #views: RegionViews;
  readonly #key: string;
  readonly #onOwners: (owners: readonly Owner[]) => void;
  readonly #watches = new DisposableStack();
  #isChecking = false;
  #hasNews = false;
  #timer: TimerHandle | null = null;

  constructor(views: RegionViews, key: string, onOwners: (owners: readonly Owner[]) => void) {
    this.#views = views;
    this.#key = key;
    this.#onOwners = onOwners;
    for (const view of views.peers) this.#watches.use(view.watch(key, () => this.#onNews()));
  }

  [Symbol.dispose](): void {
    this.#watches.dispose();
    this.#timer?.cancel();
  }

  #onNews(): void {
    this.#hasNews = true;
    if (this.#isChecking) return;
    this.#timer?.cancel();
    void this.#check();
  }

  async #check(): Promise<void> {
    const { own, timers, untilMs, askPeers } = this.#views;
    this.#isChecking = true;
    while (this.#hasNews && (await own.find(this.#key, false, untilMs())).length === 0) {
      this.#hasNews = false;
      const owners = await askPeers();
      if (owners.length > 0 && !this.#watches.disposed) this.#onOwners(owners);
    }
    this.#isChecking = false;
    if (this.#hasNews && !this.#watches.disposed) this.#timer = timers.after(CHECK_MS, () => void this.#check());
  }
}
