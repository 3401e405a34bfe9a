import type { NodeFacts } from "./node_facts.ts";
import type { NodeAnswer } from "./node_question.ts";
import { clockSkew, isStopping, oneSided, sameServerId, type Trouble, versionSkew } from "./trouble.ts";

/** What an answer is compared with. */
export interface FaultContext {
  readonly self: NodeFacts;
  /** The coworker asks this server, or may still come to do so. */
  readonly listsUs: boolean;
  /** Coworkers before it in the list that are up. */
  readonly earlier: readonly { readonly name: string; readonly facts: NodeFacts }[];
}

/** Clocks that differ by less are good enough. */
const MAX_SKEW_MS = 1000;
const OURS = "srs-ts/";

/** What is wrong with a coworker though it answers. */
export function findFaults(answer: NodeAnswer, context: FaultContext): Trouble[] {
  const { facts } = answer;
  const faults: Trouble[] = [];
  if (facts.isDraining) faults.push(isStopping());
  const twin = findTwin(facts, context);
  if (twin !== null) faults.push(sameServerId(facts.serverId, twin));
  if (answer.isForeign) return faults;
  const { self } = context;
  if (!context.listsUs && self.api !== "") {
    const unreached = answer.listed.filter(({ instance }) => instance === "").map(({ address }) => address);
    faults.push(oneSided(unreached));
  }
  if (releaseOf(facts.software) !== releaseOf(self.software)) faults.push(versionSkew(facts.software, self.software));
  const { skewMs, skewErrorMs } = answer;
  if (skewMs !== null && Math.abs(skewMs) - skewErrorMs > MAX_SKEW_MS) faults.push(clockSkew(skewMs));
  return faults;
}

/** Who else has its `server_id`; null if nobody does. */
function findTwin({ serverId, instance }: NodeFacts, { self, earlier }: FaultContext): string | null {
  if (serverId === "") return null;
  if (self.serverId === serverId) return "this server";
  const twin = earlier.find(({ facts }) => facts.serverId === serverId && facts.instance !== instance);
  return twin === undefined ? null : `coworker ${twin.name}`;
}

/** Major and minor number of `srs-ts/1.2.3`; the text itself where it is none. */
function releaseOf(software: string): string {
  return software.startsWith(OURS) ? software.split(".").slice(0, 2).join(".") : software;
}
