import { type LoadTotals, totalLoad } from "../../cluster/health/load_totals.ts";
import type { ClusterMember } from "../../cluster/health/member_book.ts";
import { loadMembers, type ServerLoad } from "../../cluster/health/node_facts.ts";
import type { JsonBody } from "../envelope.ts";

/**
 * What `GET /api/v1/cluster` answers, besides the members that all answers have (`code`, `server`, `service`, `pid`).
 *
 * In JSON the names are in snake case, and stable: `state`, `now_ms`, `totals` (`members`, `up`, `down`, `draining`,
 * `origins`, `edges`, `streams`, `viewers`, `recv_kbps`, `send_kbps`), `members` (`id`, `server_id`, `address`, `rtmp`,
 * `role`, `software`, `link`, `state`, `state_since_ms`, `started_ms`, `load`, `problem`) with `load` (`streams`,
 * `published`, `viewers`, `recv_kbps`, `send_kbps`, `cpu_percent`, `memory_bytes`), and `problems` (`severity`, `member`,
 * `name`, `since_ms`, `what`, `remedy`). Times are Unix times in ms, rates averages over 30 s.
 */
export interface ClusterView {
  /** `degraded` as soon as there is a problem that is no mere note. */
  readonly state: "healthy" | "degraded";
  /** Clock of the server that answers. */
  readonly nowMs: number;
  readonly totals: ClusterTotals;
  /** This server first, then its coworkers as configured, origins it pulls from, and servers that pull from it. */
  readonly members: readonly MemberView[];
  /** The worst first. */
  readonly problems: readonly ProblemView[];
}

/** How many members there are, and what those that are not down do together. */
export interface ClusterTotals extends LoadTotals {
  readonly members: number;
  readonly up: number;
  readonly down: number;
  readonly draining: number;
  /** Members that are origins; those that are edges too count in both. */
  readonly origins: number;
  readonly edges: number;
}

/** One server. */
export interface MemberView {
  /** Its instance, another one after each start; its address while that is unknown. */
  readonly id: string;
  /** `server_id`; empty where it is unknown. */
  readonly serverId: string;
  /** Its HTTP API, `host:port`; empty where it has none, or that is unknown. */
  readonly address: string;
  /** Where it takes RTMP, `host:port`; only of origins that this edge pulls from, else empty. */
  readonly rtmp: string;
  readonly role: "origin" | "edge" | "origin and edge" | "unknown";
  /** `srs-ts/0.1.0`, `SRS/6.0.1`; empty where it is unknown. */
  readonly software: string;
  /** What it is to the server that answers: itself, a coworker, pulled from (`upstream`), or pulling (`downstream`). */
  readonly link: "self" | "coworker" | "upstream" | "downstream";
  readonly state: "up" | "down" | "draining";
  readonly stateSinceMs: number;
  /** Null where it is unknown. */
  readonly startedMs: number | null;
  /** Null where it is unknown; the last that was known of a member that is down. */
  readonly load: ServerLoad | null;
  /** What is wrong and what to do, in one line; empty if nothing is. */
  readonly problem: string;
}

/** Something wrong, and its remedy. */
export interface ProblemView {
  /** An `error` takes a member out; a `warning` will hurt some day; a `note` may be as it should. */
  readonly severity: "error" | "warning" | "note";
  /** `id` of the member. */
  readonly member: string;
  /** How the member is called in texts: its API, or else another address or its id. */
  readonly name: string;
  readonly sinceMs: number;
  readonly what: string;
  /** What to do about it; may be empty. */
  readonly remedy: string;
}

const severities: readonly ProblemView["severity"][] = ["error", "warning", "note"];

/** The state of a cluster, from all that is known of its members. */
export function clusterView(members: readonly ClusterMember[], nowMs: number): ClusterView {
  const problems = members.flatMap(problemsOf);
  return {
    state: problems.some(({ severity }) => severity !== "note") ? "degraded" : "healthy",
    nowMs: Math.round(nowMs),
    totals: totalsOf(members),
    members,
    problems: severities.flatMap((severity) => problems.filter((problem) => problem.severity === severity)),
  };
}

function problemsOf({ id, address, rtmp, stateSinceMs, troubles }: ClusterMember): ProblemView[] {
  return troubles.map(({ severity, what, remedy }) => ({
    severity,
    member: id,
    name: address || rtmp || id,
    sinceMs: stateSinceMs,
    what,
    remedy,
  }));
}

function totalsOf(members: readonly ClusterMember[]): ClusterTotals {
  const count = (fits: (member: ClusterMember) => boolean) => members.filter(fits).length;
  return {
    members: members.length,
    up: count(({ state }) => state === "up"),
    down: count(({ state }) => state === "down"),
    draining: count(({ state }) => state === "draining"),
    origins: count(({ role }) => role.includes("origin")),
    edges: count(({ role }) => role.includes("edge")),
    ...totalLoad(members),
  };
}

/** The view in the names of JSON. */
export function clusterJson({ state, nowMs, totals, members, problems }: ClusterView): JsonBody {
  const { recvKbps, sendKbps, ...counts } = totals;
  return {
    state,
    now_ms: nowMs,
    totals: { ...counts, recv_kbps: recvKbps, send_kbps: sendKbps },
    members: members.map(memberJson),
    problems: problems.map(({ severity, member, name, sinceMs, what, remedy }) => ({
      severity,
      member,
      name,
      since_ms: sinceMs,
      what,
      remedy,
    })),
  };
}

function memberJson(member: MemberView): JsonBody {
  const { id, serverId, address, rtmp, role, software, link, state, stateSinceMs, startedMs, load, problem } = member;
  return {
    id,
    server_id: serverId,
    address,
    rtmp,
    role,
    software,
    link,
    state,
    state_since_ms: stateSinceMs,
    started_ms: startedMs,
    load: load === null ? null : loadMembers(load),
    problem,
  };
}
