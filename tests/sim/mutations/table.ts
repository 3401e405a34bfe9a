import { clusterMutations } from "./cluster_mutations.ts";
import { engineMutations } from "./engine_mutations.ts";
import { hlsMutations } from "./hls_mutations.ts";
import { mediaMutations } from "./media_mutations.ts";
import type { Mutation } from "./mutation.ts";

/** All ways in which the code is broken on purpose: seeds have to find each. */
export const mutations: readonly Mutation[] = [
  ...mediaMutations,
  ...clusterMutations,
  ...engineMutations,
  ...hlsMutations,
];
