import type { ClusterNode } from "../directory.ts";
import type { DownstreamServer } from "./downstream_book.ts";
import type { NodeFacts, ServerLoad } from "./node_facts.ts";
import {
  describeTrouble,
  isStopping,
  noApiForCoworkers,
  noLongerHeard,
  originUnreachable,
  type Trouble,
} from "./trouble.ts";
import type { WatchedCoworker } from "./watched_coworker.ts";

/** An origin that this server pulls from. */
export interface UpstreamServer {
  /** As configured. */
  readonly text: string;
  /** What it says of itself; null while that is unknown (SRS says nothing). */
  readonly facts: NodeFacts | null;
  /** `SRS/6.0.1`; empty where it is unknown. */
  readonly software: string;
  /** Why it cannot be reached; empty if it can. */
  readonly failure: string;
  readonly sinceMs: number;
}

/** One server of the cluster, with all that this one knows of it. */
export interface ClusterMember extends ClusterNode {
  readonly load: ServerLoad | null;
  /** `server_id`; empty where it is unknown. */
  readonly serverId: string;
  /** Where it takes RTMP, if that is what it is known by; else empty. */
  readonly rtmp: string;
  /** What it is to this server. */
  readonly link: "self" | "coworker" | "upstream" | "downstream";
  /** What is wrong with it, the worst first. */
  readonly troubles: readonly Trouble[];
}

/** From where a book takes what it tells. */
export interface MemberSources {
  self(): NodeFacts;
  coworkers(): readonly WatchedCoworker[];
  upstreams(): readonly UpstreamServer[];
  downstream(): readonly DownstreamServer[];
}

/** Who is told by a server itself, every two seconds, needs nobody else's word of it: anybody can say that he is a server. */
const REPORTED_MS = 4000;
/** Of this server and of all coworkers together. */
const MAX_DOWNSTREAM = 5000;
const severities: readonly Trouble["severity"][] = ["error", "warning", "note"];

/** Who belongs to the cluster, as this server knows without asking anybody. */
export class MemberBook {
  readonly #sources: MemberSources;

  constructor(sources: MemberSources) {
    this.#sources = sources;
  }

  /** This server first, then coworkers, origins that it pulls from, and servers that pull from it. */
  members(): readonly ClusterMember[] {
    const self = this.#sources.self();
    const coworkers = this.#sources.coworkers().filter(({ state }) => state !== "new");
    const known = [
      selfMember(self, coworkers.length > 0),
      ...coworkers.map(coworkerMember),
      ...this.#sources.upstreams().map(upstreamMember),
    ];
    const ids = new Set(known.map(({ id }) => id));
    return [...known, ...this.#downstream(coworkers).filter(({ id }) => !ids.has(id))];
  }

  /** Servers that pull from this one, or from a coworker: each once, as there where one of these has it, and with the newest that it said. */
  #downstream(coworkers: readonly WatchedCoworker[]): readonly ClusterMember[] {
    const found = new Map(this.#sources.downstream().map((server) => [server.facts.instance, server]));
    for (const { downstream, sinceMs } of coworkers) {
      for (const heard of downstream) {
        const { instance, startedMs } = heard.facts;
        const known = found.get(instance);
        const aheadMs = heard.heardMs - (known?.heardMs ?? 0);
        if (known === undefined || !known.isUp) {
          found.set(instance, { ...heard, ip: "", isUp: true, sinceMs: startedMs ?? sinceMs });
        } else if (aheadMs > (known.ip === "" ? 0 : REPORTED_MS)) found.set(instance, { ...known, ...heard });
      }
    }
    return [...found.values()].slice(0, MAX_DOWNSTREAM).map(downstreamMember);
  }
}

/** The fields that follow from what a server says of itself. */
function factsMember(facts: NodeFacts | null, address: string) {
  return {
    id: facts?.instance ?? address,
    serverId: facts?.serverId ?? "",
    address,
    rtmp: "",
    role: facts?.role ?? "unknown",
    software: facts?.software ?? "",
    isSelf: false,
    startedMs: facts?.startedMs ?? null,
    load: facts?.load ?? null,
  };
}

function withTroubles(troubles: readonly Trouble[]): Pick<ClusterMember, "troubles" | "problem"> {
  const sorted = severities.flatMap((severity) => troubles.filter((trouble) => trouble.severity === severity));
  return { troubles: sorted, problem: sorted.map(describeTrouble).join(". ") };
}

function selfMember(facts: NodeFacts, hasCoworkers: boolean): ClusterMember {
  const { isDraining, startedMs, api } = facts;
  const troubles = [
    ...(hasCoworkers && api === "" ? [noApiForCoworkers()] : []),
    ...(isDraining ? [isStopping()] : []),
  ];
  return {
    ...factsMember(facts, api),
    ...withTroubles(troubles),
    isSelf: true,
    link: "self",
    state: isDraining ? "draining" : "up",
    stateSinceMs: startedMs ?? 0,
  };
}

function coworkerMember({ address, state, sinceMs, answer, troubles }: WatchedCoworker): ClusterMember {
  const isUp = state === "up";
  const isDraining = answer?.facts.isDraining === true;
  return {
    ...factsMember(answer?.facts ?? null, address.text),
    ...withTroubles(troubles),
    // Of before it went down.
    ...(isUp ? {} : { load: null }),
    link: "coworker",
    state: isUp ? isDraining ? "draining" : "up" : "down",
    stateSinceMs: Math.round(sinceMs),
  };
}

function upstreamMember({ text, facts, software, failure, sinceMs }: UpstreamServer): ClusterMember {
  const member = factsMember(facts, "");
  return {
    ...member,
    ...withTroubles(failure === "" ? [] : [originUnreachable(failure)]),
    id: member.id === "" ? text : member.id,
    rtmp: text,
    role: facts?.role ?? "origin",
    software: member.software || software,
    link: "upstream",
    state: failure === "" ? "up" : "down",
    stateSinceMs: Math.round(sinceMs),
  };
}

function downstreamMember({ facts, isUp, sinceMs }: DownstreamServer): ClusterMember {
  const { isDraining, api } = facts;
  return {
    ...factsMember(facts, api),
    ...withTroubles(!isUp ? [noLongerHeard()] : isDraining ? [isStopping()] : []),
    ...(isUp ? {} : { load: null }),
    link: "downstream",
    state: !isUp ? "down" : isDraining ? "draining" : "up",
    stateSinceMs: Math.round(sinceMs),
  };
}
