import { readLoad, recordOf } from "../../cluster/health/node_facts.ts";
import type { ClusterTotals, ClusterView, MemberView, ProblemView } from "../../http/api/cluster_view.ts";

type Said = Readonly<Record<string, unknown>>;

/** Reads an answer of `/api/v1/cluster`, whatever wrote it; null if it is none. What lacks is empty or 0. */
export function readClusterView(body: string): ClusterView | null {
  let said: Said;
  try {
    said = recordOf(JSON.parse(body));
  } catch {
    return null;
  }
  const { state, members, problems } = said;
  if ((state !== "healthy" && state !== "degraded") || !Array.isArray(members)) return null;
  return {
    state,
    nowMs: numberOf(said.now_ms),
    totals: readTotals(recordOf(said.totals)),
    members: members.map((member) => readMember(recordOf(member))),
    problems: Array.isArray(problems) ? problems.map((problem) => readProblem(recordOf(problem))) : [],
  };
}

function readTotals(said: Said): ClusterTotals {
  return {
    members: numberOf(said.members),
    up: numberOf(said.up),
    down: numberOf(said.down),
    draining: numberOf(said.draining),
    origins: numberOf(said.origins),
    edges: numberOf(said.edges),
    streams: numberOf(said.streams),
    viewers: numberOf(said.viewers),
    recvKbps: numberOf(said.recv_kbps),
    sendKbps: numberOf(said.send_kbps),
  };
}

function readMember(said: Said): MemberView {
  return {
    id: textOf(said.id),
    serverId: textOf(said.server_id),
    address: textOf(said.address),
    rtmp: textOf(said.rtmp),
    role: oneOf(said.role, ["origin", "edge", "origin and edge"], "unknown"),
    software: textOf(said.software),
    link: oneOf(said.link, ["self", "coworker", "upstream"], "downstream"),
    state: oneOf(said.state, ["up", "draining"], "down"),
    stateSinceMs: numberOf(said.state_since_ms),
    startedMs: typeof said.started_ms === "number" ? said.started_ms : null,
    load: said.load === null || said.load === undefined ? null : readLoad(said.load),
    problem: textOf(said.problem),
  };
}

function readProblem(said: Said): ProblemView {
  return {
    severity: oneOf(said.severity, ["error", "warning"], "note"),
    member: textOf(said.member),
    name: textOf(said.name),
    sinceMs: numberOf(said.since_ms),
    what: textOf(said.what),
    remedy: textOf(said.remedy),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function oneOf<Word extends string, Other extends string>(value: unknown, words: readonly Word[], other: Other) {
  return words.find((word) => word === value) ?? other;
}
