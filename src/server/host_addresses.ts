import type { Clock } from "../base/clock.ts";
import { parseAddress } from "./security_address.ts";

/** Addresses of a host name; an empty list when it has none, or nobody says. Never rejects. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** What was found is good for so long: pods and containers come back with other addresses. */
const KEEP_MS = 5000;
const TIMEOUT_MS = 2000;
/** Names come from the configuration; more than a cluster has only after many reloads. */
const MAX_NAMES = 256;

/** Tells whether hosts of the configuration, named or by number, have an address. */
export class HostAddresses {
  readonly #clock: Clock;
  readonly #resolve: ResolveHost;
  readonly #known = new Map<string, { atMs: number; found: Promise<readonly string[]> }>();

  constructor(clock: Clock, resolve: ResolveHost = resolveHost) {
    this.#clock = clock;
    this.#resolve = resolve;
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
    const nowMs = this.#clock.nowMs();
    const known = this.#known.get(name);
    if (known !== undefined && nowMs - known.atMs < KEEP_MS) return known.found;
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    const found = this.#resolve(name);
    this.#known.set(name, { atMs: nowMs, found });
    return found;
  }
}

/** By the system's hosts file and name servers. */
async function resolveHost(host: string): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answers = await Promise.allSettled(
    (["A", "AAAA"] as const).map((type) => Deno.resolveDns(host, type, { signal })),
  );
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
}
