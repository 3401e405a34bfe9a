import type { Mutation } from "./mutation.ts";

/** Of the directory in an engine. */
export const engineMutations: readonly Mutation[] = [
  {
    name: "release another's claim",
    file: "server/publish/publishers.ts",
    find: "    if (published.active !== claimant) return;\n",
    replace: "",
    breaks: "whoever leaves takes the stream from the publisher that has replaced it",
    seed: 14,
  },
  {
    name: "ignore the engine's news",
    file: "cluster/valkey/engine_view.ts",
    find: "if (entry === undefined || !entry.isTracked) return;",
    replace: "return;",
    breaks: "servers look where a stream was",
    seed: 122,
  },
  {
    name: "never claim again",
    file: "cluster/valkey/own_claims.ts",
    find: "const all = [...listen, ...this.#releases(), ...jobs];",
    replace: "const all = [...listen, ...this.#releases(), ...jobs.slice(jobs.length)];",
    breaks: "after an outage of the engine nobody finds the streams that were published before",
    seed: 8,
  },
  {
    name: "do not renew the lease",
    file: "cluster/valkey/own_lease.ts",
    find: "      void this.renew();\n",
    replace: "",
    breaks: "streams end for the others with the first lease",
    seed: 34,
  },
  {
    name: "keep a claim",
    file: "cluster/valkey/own_claims.ts",
    find: "        this.#claims.delete(claim.key);\n        void this.#release([claim.key]);",
    replace: "        this.#claims.delete(claim.key);",
    breaks: "a stream is said to be where its publisher has left",
    seed: 2,
  },
];
