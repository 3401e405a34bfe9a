import { type FaultContext, findFaults } from "../../../../src/cluster/health/faults.ts";
import { readNode } from "../../../../src/cluster/health/node_facts.ts";
import type { NodeAnswer } from "../../../../src/cluster/health/node_question.ts";
import { describeTrouble } from "../../../../src/cluster/health/trouble.ts";
import { assertEquals } from "../../../kit/assert.ts";

function node(instance: string, more: Record<string, unknown> = {}) {
  const said = { instance, server: `vid-${instance}`, software: "srs-ts/1.2.3", api: "10.0.0.1:1985", ...more };
  return readNode(said)!;
}

const context: FaultContext = { self: node("self"), listsUs: true, earlier: [] };
const answer: NodeAnswer = {
  facts: node("other"),
  isForeign: false,
  skewMs: 0,
  skewErrorMs: 0,
  listed: [],
  downstream: null,
};

const cases: [string, Partial<NodeAnswer>, Partial<FaultContext>, string[]][] = [
  ["nothing", {}, {}, []],
  ["another patch of one release", { facts: node("other", { software: "srs-ts/1.2.9" }) }, {}, []],
  ["another release", { facts: node("other", { software: "srs-ts/1.3.0" }) }, {}, [
    "runs srs-ts/1.3.0, and this server srs-ts/1.2.3; upgrade the older one",
  ]],
  ["a clock 1 s ahead", { skewMs: 1000 }, {}, []],
  ["a clock 2.5 s ahead", { skewMs: 2500 }, {}, [
    "has a clock 2.5 s ahead of ours; synchronize both clocks (NTP): they decide which of two publishers came first",
  ]],
  ["a clock 2.5 s behind", { skewMs: -2500 }, {}, [
    "has a clock 2.5 s behind ours; synchronize both clocks (NTP): they decide which of two publishers came first",
  ]],
  ["a clock that may be right, as the answer took 4 s", { skewMs: 1900, skewErrorMs: 2000 }, {}, []],
  ["no clock", { skewMs: null }, {}, []],
  ["does not list us", {}, { listsUs: false }, [
    "does not list us, though we list it; add this server to its coworkers",
  ]],
  [
    "lists somebody whom it does not reach",
    { listed: [{ address: "10.0.0.7:1985", instance: "" }, { address: "10.0.0.8:1985", instance: "x" }] },
    { listsUs: false },
    [
      "does not ask us, though we list it; add this server to its coworkers; or is it meant by 10.0.0.7:1985, " +
      "which it does not reach?",
    ],
  ],
  ["cannot ask us, as we have no API", {}, { listsUs: false, self: node("self", { api: "" }) }, []],
  ["our own server_id", { facts: node("other", { server: "vid-self" }) }, {}, [
    "has the same server_id (vid-self) as this server; give each server its own, or none",
  ]],
  ["that of another one", {}, { earlier: [{ name: "b:1", facts: node("third", { server: "vid-other" }) }] }, [
    "has the same server_id (vid-other) as coworker b:1; give each server its own, or none",
  ]],
  ["the same server under another name", {}, { earlier: [{ name: "b:1", facts: node("other") }] }, []],
  ["about to stop", { facts: node("other", { draining: true }) }, {}, ["is about to stop"]],
  ["an SRS", { isForeign: true, facts: node("other", { software: "SRS/6.0.1" }) }, { listsUs: false }, []],
];

for (const [name, told, around, faults] of cases) {
  Deno.test(`findFaults(): ${name}`, () => {
    assertEquals(findFaults({ ...answer, ...told }, { ...context, ...around }).map(describeTrouble), faults);
  });
}
