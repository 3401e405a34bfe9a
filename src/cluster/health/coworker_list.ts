import type { Config, ConnectAddress } from "../../config/mod.ts";
import type { ProofKind } from "../coworker_proof.ts";

/** The HTTP API of another origin, and how this server shows it that they belong together. */
export interface CoworkerAddress extends ConnectAddress {
  /** `coworker_token` to be shown; empty if there is none. */
  readonly token: string;
  readonly proof: ProofKind;
}

/** The coworkers of all vhosts with an origin cluster, each once, in the order of the configuration. */
export function configuredCoworkers({ vhosts }: Pick<Config, "vhosts">): readonly CoworkerAddress[] {
  const found = new Map<string, CoworkerAddress>();
  for (const { enabled, cluster } of vhosts) {
    if (!enabled || cluster.mode === "remote" || !cluster.originCluster) continue;
    const { coworkerToken: [token = ""], coworkerProof: proof } = cluster;
    for (const { host, port, text } of cluster.coworkers) {
      const id = `${host.toLowerCase()} ${port}`;
      const known = found.get(id);
      // Of several vhosts, one with a token: it opens the same door.
      if (known === undefined || (known.token === "" && token !== "")) {
        found.set(id, { host, port, text, token, proof });
      }
    }
  }
  return [...found.values()];
}
