import type { FieldReader } from "../../base/field_reader.ts";
import type { World } from "../../base/world.ts";
import { provesToken } from "../../cluster/coworker_proof.ts";
import type { CoworkerAddress, VhostConfig } from "../../config/mod.ts";
import { HostAddresses } from "./host_addresses.ts";

/** Who calls the API. */
export interface MemberCall {
  readonly method: string;
  readonly headers: FieldReader;
  /** Path and query of its request, as they were sent. */
  readonly target: string;
  readonly remoteIp: string;
}

/** Tells the origins of a cluster from strangers. */
export class Members {
  readonly #world: Pick<World, "nowMs" | "wallMs" | "resolve">;
  readonly #addresses: HostAddresses;
  readonly #hostsOf: (listed: readonly CoworkerAddress[]) => readonly string[];

  /** @param hostsOf Hosts of the coworkers that a configuration lists. */
  constructor(
    world: Pick<World, "nowMs" | "wallMs" | "resolve">,
    hostsOf: (listed: readonly CoworkerAddress[]) => readonly string[],
  ) {
    this.#world = world;
    this.#hostsOf = hostsOf;
    this.#addresses = new HostAddresses(world);
  }

  /** Whether a caller may ask who has a stream of the vhost: without a `coworker_token` anybody may, as in SRS. */
  async mayAsk(vhost: VhostConfig | undefined, caller: MemberCall): Promise<boolean> {
    return vhost === undefined || vhost.cluster.coworkerToken.length === 0 || await this.knowsToken(vhost, caller);
  }

  /** Whether a caller shows or proves a `coworker_token` of the vhost; false where there is none. */
  knowsToken({ cluster }: VhostConfig, caller: MemberCall): Promise<boolean> {
    return this.#knowsOneOf(cluster.coworkerToken, caller);
  }

  /** Whether a caller shows or proves a `coworker_token` of any of the vhosts. */
  knowsAnyToken(vhosts: readonly VhostConfig[], caller: MemberCall): Promise<boolean> {
    return this.#knowsOneOf(new Set(vhosts.flatMap(({ cluster }) => cluster.coworkerToken)), caller);
  }

  /**
   * Why a caller is not a member of the vhost's origin cluster, with what to do; null for a member: one that shows the
   * `coworker_token`, or where there is none, one that calls from the address of a configured coworker.
   */
  async whyStranger(vhost: VhostConfig, caller: MemberCall): Promise<string | null> {
    const { name, cluster } = vhost;
    if (cluster.mode === "remote" || !cluster.originCluster) return `vhost ${name} has no origin cluster`;
    if (cluster.coworkerToken.length > 0) {
      return await this.knowsToken(vhost, caller) ? null : "wrong or missing coworker_token";
    }
    const hosts = this.#hostsOf(cluster.coworkers);
    if (await this.#addresses.anyIsAt(hosts, caller.remoteIp)) return null;
    return `no coworker of vhost ${name} has the address ${caller.remoteIp}; give all origins the same coworker_token`;
  }

  #knowsOneOf(tokens: Iterable<string>, caller: MemberCall): Promise<boolean> {
    return provesToken([...tokens], caller, this.#world.wallMs());
  }
}
