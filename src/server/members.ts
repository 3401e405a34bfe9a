import { encodeUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { equalInConstantTime } from "../base/constant_time.ts";
import { COWORKER_TOKEN_HEADER } from "../cluster/coworkers.ts";
import type { VhostConfig } from "../config/mod.ts";
import { HostAddresses, type ResolveHost } from "./host_addresses.ts";

/** Who calls the API. */
export interface Caller {
  readonly headers: Headers;
  readonly remoteIp: string;
}

/** Tells the origins of a cluster from strangers. */
export class Members {
  readonly #addresses: HostAddresses;

  /** @param resolve Finds the addresses of coworkers that are configured by name; by default the system does. */
  constructor(clock: Clock, resolve?: ResolveHost) {
    this.#addresses = new HostAddresses(clock, resolve);
  }

  /** Whether a caller may ask who has a stream of the vhost: without a `coworker_token` anybody may, as in SRS. */
  mayAsk(vhost: VhostConfig | undefined, { headers }: Caller): boolean {
    const token = vhost?.cluster.coworkerToken ?? "";
    return token === "" || showsToken(token, headers);
  }

  /**
   * Why a caller is no member of the vhost's origin cluster, with what to do; null for a member: one that shows the
   * `coworker_token`, or where there is none, one that calls from the address of a configured coworker.
   */
  async whyStranger({ name, cluster }: VhostConfig, { headers, remoteIp }: Caller): Promise<string | null> {
    if (cluster.mode === "remote" || !cluster.originCluster) return `vhost ${name} has no origin cluster`;
    if (cluster.coworkerToken !== "") {
      return showsToken(cluster.coworkerToken, headers) ? null : "it lacks the right coworker_token";
    }
    const hosts = cluster.coworkers.map(({ host }) => host);
    if (await this.#addresses.anyIsAt(hosts, remoteIp)) return null;
    return `none of the coworkers of vhost ${name} has the address ${remoteIp}; give all origins the same coworker_token`;
  }
}

function showsToken(token: string, headers: Headers): boolean {
  const sent = headers.get(COWORKER_TOKEN_HEADER) ?? "";
  return equalInConstantTime(encodeUtf8(sent), encodeUtf8(encodeURIComponent(token)));
}
