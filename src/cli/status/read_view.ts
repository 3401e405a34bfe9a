import type { ClusterTotals, ClusterView, LoadView, MemberView, ProblemView } from "../../http/api/cluster_view.ts";

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
    now_ms: numberOf(said.now_ms),
    totals: readTotals(recordOf(said.totals)),
    members: members.map((member) => readMember(recordOf(member))),
    problems: Array.isArray(problems) ? problems.map((problem) => readProblem(recordOf(problem))) : [],
  };
}

function readTotals(said: Said): ClusterTotals {
  const of = (name: keyof ClusterTotals) => numberOf(said[name]);
  return {
    members: of("members"),
    up: of("up"),
    down: of("down"),
    draining: of("draining"),
    origins: of("origins"),
    edges: of("edges"),
    streams: of("streams"),
    viewers: of("viewers"),
    recv_kbps: of("recv_kbps"),
    send_kbps: of("send_kbps"),
  };
}

function readMember(said: Said): MemberView {
  const load = said.load === null || said.load === undefined ? null : recordOf(said.load);
  return {
    id: textOf(said.id),
    server_id: textOf(said.server_id),
    address: textOf(said.address),
    rtmp: textOf(said.rtmp),
    role: oneOf(said.role, ["origin", "edge", "origin and edge"], "unknown"),
    software: textOf(said.software),
    link: oneOf(said.link, ["self", "coworker", "upstream"], "downstream"),
    state: oneOf(said.state, ["up", "draining"], "down"),
    state_since_ms: numberOf(said.state_since_ms),
    started_ms: typeof said.started_ms === "number" ? said.started_ms : null,
    load: load === null ? null : readLoad(load),
    problem: textOf(said.problem),
  };
}

function readLoad(said: Said): LoadView {
  const of = (name: keyof LoadView) => numberOf(said[name]);
  return {
    streams: of("streams"),
    published: of("published"),
    viewers: of("viewers"),
    recv_kbps: of("recv_kbps"),
    send_kbps: of("send_kbps"),
    cpu_percent: of("cpu_percent"),
    memory_bytes: of("memory_bytes"),
  };
}

function readProblem(said: Said): ProblemView {
  return {
    severity: oneOf(said.severity, ["error", "warning"], "note"),
    member: textOf(said.member),
    name: textOf(said.name),
    since_ms: numberOf(said.since_ms),
    what: textOf(said.what),
    remedy: textOf(said.remedy),
  };
}

function recordOf(value: unknown): Said {
  return typeof value === "object" && value !== null ? value as Said : {};
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
