import { assertEquals } from "../../../kit/assert.ts";
import { traceChain } from "../../../../src/cli/probe/chain.ts";
import type { ApiReport, ServerReport } from "../../../../src/cli/probe/report.ts";

function sender(role: string, pid: number | null = 1): ServerReport {
  return {
    server: "edge:1935",
    ip: null,
    tcpMs: 1,
    tlsMs: null,
    handshakeMs: 1,
    connectMs: 1,
    createStreamMs: 1,
    answerMs: 1,
    identity: { software: "srs-ts/1", version: "1", pid, id: "", ip: "", role },
    result: "media",
    redirect: null,
    failedStep: null,
    error: null,
  };
}

function api(members: Partial<ApiReport>): ApiReport {
  return {
    api: "h:1985",
    latencyMs: 1,
    owner: null,
    pulledFrom: null,
    epoch: null,
    pid: null,
    error: null,
    ...members,
  };
}

const cases: [what: string, from: ServerReport, apis: ApiReport[], servers: string[], owner: string | null][] = [
  ["an origin", sender(""), [], ["edge:1935"], "edge:1935"],
  ["an edge alone", sender("edge"), [], ["edge:1935"], null],
  ["an edge whose API says", sender("edge"), [api({ pid: 1, pulledFrom: "o:1" })], ["edge:1935", "o:1"], "o:1"],
  ["another process", sender("edge"), [api({ pid: 2, pulledFrom: "o:1" })], ["edge:1935"], null],
  [
    "an edge of an edge",
    sender("edge"),
    [
      api({ pid: 1, pulledFrom: "e2:1" }),
      api({ pid: 5, owner: "e2:1", pulledFrom: "o:1" }),
    ],
    ["edge:1935", "e2:1", "o:1"],
    "o:1",
  ],
  [
    "edges in a circle",
    sender("edge"),
    [api({ pid: 1, owner: "e:1", pulledFrom: "e:1" })],
    Array(8).fill("e:1").with(
      0,
      "edge:1935",
    ),
    "e:1",
  ],
  [
    "the owner of that publish",
    sender("edge"),
    [
      api({ owner: "old:1", epoch: 3, pid: 8 }),
      api({ owner: "o:1", epoch: 7, pid: 9 }),
    ],
    ["edge:1935", "o:1"],
    "o:1",
  ],
  ["an origin that owns it itself", sender(""), [api({ owner: "o:1", epoch: 7, pid: 1 })], ["edge:1935"], "edge:1935"],
];

for (const [what, from, apis, servers, owner] of cases) {
  Deno.test(`traceChain follows ${what}`, () => {
    assertEquals(traceChain(from, apis, { srs_ts_epoch: 7 }), { servers, owner });
  });
}
