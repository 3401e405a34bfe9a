import type { World } from "../../base/world.ts";
import type { ForwardState } from "../../upstream/forward/stream_forward.ts";
import { randomId } from "../identity.ts";

/** A copy of a stream on its way to another server. */
export interface StartedCopy extends Disposable {
  /** As {@link ForwardEntry.shown}. */
  readonly shown: string;
  readonly state: ForwardState;
}

/** Starts a copy to an address; in words, why there can be none. */
export type StartCopy = (address: string) => StartedCopy | string;

/** One destination of one stream. */
export interface ForwardEntry {
  readonly id: string;
  readonly key: string;
  /** Server and application, without the name of the stream there, which may be a key; empty before the first try. */
  shown: string;
  /** By the API, and not by the configuration or a hook. */
  readonly isAdded: boolean;
  readonly sinceMs: number;
  /** Null while nobody publishes the stream. */
  copy: StartedCopy | null;
  /** What is wrong with the address; empty if nothing is. */
  fault: string;
}

const MAX_PER_STREAM = 20;
const MAX_ADDED = 200;

/**
 * Who gets copies of which stream. Destinations of the configuration live as long as the publish; those that were added
 * while the server runs stay until they are removed, and begin anew with each publish.
 */
export class ForwardBook {
  readonly #world: Pick<World, "randomBytes" | "nowMs">;
  readonly #entries = new Map<string, ForwardEntry & { readonly address: string }>();
  readonly #starters = new Map<string, StartCopy>();

  constructor(world: Pick<World, "randomBytes" | "nowMs">) {
    this.#world = world;
  }

  /** All destinations, in the order they came. */
  all(): ForwardEntry[] {
    return [...this.#entries.values()];
  }

  /** A stream is published. Disposing ends its copies. */
  begin(key: string, addresses: readonly string[], start: StartCopy): Disposable {
    this.#starters.set(key, start);
    // Those of a publisher that this one replaces end with it.
    const known = this.#of(key).filter(({ isAdded }) => isAdded);
    for (const entry of known) this.#start(entry, start);
    const added = new Set(known.map(({ address }) => address));
    const own = [...new Set(addresses)].filter((address) => !added.has(address)).map((address) => {
      const entry = this.#enter({ key, address, shown: "", isAdded: false });
      this.#start(entry, start);
      return entry;
    });
    return {
      [Symbol.dispose]: () => {
        // The next publisher may be there already.
        if (this.#starters.get(key) === start) this.#starters.delete(key);
        for (const { id } of own) this.remove(id);
        if (!this.#starters.has(key)) this.#of(key).forEach((entry) => this.#end(entry));
      },
    };
  }

  /**
   * Adds a destination to a stream, published or not.
   *
   * @param shown As {@link ForwardEntry.shown}.
   * @returns The entry, or in words why not.
   */
  add(key: string, address: string, shown: string): ForwardEntry | string {
    const known = this.#of(key);
    if (known.some((entry) => entry.address === address)) return "the stream is forwarded there already";
    const added = this.all().filter(({ isAdded }) => isAdded).length;
    if (known.length >= MAX_PER_STREAM || added >= MAX_ADDED) {
      return `no more than ${MAX_PER_STREAM} destinations of a stream, and ${MAX_ADDED} of a server`;
    }
    const entry = this.#enter({ key, address, shown, isAdded: true });
    const start = this.#starters.get(key);
    if (start !== undefined) this.#start(entry, start);
    if (entry.fault === "") return entry;
    this.remove(entry.id);
    return entry.fault;
  }

  /** Ends a copy, and forgets its destination. False if there is none of that id. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#end(entry);
    return this.#entries.delete(id);
  }

  #enter(asked: Pick<ForwardEntry, "key" | "shown" | "isAdded"> & { readonly address: string }) {
    const id = `fwd-${randomId(this.#world, 7)}`;
    const entry = { ...asked, id, sinceMs: this.#world.nowMs(), copy: null, fault: "" };
    this.#entries.set(id, entry);
    return entry;
  }

  #start(entry: ForwardEntry & { readonly address: string }, start: StartCopy): void {
    this.#end(entry);
    const started = start(entry.address);
    if (typeof started === "string") entry.fault = started;
    else {
      entry.copy = started;
      entry.shown = started.shown;
    }
  }

  #end(entry: ForwardEntry): void {
    entry.copy?.[Symbol.dispose]();
    entry.copy = null;
  }

  #of(key: string) {
    return [...this.#entries.values()].filter((entry) => entry.key === key);
  }
}
