import type { ClusterMember } from "../../../src/cluster/health/member_book.ts";
import { clusterJson, clusterView } from "../../../src/http/api/cluster_view.ts";
import type { JsonBody } from "../../../src/http/envelope.ts";

/** What a cluster of the tests' own looks like. */
export interface FakeCluster {
  readonly origins: number;
  readonly edges: number;
  /** Of the origins after the first, so many are down. */
  readonly down?: number;
  /** The name of each server ends so. */
  readonly suffix?: string;
}

/** What `/api/v1/cluster` of its first origin answers. */
export function fakeClusterAnswer({ origins, edges, down = 0, suffix = "" }: FakeCluster, nowMs: number): JsonBody {
  const members = Array.from(
    { length: origins + edges },
    (_, i) => fakeMember(i, { isOrigin: i < origins, isDown: i > 0 && i <= down, suffix, nowMs }),
  );
  return { code: 0, server: "vid-1", service: "s1", pid: "1", ...clusterJson(clusterView(members, nowMs)) };
}

function fakeMember(
  i: number,
  { isOrigin, isDown, suffix, nowMs }: { isOrigin: boolean; isDown: boolean; suffix: string; nowMs: number },
): ClusterMember {
  const address = isOrigin ? `10.0.0.${i + 1}:1985` : `10.0.${1 + (i >> 7)}.${i % 128}:1985`;
  const trouble = {
    kind: "refused" as const,
    severity: "error" as const,
    what: "does not answer: connection refused",
    remedy: "start it, or take it out of coworkers",
  };
  const viewers = isOrigin ? 0 : 100 + i * 7 % 900;
  return {
    id: `instance${i}${suffix}`,
    serverId: `vid-${i.toString(36).padStart(7, "x")}${suffix}`,
    address: address + suffix,
    rtmp: "",
    role: isOrigin ? "origin" : "edge",
    software: `srs-ts/0.1.0${suffix}`,
    link: i === 0 ? "self" : isOrigin ? "coworker" : "downstream",
    isSelf: i === 0,
    state: isDown ? "down" : "up",
    stateSinceMs: nowMs - (isDown ? 95_000 : 3_700_000 + i * 61_000),
    startedMs: nowMs - 3_700_000 - i * 61_000,
    load: {
      streams: isOrigin ? 40 : 35,
      published: isOrigin ? 40 : 0,
      viewers,
      recvKbps: 100_000 + i * 900,
      sendKbps: isOrigin ? 480_000 : viewers * 2500,
      cpuPercent: 12 + i % 40,
      memoryBytes: (90 + i % 60) * 2 ** 20,
    },
    troubles: isDown ? [trouble] : [],
    problem: isDown ? `${trouble.what}: ${trouble.remedy}${suffix}` : "",
  };
}
