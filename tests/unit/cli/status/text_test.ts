import { statusLines } from "../../../../src/cli/status/text.ts";
import type { ServerLoad } from "../../../../src/cluster/health/node_facts.ts";
import type { ClusterView, MemberView } from "../../../../src/http/api/cluster_view.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";

const NOW_MS = 1_700_000_000_000;

function member(more: Partial<MemberView>): MemberView {
  return {
    id: "abcdefgh",
    serverId: "vid-1",
    address: "10.0.0.1:1985",
    rtmp: "",
    role: "origin",
    software: "srs-ts/0.1.0",
    link: "coworker",
    state: "up",
    stateSinceMs: NOW_MS - 3 * 86_400_000,
    startedMs: NOW_MS - 3 * 86_400_000,
    load: null,
    problem: "",
    ...more,
  };
}

const load: ServerLoad = {
  streams: 12,
  published: 12,
  viewers: 4,
  recvKbps: 24_300,
  sendKbps: 180_000,
  cpuPercent: 38,
  memoryBytes: 170 * 2 ** 20,
};

const degraded: ClusterView = {
  state: "degraded",
  nowMs: NOW_MS,
  totals: {
    members: 5,
    up: 2,
    down: 2,
    draining: 1,
    origins: 3,
    edges: 1,
    streams: 12,
    viewers: 1234,
    recvKbps: 24_300,
    sendKbps: 2_180_000,
  },
  members: [
    member({ link: "self", load }),
    member({
      address: "10.0.0.2:1985",
      state: "draining",
      stateSinceMs: NOW_MS - 125_000,
      load: { ...load, streams: 0, published: 0, viewers: 0, recvKbps: 0, sendKbps: 812, cpuPercent: 1 },
    }),
    member({ address: "10.0.0.9:1985", role: "unknown", state: "down", stateSinceMs: NOW_MS - 42_000 }),
    member({ address: "10.0.0.2:19351", role: "unknown", state: "down", stateSinceMs: NOW_MS - 7_300_000 }),
    member({
      address: "192.168.100.101:1985",
      role: "edge",
      link: "downstream",
      stateSinceMs: NOW_MS - 90_000,
      load: {
        ...load,
        viewers: 1230,
        recvKbps: 2400,
        sendKbps: 2_000_000,
        cpuPercent: 91,
        memoryBytes: 1.5 * 2 ** 30,
      },
    }),
  ],
  problems: [
    {
      severity: "error",
      member: "10.0.0.9:1985",
      name: "10.0.0.9:1985",
      sinceMs: NOW_MS - 42_000,
      what: "connection refused: nothing listens there",
      remedy: "start it, or correct its address in coworkers",
    },
    {
      severity: "warning",
      member: "x",
      name: "10.0.0.2:1985",
      sinceMs: NOW_MS - 125_000,
      what: "has a clock 2.5 s ahead of ours",
      remedy: "synchronize both clocks (NTP): they decide which of two publishers came first",
    },
    {
      severity: "note",
      member: "x",
      name: "10.0.0.2:1985",
      sinceMs: NOW_MS - 125_000,
      what: "is about to stop",
      remedy: "",
    },
  ],
};

Deno.test("statusLines() at 80 columns", () => {
  assertEquals(statusLines(degraded, "10.0.0.1:1985", { width: 80, color: false }), [
    "DEGRADED  2 of 5 servers down, 1 about to stop, 2 problems, told by",
    "          10.0.0.1:1985",
    "          12 streams, 1234 viewers, 24 Mbit/s in, 2.2 Gbit/s out",
    "",
    "server                role    state        streams  viewers    in   out  CPU",
    "10.0.0.1:1985 *       origin  up 3d             12        4   24M  180M  38%",
    "10.0.0.2:1985         origin  draining 2m        0        0    0k  812k   1%",
    "10.0.0.9:1985         ?       down 42s           -        -     -     -    -",
    "10.0.0.2:19351        ?       down 2h            -        -     -     -    -",
    "192.168.100.101:1985  edge    up 90s            12     1230  2.4M  2.0G  91%",
    "",
    "error    10.0.0.9:1985: connection refused: nothing listens there (42s)",
    "         -> start it, or correct its address in coworkers",
    "warning  10.0.0.2:1985: has a clock 2.5 s ahead of ours (2m)",
    "         -> synchronize both clocks (NTP): they decide which of two publishers",
    "         came first",
    "note     10.0.0.2:1985: is about to stop (2m)",
  ]);
});

Deno.test("statusLines() at 60 columns leaves columns out, and all lines fit", () => {
  const lines = statusLines(degraded, "10.0.0.1:1985", { width: 60, color: false });
  assertEquals(lines.slice(4, 10), [
    "",
    "server                state        viewers    in   out",
    "10.0.0.1:1985 *       up 3d              4   24M  180M",
    "10.0.0.2:1985         draining 2m        0    0k  812k",
    "10.0.0.9:1985         down 42s           -     -     -",
    "10.0.0.2:19351        down 2h            -     -     -",
  ]);
  for (const width of [40, 50, 60, 79, 100, 200]) {
    const wide = statusLines(degraded, "10.0.0.1:1985", { width, color: false }).filter((line) => line.length > width);
    assertEquals(wide, [], `at ${width} columns`);
  }
  assert(statusLines(degraded, "x", { width: 120, color: false })[3]?.endsWith("memory"));
});

Deno.test("statusLines() says of a healthy cluster no more than that", () => {
  const healthy: ClusterView = {
    ...degraded,
    state: "healthy",
    totals: {
      ...degraded.totals,
      members: 1,
      up: 1,
      down: 0,
      draining: 0,
      streams: 1,
      viewers: 1,
      recvKbps: 0,
      sendKbps: 0,
    },
    members: [member({ link: "self", load: { ...load, streams: 1, viewers: 1 } })],
    problems: [],
  };
  assertEquals(statusLines(healthy, "127.0.0.1:1985", { width: 80, color: false }), [
    "HEALTHY   1 server, told by 127.0.0.1:1985",
    "          1 stream, 1 viewer, 0 kbit/s in, 0 kbit/s out",
    "",
    "server           role    state  streams  viewers   in   out  CPU  memory",
    "10.0.0.1:1985 *  origin  up 3d        1        1  24M  180M  38%    170M",
  ]);
});

Deno.test("statusLines() uses colours only where it may, and what servers say moves no cursor", () => {
  const evil = {
    ...degraded,
    members: [...degraded.members, member({ address: "\x1b[2Jevil\r\n:1", state: "down" })],
    problems: [{ ...degraded.problems[0]!, name: "\x1b[31mred", what: `${"long ".repeat(500)}\n\x07` }],
  };
  const plain = statusLines(evil, "x", { width: 80, color: false }).join("\n");
  const isControl = (char: string) => char !== "\n" && (char < " " || char === "\x7f");
  assert(![...plain].some(isControl), JSON.stringify(plain));
  assert(plain.length < 3000);
  const colored = statusLines(evil, "x", { width: 80, color: true });
  assertEquals(colored[0]?.startsWith("\x1b[31mDEGRADED\x1b[0m"), true);
  assertEquals(colored.filter((line) => /down /.test(line)).every((line) => line.startsWith("\x1b[31m")), true);
});
