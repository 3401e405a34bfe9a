import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { Span } from "../../base/trace.ts";
import type { FindOptions, Owner } from "../directory.ts";
import type { OwnerQuery } from "./coworker_question.ts";
import { type CoworkerAsker, CoworkerWatch } from "./coworker_watch.ts";

/** What a watch takes of the mesh. */
export interface StreamWatchContext {
  readonly coworkers: CoworkerAsker;
  readonly timers: Timers;
  /** Whom to ask now, and how. */
  query(): OwnerQuery;
  /** Settles when the list of those to ask is known. */
  ready(): Promise<void>;
  /** Those that count, the best first. */
  rank(owners: readonly Owner[]): readonly Owner[];
  /** The last one that watched has left. */
  onUnwatched(): void;
  /** Nobody has watched for a while. */
  onIdle(): void;
}

/** One that waits. */
interface Watcher {
  readonly onOwners: (owners: readonly Owner[]) => void;
  /** Network of the client that waits. */
  readonly from: string;
  /** What it was told last. */
  told: string;
}

/** How long the others may take after the first coworker says that it has the stream: it may be wrong. */
const OTHERS_MS = 30;
/** Whoever is refused comes back: its question is still there. Longer than the default `owner_timeout` and an edge's pause. */
const LINGER_MS = 15_000;
/** So many of those that wait are looked at. */
const MAX_FROM = 16;
/** How soon a change of the list of coworkers counts. */
const LIST_CHECK_MS = 5000;

/** All who wait for one stream: they share one question to each coworker. */
export class StreamWatch implements Disposable {
  readonly #context: StreamWatchContext;
  readonly #watchers = new Set<Watcher>();
  readonly #asked = new Map<string, CoworkerWatch>();
  readonly #owners = new Map<string, Owner>();
  #tellTimer: TimerHandle | null = null;
  #lingerTimer: TimerHandle | null = null;
  #listTimer: TimerHandle | null = null;

  constructor(context: StreamWatchContext) {
    this.#context = context;
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Tells one more, from now on. */
  add(
    onOwners: (owners: readonly Owner[]) => void,
    { trace = null, from = "" }: Pick<FindOptions, "trace" | "from"> = {},
  ): Disposable {
    const watcher: Watcher = { onOwners, from, told: "" };
    this.#watchers.add(watcher);
    this.#lingerTimer?.cancel();
    // What was said a while ago may have changed.
    for (const watch of this.#asked.values()) watch.hurry();
    this.checkList(trace);
    this.#context.ready().then(() => {
      if (this.#watchers.has(watcher)) this.checkList(trace);
    });
    return {
      [Symbol.dispose]: () => {
        if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#onUnwatched();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#watchers.clear();
    for (const timer of [this.#tellTimer, this.#lingerTimer, this.#listTimer]) timer?.cancel();
    for (const watch of this.#asked.values()) watch[Symbol.dispose]();
    this.#asked.clear();
  }

  #onUnwatched(): void {
    const { timers, onIdle, onUnwatched } = this.#context;
    if (this.#owners.size > 0) return onIdle();
    this.#lingerTimer = timers.after(LINGER_MS, onIdle);
    onUnwatched();
  }

  /** Asks those that are new in the list, and those no more that have left it. */
  checkList(trace: Span | null = null): void {
    const { coworkers, timers, query } = this.#context;
    const listed = new Set(query().coworkers);
    for (const [coworker, watch] of this.#asked) {
      if (listed.has(coworker)) continue;
      watch[Symbol.dispose]();
      this.#asked.delete(coworker);
      this.#owners.delete(coworker);
    }
    for (const coworker of listed) {
      if (this.#asked.has(coworker) || coworkers.isSelf(coworker)) continue;
      const onAnswer = (owner: Owner | null) => this.#onAnswer(coworker, owner);
      const isWanted = () => this.isWatched;
      let asks = 0;
      const ask = () => ({ ...query(), isWanted, from: this.#from(), trace: asks++ === 0 ? trace : null });
      this.#asked.set(coworker, new CoworkerWatch({ coworkers, timers }, coworker, ask, onAnswer));
    }
    this.#listTimer?.cancel();
    this.#listTimer = timers.after(LIST_CHECK_MS, () => this.checkList());
  }

  #from(): string[] {
    return [...new Set(this.#watchers.values().take(MAX_FROM).map(({ from }) => from))];
  }

  #onAnswer(coworker: string, owner: Owner | null): void {
    if (owner === null) {
      this.#owners.delete(coworker);
      // One that comes back is news.
      if (this.#owners.size === 0) { for (const watcher of this.#watchers) watcher.told = ""; }
      return;
    }
    this.#owners.set(coworker, owner);
    this.#tellTimer ??= this.#context.timers.after(this.#asked.size > 1 ? OTHERS_MS : 0, () => this.#tell());
  }

  /** Tells each what it does not know yet. */
  #tell(): void {
    this.#tellTimer = null;
    const owners = this.#context.rank([...this.#owners.values()]);
    if (owners.length === 0) return;
    const told = owners.map(({ ip, port, epoch = 0, isDraining }) => `${ip}:${port} ${epoch} ${isDraining}`).sort()
      .join();
    for (const watcher of [...this.#watchers]) {
      if (watcher.told === told || !this.#watchers.has(watcher)) continue;
      watcher.told = told;
      watcher.onOwners(owners);
    }
  }
}
