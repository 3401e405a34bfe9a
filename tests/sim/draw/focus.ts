import { Random } from "../random.ts";
import { serverNames } from "./drawn_cluster.ts";
import type { FaultKind, FaultPlan, PlayerPlan, PublisherPlan, Scenario } from "../scenario.ts";

/**
 * What a day is about: `rivals` want one stream at several origins, some of which do not see each other; `lone` has one
 * fault at the origin of a stream that somebody takes over; `guests` come and go all the time; `strangers` come to an edge
 * that does not reach the origins it may ask first.
 */
type Focus = "none" | "rivals" | "lone" | "guests" | "strangers";

const calmPublisher: Partial<PublisherPlan> = {
  source: "",
  home: "",
  silences: [],
  startBurst: 0,
  endMs: null,
  backsOff: false,
};
const calmPlayer: Partial<PlayerPlan> = { lineBytesPerMs: 0, pauseMs: 0, staysMs: 0, follows: false, endMs: null };
const LONE_MS = 15_000;
const STRANGERS_MS = 6000;

/** Some days are about what is rare on most: where many things go wrong at once, little can be said of each. */
export function focused(scenario: Scenario): Scenario {
  const random = Random.of(scenario.seed, "the day's focus");
  const focus: Focus = random.weighted({ none: 66, rivals: 12, lone: 12, guests: 6, strangers: 4 });
  if (focus === "none") return scenario;
  const discovery = scenario.discovery === "engine" ? "engine" : "list";
  const alone: Scenario = { ...scenario, discovery, latecomers: 0, srs: [], attackers: [], faults: [] };
  const draw = { rivals: drawRivals, lone: drawLone, guests: drawGuests, strangers: drawStrangers }[focus];
  const drawn = draw(alone, random);
  const { publishers: [first], hlsViewers } = drawn;
  return { ...drawn, hlsViewers: hlsViewers.map((plan) => ({ ...plan, stream: first?.stream ?? plan.stream })) };
}

/**
 * Two encoders want one stream: `here`, at one origin; `atOnce`, at two of them; `later`, one after the other; or `apart`: the
 * second one comes where nobody hears of the first one any more, whose origin the edges reach again before it is told.
 */
function drawRivals(scenario: Scenario, random: Random): Scenario {
  const { origins, publishers, players, edges } = scenario;
  const kind = random.weighted({ here: 2, atOnce: 2, later: 2, apart: 4 });
  const directory = random.percent(kind === "here" ? 20 : 60) ? "mesh" : "engine";
  const first = random.between(1, origins);
  const second = kind === "here" ? first : first % origins + 1;
  const startMs = random.between(0, 1500);
  const laterMs = kind === "atOnce" ? startMs : random.between(8000, 12_000);
  const rivals = [[first, startMs], [second, laterMs]].map(([origin = 1, at = 0], number) => ({
    ...publishers[0]!,
    ...calmPublisher,
    name: `rival-${number + 1}`,
    stream: "s1",
    origin,
    startMs: at,
    reconnect: "same" as const,
    reconnectMs: 3000,
  }));
  const others = [
    ...serverNames(origins, 0).filter((name) => name !== `origin-${first}`),
    ...(directory === "engine" ? ["engine"] : []),
  ];
  const atMs = laterMs - 1500;
  const apart = [
    { atMs, lastsMs: 12_000, others },
    { atMs: atMs + 1, lastsMs: random.between(3500, 5000), others: serverNames(0, edges) },
  ];
  return {
    ...scenario,
    // Of two that publish where nobody hears of the other, both use the same numbers.
    hls: null,
    hlsViewers: [],
    directory,
    discovery: "list",
    dayMs: laterMs + 14_000,
    onConflict: kind === "apart" ? "takeover" : random.weighted({ takeover: 14, reject: 3, standby: 3 }),
    publishers: rivals,
    // One at each edge, which leaves the stream alone while he is away.
    players: serverNames(0, edges).map((server, at) => ({
      ...players[at % players.length]!,
      ...calmPlayer,
      name: `viewer-${at + 1}`,
      stream: "s1",
      kind: random.pick(["rtmp", "flv"] as const),
      server,
      startMs: random.between(0, 6000),
      returnMs: 3000,
      staysMs: kind === "apart" ? 3000 : random.pick([0, 3000]),
    })),
    faults: kind === "apart" ? apart.map((part, at) => faultOf("partition", `origin-${first}`, part, at)) : [],
  };
}

