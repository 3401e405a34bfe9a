import { Random } from "./random.ts";
import type { FaultKind, FaultPlan, PlayerPlan, PublisherPlan, Scenario } from "./scenario.ts";

const MAX_ORIGINS = 4;
const MAX_EDGES = 3;

/** The day that a seed stands for. */
export function drawScenario(seed: number): Scenario {
  const random = Random.of(seed, "day");
  const origins = random.between(2, MAX_ORIGINS);
  const edges = random.between(1, MAX_EDGES);
  const dayMs = random.between(10_000, 40_000);
  const directory = random.percent(50) ? "mesh" : "engine";
  const streams = Array.from({ length: random.between(1, 4) }, (_, at) => `s${at + 1}`);
  const cluster = { origins, edges, dayMs, streams };
  return {
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
    publishers: drawPublishers(seed, cluster),
    players: drawPlayers(seed, cluster),
    faults: drawFaults(seed, { ...cluster, hasEngine: directory === "engine" }),
  };
}

interface Cluster {
  readonly origins: number;
  readonly edges: number;
  readonly dayMs: number;
  readonly streams: readonly string[];
}

function drawPublishers(seed: number, { origins, dayMs, streams }: Cluster): PublisherPlan[] {
  return streams.flatMap((stream) => {
    const count = Random.of(seed, `publishers of ${stream}`).percent(25) ? 2 : 1;
    return Array.from({ length: count }, (_, at) => {
      const name = `encoder-${stream}-${at + 1}`;
      const random = Random.of(seed, name);
      const leaves = random.percent(20);
      return {
        name,
        stream,
        origin: random.between(1, origins),
        reconnect: random.pick(["same", "next"] as const),
        reconnectMs: random.pick([200, 1000, 3000]),
        startMs: random.between(0, random.percent(30) ? dayMs / 2 | 0 : 2000),
        endMs: leaves ? random.between(dayMs / 2 | 0, dayMs) : null,
        frameMs: random.pick([10, 20, 33, 40]),
        gopFrames: random.pick([5, 25, 50, 100]),
        burst: random.pick([1, 1, 2, 5]),
        hasBFrames: random.percent(40),
        frameBytes: random.pick([20, 60, 300, 2000]),
        // Times of RTMP have 32 bits.
        firstTimestampMs: random.percent(10)
          ? 2 ** 32 - random.between(1000, 20_000)
          : random.pick([0, 0, 40, 3_600_000]),
        hasMetadata: random.percent(85),
      };
    });
  });
}

function drawPlayers(seed: number, { origins, edges, dayMs, streams }: Cluster): PlayerPlan[] {
  const count = Random.of(seed, "players").between(1, 8);
  return Array.from({ length: count }, (_, at) => {
    const name = `viewer-${at + 1}`;
    const random = Random.of(seed, name);
    const isAtEdge = random.percent(75);
    const kind = random.weighted({ rtmp: 6, flv: 3, srsEdge: 1 });
    const isSrs = kind === "srsEdge";
    return {
      name,
      stream: random.pick(streams),
      kind,
      server: isAtEdge ? `edge-${random.between(1, edges)}` : `origin-${random.between(1, origins)}`,
      startMs: random.between(0, dayMs * 0.7 | 0),
      endMs: random.percent(20) ? random.between(dayMs / 2 | 0, dayMs) : null,
      returnMs: isSrs ? 3000 : random.pick([100, 1000, 2000]),
      lineBytesPerMs: random.percent(10) ? random.pick([2, 20]) : 0,
      follows: isSrs || random.percent(40),
      pauseMs: kind === "rtmp" && random.percent(10) ? random.pick([300, 3000, 20_000]) : 0,
      staysMs: random.percent(10) ? random.pick([300, 3000, 8000]) : 0,
    };
  });
}

function drawFaults(seed: number, { origins, edges, dayMs, hasEngine }: Cluster & { hasEngine: boolean }): FaultPlan[] {
  const day = Random.of(seed, "faults");
  // Days differ in what goes wrong on them.
  const taste = () => day.pick([0, 1, 1, 3]);
  const weights: Record<FaultKind, number> = {
    kill: 1 + taste(),
    powerCut: taste(),
    freeze: taste(),
    drain: taste(),
    partition: taste(),
    oneWay: taste(),
    clock: taste() / 2,
    reload: taste() / 2,
    engineDown: hasEngine ? taste() : 0,
    engineHang: hasEngine ? taste() : 0,
    engineFlush: hasEngine ? taste() : 0,
    engineReadOnly: hasEngine ? taste() : 0,
  };
  return Array.from({ length: day.between(0, 8) }, (_, at) => {
    const name = `fault-${at + 1}`;
    const random = Random.of(seed, name);
    const servers = [
      ...Array.from({ length: origins }, (_, index) => `origin-${index + 1}`),
      ...Array.from({ length: edges }, (_, index) => `edge-${index + 1}`),
    ];
    const kind = random.weighted(weights);
    const server = kind.startsWith("engine") ? "engine" : random.pick(servers);
    const mayBeCut = kind === "partition" || kind === "oneWay" ? [...servers, ...(hasEngine ? ["engine"] : [])] : [];
    const atMs = random.between(1000, dayMs - 1000);
    return {
      name,
      kind,
      atMs,
      lastsMs: random.between(100, Math.min(12_000, dayMs - atMs)),
      server,
      others: mayBeCut.filter((other) => other !== server && random.percent(60)),
      aheadMs: random.between(-60_000, 60_000),
    };
  }).toSorted((a, b) => a.atMs - b.atMs);
}
