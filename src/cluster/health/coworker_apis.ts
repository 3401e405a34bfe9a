import type { Config, ConnectAddress, CoworkerAddress } from "../../config/mod.ts";
import type { ProofKind } from "../coworker_proof.ts";

/** The HTTP API of another origin, and how this server shows it that they belong together. */
export interface CoworkerApi extends ConnectAddress {
  /** `coworker_token` to be shown; empty if there is none. */
  readonly token: string;
  readonly proof: ProofKind;
}

/**
 * The coworkers of all vhosts with an origin cluster, each once, in the order of the configuration.
 *
 * @param found What a list stands for now: DNS has the addresses of names.
 */
export function configuredCoworkers(
  { vhosts }: Pick<Config, "vhosts">,
  found: (listed: readonly CoworkerAddress[]) => readonly ConnectAddress[] = (listed) => listed,
): readonly CoworkerApi[] {
  const apis = new Map<string, CoworkerApi>();
  for (const { enabled, cluster } of vhosts) {
    if (!enabled || cluster.mode === "remote" || !cluster.originCluster) continue;
    const { coworkerToken: [token = ""], coworkerProof: proof } = cluster;
    for (const { host, port, text } of found(cluster.coworkers)) {
      const id = `${host.toLowerCase()} ${port}`;
      const known = apis.get(id);
      // Of several vhosts, one with a token: it opens the same door.
      if (known === undefined || (known.token === "" && token !== "")) {
        apis.set(id, { host, port, text, token, proof });
      }
    }
  }
  return [...apis.values()];
}
