import type { World } from "../../base/world.ts";
import { parseAddress } from "./address_range.ts";

/** How long an answer counts: pods and containers come back with other addresses. */
const KEEP_MS = 5000;
/** Names come from the configuration; more than a cluster has only after many reloads. */
const MAX_NAMES = 256;

/** Tells whether hosts of the configuration, named or by number, have an address. */
export class HostAddresses {
  readonly #world: Pick<World, "nowMs" | "resolve">;
  readonly #known = new Map<string, { atMs: number; found: Promise<readonly string[]> }>();

  constructor(world: Pick<World, "nowMs" | "resolve">) {
    this.#world = world;
  }

  /** Whether one of the hosts is at the address. An IPv4 address written in IPv6 is the IPv4 address. */
  async anyIsAt(hosts: readonly string[], address: string): Promise<boolean> {
    const wanted = parseAddress(address)?.join();
    if (wanted === undefined) return false;
    const isWanted = (text: string) => parseAddress(text)?.join() === wanted;
    if (hosts.some(isWanted)) return true;
    const names = hosts.filter((host) => parseAddress(host) === null);
    const found = await Promise.all(names.map((name) => this.#find(name)));
    return found.flat().some(isWanted);
  }

  #find(name: string): Promise<readonly string[]> {
    const nowMs = this.#world.nowMs();
    const known = this.#known.get(name);
    if (known !== undefined && nowMs - known.atMs < KEEP_MS) return known.found;
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    // Where nobody says, it has none.
    const found = this.#world.resolve(name).catch(() => []);
    this.#known.set(name, { atMs: nowMs, found });
    return found;
  }
}
