import type { CoworkerApi } from "../../../../src/cluster/health/coworker_apis.ts";
import { MemberBook } from "../../../../src/cluster/health/member_book.ts";
import { type NodeFacts, readNode } from "../../../../src/cluster/health/node_facts.ts";
import type { HeardNode } from "../../../../src/cluster/health/node_question.ts";
import { WatchedCoworker } from "../../../../src/cluster/health/watched_coworker.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { TestLog } from "../../../kit/test_log.ts";

function node(instance: string, viewers = 0): NodeFacts {
  return readNode({ instance, role: "edge", load: { viewers } })!;
}

/** A coworker that told at 10 s who pulls from it. */
function coworker(name: string, downstream: readonly HeardNode[]): WatchedCoworker {
  const address: CoworkerApi = { text: `${name}:1985`, host: name, port: 1985, token: "", proof: "token" };
  const watched = new WatchedCoworker(address, new TestLog(), 0);
  const answer = { facts: node(name), isForeign: false, skewMs: 0, skewErrorMs: 0, listed: [], downstream };
  watched.onAnswer(answer, 10_000, "self");
  return watched;
}

Deno.test("MemberBook has the newest that a server downstream said, whoever heard it", () => {
  const viewersOf = (ownMs: number | null, ...agoMs: readonly number[]) => {
    const own = { facts: node("edge", 99), heardMs: ownMs ?? 0, ip: "10.0.1.1", isUp: ownMs !== null, sinceMs: 0 };
    const book = new MemberBook({
      self: () => node("self"),
      coworkers: () => agoMs.map((ms, at) => coworker(`c${at}`, [{ facts: node("edge", ms), agoMs: ms }])),
      upstreams: () => [],
      downstream: () => [own],
    });
    const [edge, ...others] = book.members().filter(({ link }) => link === "downstream");
    return [edge?.state, edge?.load?.viewers, others.length];
  };
  // It asked all of them for a stream, and has stayed with one, to which it reports.
  assertEquals(viewersOf(4500, 5500, 700, 5600), ["up", 700, 0]);
  // It reports here.
  assertEquals(viewersOf(7500, 5500, 0), ["up", 99, 0]);
  assertEquals(viewersOf(null, 2500, 700), ["up", 700, 0]);
});
