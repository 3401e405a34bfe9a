import { NodeReporter } from "../../../src/upstream/node_reporter.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

/** What a server of our kind answers. */
const ours = () => ({ srs_server: "srs-ts/0.1.0", srs_ts_node: '{"instance":"o"}' });

function rig() {
  const timers = new ManualTimers();
  let count = 0;
  const reporter = new NodeReporter(timers, () => `report ${++count}`);
  const said: string[] = [];
  const connect = (address: string, name: string, identity: Record<string, string> = ours()) =>
    reporter.onConnected(address, identity, (text) => said.push(`${name}: ${text}`));
  return { timers, reporter, said, connect };
}

Deno.test("NodeReporter reports every 2 s, to each server once, and over another connection when the first has ended", () => {
  const { timers, said, connect } = rig();
  const first = connect("10.0.0.1:1935", "a");
  const second = connect("10.0.0.1:1935", "b");
  const other = connect("10.0.0.2:1935", "c");
  timers.advance(2000);
  assertEquals(said.splice(0), ["a: report 1", "c: report 1"]);
  first[Symbol.dispose]();
  timers.advance(2000);
  assertEquals(said.splice(0), ["b: report 2", "c: report 2"]);
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  other[Symbol.dispose]();
  timers.advance(10_000);
  assertEquals([said, timers.pendingCount], [[], 0]);
  using _again = connect("10.0.0.1:1935", "d");
  timers.advance(2000);
  assertEquals(said, ["d: report 3"]);
});

Deno.test("NodeReporter tells servers of another kind nothing", () => {
  const { timers, said, connect, reporter } = rig();
  for (const software of ["SRS/6.0.134", "nginx", "xsrs-ts/1", ""]) {
    connect("10.0.0.1:1935", "a", { srs_server: software });
  }
  connect("10.0.0.1:1935", "a", {});
  using _over = reporter.onConnected("10.0.0.3:8080", ours(), null);
  timers.advance(10_000);
  assertEquals([said, timers.pendingCount], [[], 0]);
});

Deno.test("NodeReporter keeps in mind who answered where, since when, and no more than 1000", () => {
  const { timers, connect, reporter } = rig();
  const startMs = timers.nowMs();
  using _first = connect("10.0.0.1:1935", "a");
  timers.advance(1000);
  using _same = connect("10.0.0.1:1935", "a");
  assertEquals(reporter.answered("10.0.0.1:1935"), {
    software: "srs-ts/0.1.0",
    words: '{"instance":"o"}',
    sinceMs: startMs,
  });
  using _other = connect("10.0.0.1:1935", "a", { srs_server: `SRS/${"6".repeat(1000)}` });
  assertEquals(reporter.answered("10.0.0.1:1935")?.software.length, 64);
  assertEquals(reporter.answered("10.0.0.1:1935")?.sinceMs, startMs + 1000);
  for (let i = 0; i < 1500; i++) connect(`10.0.0.2:${i}`, "b", {});
  const known = Array.from({ length: 1500 }, (_, i) => reporter.answered(`10.0.0.2:${i}`));
  assertEquals(known.filter((each) => each !== undefined).length <= 1000, true);
});
