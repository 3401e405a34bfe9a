import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { drawScenario } from "../draw.ts";
import { playableDay } from "./playable.ts";
import { runReal } from "./run_real.ts";
import { smallDay } from "./small_day.ts";

const hasLoopbackNetwork = Deno.build.os === "linux";
/** Most time for the short day, once its servers run, where this machine has nothing else to do. */
const DAY_MS = 20_000;
/** A busy one takes longer by what its timers were late, so often one after the other. */
const WAITS = 50;

Deno.test({
  name: "a day of the simulation is played with real processes",
  ignore: !hasLoopbackNetwork,
  fn: async () => {
    const day = await runReal(smallDay, {
      keepsLog: true,
      eveningMs: 0,
      settleMs: 3500,
      quietMs: 1000,
      awaitsLinger: false,
    });
    const story = () => day.lines.join("\n");
    assertEquals(day.failures, [], story());
    assertEquals(day.lines.filter((line) => line.includes("not a member of the cluster")), []);
    // Everything that was to go wrong did, and viewers saw both publishes.
    for (
      const text of [
        "fault-1: reload of origin-2",
        "origin-2: info ",
        "origin-1: is killed",
        "fault-3: freeze of edge-1",
        "fault-3: is over",
        // Busy machines let it publish there first.
        /encoder-1: publishes session [01] at origin-2/,
        "hls-viewer-1: has s1-",
      ]
    ) assert(day.lines.some((line) => line.search(text) >= 0), `no "${text}" in\n${story()}`);
    assert(day.frames > 300, `${day.frames} frames`);
    const limitMs = DAY_MS + WAITS * day.lateMs;
    assertLess(day.tookMs, limitMs, `${day.tookMs} ms, with timers late by ${day.lateMs} ms at most`);
  },
});

Deno.test("what processes cannot play is told, and nothing else is left out", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const drawn = drawScenario(seed);
    const { scenario, leftOut } = playableDay(drawn, { hasEngine: seed % 2 === 0 });
    const told = (name: string) => leftOut.some((line) => line.startsWith(`${name}: `) || line.startsWith(`${name}, `));
    for (const list of ["srs", "publishers", "players", "hlsViewers", "attackers", "faults"] as const) {
      for (const one of drawn[list]) {
        const left = scenario[list].find(({ name }) => name === one.name);
        assertEquals(JSON.stringify(left) !== JSON.stringify(one), told(one.name), `seed ${seed}: ${one.name}`);
      }
    }
    assertEquals(scenario.srs.length + scenario.attackers.length, 0);
    for (const { kind } of scenario.faults) {
      assertEquals(["partition", "oneWay", "clock", "dnsDown", "powerCut"].includes(kind), false);
    }
    if (seed % 2 === 1) assertEquals(scenario.directory, "mesh");
  }
});
