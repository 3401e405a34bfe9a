import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Endpoint, World } from "../../base/world.ts";
import type { ConnectAddress, CoworkerAddress } from "../../config/mod.ts";
import { formatHost } from "../../rtmp/url.ts";

/** What a list needs to look names up. */
export interface CoworkerListContext {
  readonly timers: Timers;
  readonly log: Logger;
  readonly world: Pick<World, "resolve" | "resolveService">;
  /** DNS server to ask; null for the system's. */
  nameServer(): Endpoint | null;
  /** Names lead elsewhere than before. */
  onChange(): void;
}

/** A name that is looked up as long as somebody asks for what it leads to. */
interface LookedUp {
  readonly address: CoworkerAddress;
  found: readonly Endpoint[];
  /** Settles with the first answer. */
  readonly first: Promise<void>;
  /** Looks it up again; null while that is under way. */
  timer: TimerHandle | null;
  /** When it was looked up last. */
  askedMs: number;
  usedMs: number;
  hasFailed: boolean;
}

const LOOK_UP_MS = 5000;
/** Whatever happens, not more often than this. */
const HURRY_MS = 1000;
/** A name that nobody asked for so long is looked up no more: a reload has taken it from the list. */
const UNUSED_MS = 60_000;
/** More addresses than any mesh has: thousands of origins are for an engine. */
const MAX_FOUND = 256;

/**
 * The HTTP APIs of the coworkers as they are now: those of the configuration, and what DNS has for the names in it, looked up
 * every 5 s, and at once when a server asks that is not among them. While DNS does not answer, the last good addresses stay.
 */
export class CoworkerList implements Disposable {
  readonly #context: CoworkerListContext;
  readonly #names = new Map<string, LookedUp>();

  constructor(context: CoworkerListContext) {
    this.#context = context;
  }

  /** The APIs, each once. */
  found(listed: readonly CoworkerAddress[]): readonly ConnectAddress[] {
    const all = listed.flatMap((address) =>
      address.lookUp === undefined
        ? [address]
        : this.#use(address).found.map(({ host, port }) => ({ host, port, text: `${formatHost(host)}:${port}` }))
    );
    return [...new Map(all.map((address) => [address.text, address])).values()];
  }

  /** Addresses of the APIs, `host:port`; as written where they are written out. */
  addresses(listed: readonly CoworkerAddress[]): readonly string[] {
    return this.found(listed).map(({ text }) => text);
  }

  /** Their hosts: what a coworker calls from has such an address. */
  hosts(listed: readonly CoworkerAddress[]): readonly string[] {
    return this.found(listed).map(({ host }) => host);
  }

  /** Settles when each name has been looked up once: soon, whatever DNS does. */
  async ready(listed: readonly CoworkerAddress[]): Promise<void> {
    const names = listed.filter(({ lookUp }) => lookUp !== undefined);
    if (names.length > 0) await Promise.all(names.map((address) => this.#use(address).first));
  }

  /** Somebody who lists this server is none of those that are known: DNS may have him by now. */
  hurry(): void {
    const nowMs = this.#context.timers.nowMs();
    for (const name of this.#names.values()) {
      if (name.timer === null || nowMs - name.askedMs < HURRY_MS) continue;
      name.timer.cancel();
      this.#lookUp(name);
    }
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#names.values()) timer?.cancel();
    this.#names.clear();
  }

  #use(address: CoworkerAddress): LookedUp {
    const { timers } = this.#context;
    const known = this.#names.get(address.text);
    if (known !== undefined) {
      known.usedMs = timers.nowMs();
      return known;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const nowMs = timers.nowMs();
    const name: LookedUp = {
      address,
      found: [],
      first: promise,
      timer: null,
      askedMs: nowMs,
      usedMs: nowMs,
      hasFailed: false,
    };
    this.#names.set(address.text, name);
    this.#lookUp(name).then(resolve);
    return name;
  }

  /** Never throws. */
  async #lookUp(name: LookedUp): Promise<void> {
    const { timers } = this.#context;
    const { address } = name;
    name.timer = null;
    name.askedMs = timers.nowMs();
    const found = await this.#find(address).catch(() => []);
    if (this.#names.get(address.text) !== name) return;
    this.#note(name, found.slice(0, MAX_FOUND));
    name.timer = timers.after(LOOK_UP_MS, () => {
      if (timers.nowMs() - name.usedMs > UNUSED_MS) this.#names.delete(address.text);
      else this.#lookUp(name);
    });
  }

  async #find({ lookUp, host, port }: CoworkerAddress): Promise<readonly Endpoint[]> {
    const { world, nameServer } = this.#context;
    if (lookUp === "srv") return await world.resolveService(host, nameServer());
    return (await world.resolve(host, nameServer())).map((ip) => ({ host: ip, port }));
  }

  #note(name: LookedUp, found: readonly Endpoint[]): void {
    const { log, onChange } = this.#context;
    const { text } = name.address;
    if (found.length === 0) {
      if (name.hasFailed) return;
      name.hasFailed = true;
      const kept = name.found.length === 0 ? "" : `; goes on with the ${name.found.length} addresses known before`;
      return log.warn(`coworkers ${text}: DNS has no address${kept}`);
    }
    name.hasFailed = false;
    const shown = (all: readonly Endpoint[]) => all.map(({ host, port }) => `${formatHost(host)}:${port}`).toSorted();
    const now = shown(found).join(", ");
    // DNS gives them in another order each time.
    const isNew = now !== shown(name.found).join(", ");
    name.found = found;
    if (!isNew) return;
    log.info(`coworkers ${text}: ${now}`);
    onChange();
  }
}
