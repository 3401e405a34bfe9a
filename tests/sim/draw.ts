import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { drawAttackers } from "./draw/attackers.ts";
import { drawFaults } from "./draw/faults.ts";
import { focused } from "./draw/focus.ts";
import { drawHls, withOneOwnerTime } from "./draw/hls.ts";
import { drawPlayers } from "./draw/players.ts";
import { drawPublishers } from "./draw/publishers.ts";
import { drawSrs } from "./draw/srs.ts";

const MAX_ORIGINS = 4;
const MAX_EDGES = 3;

/** The day that a seed stands for. */
export function drawScenario(seed: number): Scenario {
  const random = Random.of(seed, "day");
  const origins = random.between(2, MAX_ORIGINS);
  const edges = random.between(1, MAX_EDGES);
  const dayMs = random.between(8000, 28_000);
  const directory = random.percent(50) ? "mesh" : "engine";
  const srs = directory === "mesh" ? drawSrs(seed, dayMs) : [];
  const ours = Array.from({ length: random.between(1, 4) }, (_, at) => `s${at + 1}`);
  const streams = [...ours, ...srs.map(({ name }) => `${name}-stream`)];
  const others = directory === "engine" && random.percent(40) ? "engine" : "list";
  const discovery = random.percent(30) ? "dns" : others;
  const latecomers = discovery === "dns" && random.percent(60) ? 1 : 0;
  const cluster = { origins, edges, dayMs, streams };
  const hls = drawHls(seed, cluster);
  const faults = drawFaults(seed, { ...cluster, hasEngine: directory === "engine", discovery, latecomers });
  const day: Scenario = {
    seed,
    dayMs,
    directory,
    onConflict: random.weighted({ reject: 4, takeover: 4, standby: 1 }),
    weather: {
      latencyMs: random.pick([0.2, 1, 5, 20, 60]),
      jitterMs: random.pick([0.1, 1, 10]),
      segmentBytes: random.percent(30) ? random.pick([20, 200, 1500]) : 0,
    },
    origins,
    edges,
    discovery,
    latecomers,
    srs,
    publishers: drawPublishers(seed, cluster),
    players: drawPlayers(seed, cluster),
    attackers: drawAttackers(seed, cluster),
    ...hls,
    faults,
  };
  return focused(withOneOwnerTime(day));
}
