import type { VhostHandle } from "../config/mod.ts";
import type {
  Claim,
  ClaimOptions,
  ClaimOutcome,
  ClusterNode,
  FindOptions,
  Owner,
  SegmentHolder,
  ServerAddress,
  StreamDirectory,
  StreamRef,
} from "./directory.ts";

/**
 * Two directories as one: the first is asked first, the second where the first knows nobody or does not answer. Both know
 * of the streams of this server, and either can take one from it.
 */
export class BothDirectory implements StreamDirectory {
  readonly #first: StreamDirectory;
  readonly #second: StreamDirectory;

  constructor(first: StreamDirectory, second: StreamDirectory) {
    this.#first = first;
    this.#second = second;
  }

  covers(vhost: VhostHandle): boolean {
    return this.#first.covers(vhost) || this.#second.covers(vhost);
  }

  async find(stream: StreamRef, options: FindOptions = {}): Promise<readonly Owner[]> {
    return await this.#confirm(stream, await this.#first.find(stream, options), options);
  }

  /** Where the first fails, its owners are those of an earlier time: the second may know better. */
  async #confirm(stream: StreamRef, owners: readonly Owner[], options: FindOptions): Promise<readonly Owner[]> {
    const isKnown = owners.length > 0 && this.#first.unasked(stream) === "";
    if (isKnown || options.isWanted?.() === false) return owners;
    const others = await this.#second.find(stream, options);
    return others.length > 0 ? others : owners;
  }

  watch(stream: StreamRef, onOwners: (owners: readonly Owner[]) => void, options: FindOptions = {}): Disposable {
    let told = "";
    const onNews = (owners: readonly Owner[]) => {
      // Both tell of the same publish, one a little later; those of an SRS server have no epoch.
      const text = owners.map(({ ip, port, epoch = 0 }) => `${ip}:${port} ${epoch}`).join();
      if (text === told) return;
      told = text;
      onOwners(owners);
    };
    const stack = new DisposableStack();
    let count = 0;
    const onFirst = async (owners: readonly Owner[]) => {
      const number = ++count;
      const confirmed = await this.#confirm(stream, owners, options);
      if (number === count && !stack.disposed) onNews(confirmed);
    };
    stack.use(this.#first.watch(stream, (owners) => void onFirst(owners), options));
    stack.use(this.#second.watch(stream, onNews, options));
    return stack;
  }

  async claim(stream: StreamRef, options: ClaimOptions): Promise<ClaimOutcome> {
    const parts: Claim[] = [];
    const state = { isOver: false, isMade: false, lost: null as string | null };
    const dispose = () => {
      state.isOver = true;
      for (const part of parts) part[Symbol.dispose]();
    };
    const onLost = (reason: string) => {
      if (state.isOver) return;
      // Whoever has lost it in one of them has it in neither.
      dispose();
      // While the other one is asked, nobody publishes yet who could hear of it.
      if (state.isMade) options.onLost(reason);
      else state.lost = reason;
    };
    const onRaised = (epoch: number) => {
      if (state.isOver) return;
      for (const part of parts) part.raise?.(epoch);
      options.onRaised?.(epoch);
    };
    // What the first grants counts at once, and may end another publisher: not before the second has answered, which knows
    // what a first one has forgotten.
    for (const directory of [this.#second, this.#first]) {
      // Both are to tell the same epoch: whoever has seen the higher one takes the other for that of an older publish.
      const minEpoch = Math.max(options.minEpoch ?? 0, ...parts.map(({ epoch }) => epoch));
      const outcome = await directory.claim(stream, { ...options, minEpoch, onLost, onRaised });
      if ("takenBy" in outcome) {
        dispose();
        return outcome;
      }
      parts.push(outcome.claim);
      // Lost in the one while the other was asked.
      if (state.isOver) dispose();
    }
    const epoch = Math.max(...parts.map((part) => part.epoch));
    for (const part of parts) if (part.epoch < epoch) part.raise?.(epoch);
    state.isMade = true;
    return {
      claim: {
        get epoch() {
          return Math.max(...parts.map((part) => part.epoch));
        },
        announce: () => {
          const { lost } = state;
          state.lost = null;
          if (lost !== null) return options.onLost(lost);
          if (!state.isOver) { for (const part of parts) part.announce(); }
        },
        [Symbol.dispose]: dispose,
      },
    };
  }

  recheck(stream: StreamRef, epoch: number): void {
    this.#first.recheck(stream, epoch);
    this.#second.recheck(stream, epoch);
  }

  unasked(stream: StreamRef): string {
    return [this.#first, this.#second].map((directory) => directory.unasked(stream)).filter((text) => text !== "").join(
      "; ",
    );
  }

  /** The second has asked whether they take clients; the first knows who is there. */
  async standIns(stream: StreamRef): Promise<readonly ServerAddress[]> {
    const willing = await this.#second.standIns(stream);
    return willing.length > 0 ? willing : await this.#first.standIns(stream);
  }

  segmentHolders(stream: StreamRef): Promise<readonly SegmentHolder[]> {
    return this.#second.segmentHolders(stream);
  }

  members(): readonly ClusterNode[] {
    const first = this.#first.members();
    const known = new Set(first.flatMap(({ id, address }) => address === "" ? [id] : [id, address]));
    const others = this.#second.members().filter(({ id, address, isSelf }) =>
      !isSelf && !known.has(id) && !known.has(address)
    );
    return [...first, ...others];
  }
}
