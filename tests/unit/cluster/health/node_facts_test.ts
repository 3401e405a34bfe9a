import { type NodeFacts, readNode, readNodeText, writeNodeText } from "../../../../src/cluster/health/node_facts.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";

const facts: NodeFacts = {
  instance: "abc123",
  serverId: "vid-1",
  role: "edge",
  software: "srs-ts/0.1.0",
  api: "10.0.0.3:1985",
  startedMs: 1_700_000_000_000,
  isDraining: true,
  load: {
    streams: 3,
    published: 1,
    viewers: 7,
    recvKbps: 800,
    sendKbps: 5600,
    cpuPercent: 12,
    memoryBytes: 90_000_000,
  },
};

Deno.test("readNodeText() reads what writeNodeText() wrote", () => {
  assertEquals(readNodeText(writeNodeText(facts)), facts);
  const unknown = { ...facts, startedMs: null, load: null, api: "" };
  assertEquals(readNodeText(writeNodeText(unknown)), unknown);
  assertEquals(readNodeText(writeNodeText({ ...facts, api: "[::1]:1985" }))?.api, "[::1]:1985");
});

Deno.test("writeNodeText() is one short line of plain ASCII, whatever the names are", () => {
  const text = writeNodeText({ ...facts, serverId: "sörvér\r\nx-evil: 1\u2028" });
  assert(/^[ -~]+$/.test(text), text);
  assert(writeNodeText(facts).length < 400);
});

Deno.test("readNodeText() takes nothing that is too long, no JSON, or no server", async (t) => {
  const odd: [string, unknown][] = [
    ["no text", 5],
    ["nothing", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", "[]"],
    ["no instance", "{}"],
    ["an empty instance", '{"instance":""}'],
    ["an instance with spaces", '{"instance":"a b"}'],
    ["an instance that is none", '{"instance":{}}'],
    ["too long", JSON.stringify({ instance: "a", software: "x".repeat(2000) })],
    ["deep", `${"[".repeat(700)}${"]".repeat(700)}`],
  ];
  for (const [name, text] of odd) await t.step(name, () => assertEquals(readNodeText(text), null));
});

Deno.test("readNode() leaves out what makes no sense, and bounds all else", () => {
  const odd = readNode({
    instance: "a",
    server: `x\x1b[31m${"y".repeat(500)}`,
    role: "king",
    software: 7,
    api: "javascript:alert(1)",
    started_ms: -5,
    draining: "yes",
    load: { streams: -1, published: NaN, viewers: 1e300, recv_kbps: "9", send_kbps: Infinity, cpu_percent: 1.6 },
  });
  assertEquals(odd, {
    instance: "a",
    serverId: `x[31m${"y".repeat(59)}`.slice(0, 63),
    role: "unknown",
    software: "",
    api: "",
    startedMs: 0,
    isDraining: false,
    load: { streams: 0, published: 0, viewers: 0, recvKbps: 0, sendKbps: 0, cpuPercent: 2, memoryBytes: 0 },
  });
});
