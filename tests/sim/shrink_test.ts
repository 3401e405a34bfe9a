import { assertEquals } from "../kit/assert.ts";
import { drawScenario } from "./draw.ts";
import { failureKind } from "./failure_kind.ts";
import type { Outcome } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";

/** As if it had run, and failed where it has what is looked for. */
const outcomeOf = (scenario: Scenario, failure: string | null) =>
  ({ scenario, failures: failure === null ? [] : [failure] }) as unknown as Outcome;

Deno.test("failures are alike if they differ in names and numbers alone", () => {
  const one = failureKind("12.345 s: viewer-1 gets frame 3/17 after 20");
  assertEquals(failureKind("0.001 s: viewer-12 gets frame 1/99 after 100"), one);
  assertEquals(failureKind("1.000 s: viewer-1 time goes back from 17 to 4 at frame 3/17") === one, false);
  assertEquals(
    failureKind("74.233 s: origin-1 keeps /live/s4, /live/s3 after all have left"),
    failureKind("70.1 s: edge-2 keeps /live/s1 after all have left"),
  );
});

Deno.test("what does not matter for a failure is left out", async () => {
  const run = (scenario: Scenario) => {
    const hasKill = scenario.faults.some(({ kind }) => kind === "kill");
    const hasPlayer = scenario.players.length > 0;
    return Promise.resolve(outcomeOf(scenario, hasKill && hasPlayer ? "1.000 s: viewer-1 starves" : null));
  };
  const seeds = Array.from({ length: 200 }, (_, at) => drawScenario(at + 1));
  const failing = seeds.filter(({ faults }) => faults.length > 3 && faults.some(({ kind }) => kind === "kill"));
  assertEquals(failing.length > 0, true);
  for (const scenario of failing.slice(0, 5)) {
    const { outcome: { scenario: small } } = await shrink(await run(scenario), { run });
    const { faults, players, publishers, attackers, srs, origins, edges, weather } = small;
    assertEquals(faults.map(({ kind }) => kind), ["kill"]);
    assertEquals([players.length, publishers.length, attackers.length, srs.length], [1, 0, 0, 0]);
    const isAtEdge = faults[0]?.server.startsWith("edge");
    assertEquals([origins, edges, weather.segmentBytes], [1, isAtEdge ? 1 : 0, 0]);
  }
});

Deno.test("shrinking keeps to the failure that there was, and to its bound", async () => {
  const scenario = drawScenario(1);
  let runs = 0;
  const run = (smaller: Scenario) => {
    runs++;
    return Promise.resolve(outcomeOf(smaller, "2.000 s: edge-1 has 3 timers after the end"));
  };
  const failed = outcomeOf(scenario, "1.000 s: viewer-1 starves");
  assertEquals((await shrink(failed, { run, maxRuns: 7 })).outcome, failed);
  assertEquals(runs, 7);
});