function drawLone(scenario: Scenario, random: Random): Scenario {
  const { origins, edges, publishers, players } = scenario;
  const [model] = publishers;
  const first = random.between(1, origins);
  const second = first % origins + 1;
  const kind = random.weighted({ freeze: 4, kill: 2, powerCut: 1, drain: 2 });
  const lastsMs = random.between(6000, 12_000);
  const laterMs = LONE_MS + random.between(200, 2000);
  const faultAt = `origin-${first}`;
  const dayMs = LONE_MS + lastsMs + 3000;
  // Whoever takes the stream over has long had a clock that is behind: all know it.
  const isLate = random.percent(50);
  const clock: FaultPlan = {
    ...faultOf("clock", `origin-${second}`, { atMs: 100, lastsMs: dayMs, others: [] }, 1),
    aheadMs: -random.between(5000, 50_000),
  };
  return {
    ...scenario,
    dayMs,
    onConflict: "takeover",
    // From a server that drains an encoder goes by itself, if it is asked to.
    publishers: [[first, 500], ...(kind === "drain" ? [] : [[second, laterMs]])].map((
      [origin = 1, startMs = 0],
      at,
    ) => ({
      ...model!,
      ...calmPublisher,
      name: `encoder-${at + 1}`,
      stream: "s1",
      origin,
      startMs,
      reconnect: "next",
    })),
    players: Array.from({ length: random.between(2, 4) }, (_, at) => ({
      ...players[at % players.length]!,
      ...calmPlayer,
      name: `viewer-${at + 1}`,
      stream: "s1",
      kind: random.pick(["rtmp", "flv"] as const),
      server: `edge-${random.between(1, edges)}`,
      // Some come while it lasts.
      startMs: random.percent(30) ? LONE_MS + random.between(3000, 5000) : random.between(0, 10_000),
    })),
    faults: [faultOf(kind, faultAt, { atMs: LONE_MS, lastsMs, others: [] }, 0), ...(isLate ? [clock] : [])],
  };
}

function drawStrangers(scenario: Scenario, random: Random): Scenario {
  const { edges, publishers, players } = scenario;
  const origins = 4;
  // Two after the other of four have the streams.
  const first = random.between(1, origins);
  const far = [2, 3].map((offset) => `origin-${(first - 1 + offset) % origins + 1}`);
  const server = `edge-${random.between(1, edges)}`;
  const streams = Array.from({ length: 6 }, (_, at) => `s${at + 1}`);
  const lastsMs = random.between(6000, 10_000);
  return {
    ...scenario,
    directory: "mesh",
    discovery: "list",
    origins,
    dayMs: STRANGERS_MS + lastsMs + 3000,
    publishers: streams.map((stream, at) => ({
      ...publishers[0]!,
      ...calmPublisher,
      name: `encoder-${stream}`,
      stream,
      origin: (first - 1 + at % 2) % origins + 1,
      startMs: 300 * at,
      frameMs: 100,
      burst: 1,
    })),
    players: streams.map((stream, at) => ({
      ...players[at % players.length]!,
      ...calmPlayer,
      name: `viewer-${at + 1}`,
      stream,
      kind: random.pick(["rtmp", "flv"] as const),
      server,
      startMs: STRANGERS_MS + random.between(50, 1500),
    })),
    faults: [faultOf("partition", server, { atMs: STRANGERS_MS, lastsMs, others: far }, 0)],
  };
}

function drawGuests(scenario: Scenario, random: Random): Scenario {
  const { edges, origins, dayMs, publishers, players } = scenario;
  const server = random.percent(80) ? `edge-${random.between(1, edges)}` : `origin-${random.between(1, origins)}`;
  return {
    ...scenario,
    publishers: publishers.map((plan) => ({ ...plan, home: "", endMs: null })),
    players: Array.from({ length: random.between(1, 4) }, (_, at) => ({
      ...players[at % players.length]!,
      ...calmPlayer,
      name: `guest-${at + 1}`,
      stream: publishers[at % 2 % publishers.length]!.stream,
      kind: random.pick(["rtmp", "flv"] as const),
      server,
      startMs: random.between(0, dayMs / 2 | 0),
      returnMs: random.pick([100, 1000, 2000]),
      staysMs: random.pick([1000, 3000, 8000]),
    })),
  };
}

function faultOf(
  kind: FaultKind,
  server: string,
  { atMs, lastsMs, others }: Pick<FaultPlan, "atMs" | "lastsMs" | "others">,
  number: number,
): FaultPlan {
  return { name: `fault-${number + 1}`, kind, atMs, lastsMs, server, setting: "pithyPrint", others, aheadMs: 0 };
}
