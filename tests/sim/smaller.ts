import type { FaultPlan, PlayerPlan, PublisherPlan, Scenario } from "./scenario.ts";

/** A way to make a scenario smaller. */
export interface Step {
  readonly name: string;
  of(scenario: Scenario): Scenario;
}

/** What can be left out, what costs the most first. */
export const lists = ["faults", "attackers", "srs", "players", "hlsViewers", "publishers"] as const;

/** The same without one of so many parts of a list. */
export function smallerLists(scenario: Scenario, list: typeof lists[number], parts: number): Scenario[] {
  const { length } = scenario[list];
  const size = Math.ceil(length / Math.min(parts, length));
  return Array.from({ length: Math.ceil(length / size) }, (_, part) => ({
    ...scenario,
    [list]: (scenario[list] as readonly unknown[]).filter((_, at) => Math.floor(at / size) !== part),
  }));
}

/** Steps that change something, the ones that save the most time first. */
export function smallerScenarios(scenario: Scenario): Step[] {
  const text = JSON.stringify(scenario);
  return steps(scenario).filter((step) => JSON.stringify(step.of(scenario)) !== text);
}

function steps({ publishers, players, faults, origins, edges }: Scenario): Step[] {
  return [
    { name: "a shorter day", of: shorter },
    ...Array.from({ length: edges }, (_, at) => ({
      name: "fewer edges",
      of: (whole: Scenario) => withoutServer(whole, "edge", edges - at),
    })),
    ...Array.from({ length: origins }, (_, at) => ({
      name: "fewer origins",
      of: (whole: Scenario) => withoutServer(whole, "origin", origins - at),
    })),
    { name: "a list of origins", of: (whole) => ({ ...whole, discovery: "list", latecomers: 0 }) },
    weather("whole segments", { segmentBytes: 0 }),
    weather("a short way", { latencyMs: 1 }),
    weather("no jitter", { jitterMs: 0.1 }),
    ...publishers.flatMap(({ name }, at) =>
      calmPublisher.map((calm) => ({
        name: `${name} is calm`,
        of: (whole: Scenario) => ({ ...whole, publishers: changed(whole.publishers, at, calm) }),
      }))
    ),
    { name: "no HLS", of: (whole) => whole.hlsViewers.length === 0 ? { ...whole, hls: null } : whole },
    ...players.flatMap(({ name }, at) =>
      calmPlayer.map((calm) => ({
        name: `${name} is calm`,
        of: (whole: Scenario) => ({ ...whole, players: changed(whole.players, at, calm) }),
      }))
    ),
    ...faults.flatMap(({ name, others }, at) => [
      {
        name: `${name} is shorter`,
        of: (whole: Scenario) => ({ ...whole, faults: changed(whole.faults, at, shorterFault) }),
      },
      ...others.map((other) => ({
        name: `${name} spares ${other}`,
        of: (whole: Scenario) => ({
          ...whole,
          faults: changed(whole.faults, at, (fault) => ({ others: fault.others.filter((name) => name !== other) })),
        }),
      })),
    ]),
  ];
}

const calmPublisher: ((plan: PublisherPlan) => Partial<PublisherPlan>)[] = [
  () => ({ burst: 1, hasBFrames: false, hasMetadata: true, firstTimestampMs: 0 }),
  () => ({ frameMs: 40, audioLagMs: 0, gopFrames: 25, frameBytes: 20 }),
  () => ({ startMs: 0 }),
  () => ({ endMs: null }),
  () => ({ startBurst: 0, headerGops: 0 }),
  () => ({ silences: [] }),
];

const calmPlayer: ((plan: PlayerPlan) => Partial<PlayerPlan>)[] = [
  () => ({ kind: "rtmp", lineBytesPerMs: 0 }),
  () => ({ startMs: 0 }),
  () => ({ endMs: null }),
  () => ({ pauseMs: 0 }),
  () => ({ staysMs: 0 }),
  () => ({ follows: false }),
];

function shorterFault({ lastsMs }: FaultPlan): Partial<FaultPlan> {
  return lastsMs > 200 ? { lastsMs: Math.round(lastsMs / 2) } : {};
}

function weather(name: string, calm: Partial<Scenario["weather"]>): Step {
  return { name, of: (whole) => ({ ...whole, weather: { ...whole.weather, ...calm } }) };
}

/** Up to the end of the last fault; then with all times halved. */
function shorter(scenario: Scenario): Scenario {
  const { dayMs, faults, attackers, players, hlsViewers, publishers } = scenario;
  const begins = [...players, ...hlsViewers, ...publishers].map(({ startMs }) => startMs);
  const lastMs = Math.max(1000, ...begins, ...[...faults, ...attackers].map(({ atMs, lastsMs }) => atMs + lastsMs));
  if (lastMs + 100 < dayMs) return { ...scenario, dayMs: lastMs + 100 };
  if (dayMs < 4000) return scenario;
  const half = (ms: number) => Math.round(ms / 2);
  const halves = <T extends { startMs: number; endMs: number | null }>(plan: T): T => ({
    ...plan,
    startMs: half(plan.startMs),
    endMs: plan.endMs === null ? null : half(plan.endMs),
  });
  return {
    ...scenario,
    dayMs: half(dayMs),
    players: players.map(halves),
    hlsViewers: hlsViewers.map(halves),
    publishers: publishers.map(halves),
    attackers: attackers.map((attacker) => ({ ...attacker, atMs: half(attacker.atMs) })),
    faults: faults.map((fault) => ({ ...fault, atMs: half(fault.atMs) })),
  };
}

/** Its clients go to the first one; the others keep their names' order. */
function withoutServer(scenario: Scenario, kind: "origin" | "edge", number: number): Scenario {
  const count = kind === "origin" ? scenario.origins : scenario.edges;
  if (number > count || count <= (kind === "origin" ? 1 : 0)) return scenario;
  const renamed = (name: string): string | null => {
    const [is, at] = name.split("-");
    if (is !== kind || Number(at) < number) return name;
    return Number(at) === number ? null : `${kind}-${Number(at) - 1}`;
  };
  const home = count > 1 ? `${kind}-1` : "origin-1";
  const players = scenario.players.map((plan) => ({ ...plan, server: renamed(plan.server) ?? home }));
  const faults = scenario.faults.flatMap((fault) => {
    const server = renamed(fault.server);
    const others = fault.others.map(renamed).filter((name) => name !== null);
    return server === null ? [] : [{ ...fault, server, others }];
  });
  const attackers = scenario.attackers.map((plan) => ({ ...plan, server: renamed(plan.server) ?? home }));
  const hlsViewers = scenario.hlsViewers.map((plan) => ({
    ...plan,
    servers: [...new Set(plan.servers.map((server) => renamed(server) ?? home))],
  }));
  if (kind === "edge") return { ...scenario, edges: count - 1, players, hlsViewers, attackers, faults };
  const publishers = scenario.publishers.map((plan) => {
    const origin = plan.origin === number ? 1 : plan.origin > number ? plan.origin - 1 : plan.origin;
    return { ...plan, origin };
  });
  const latecomers = Math.min(scenario.latecomers, count - 2);
  return {
    ...scenario,
    origins: count - 1,
    latecomers: Math.max(0, latecomers),
    players,
    hlsViewers,
    publishers,
    attackers,
    faults,
  };
}

function changed<T>(plans: readonly T[], at: number, change: (plan: T) => Partial<T>): T[] {
  return plans.map((plan, index) => index === at ? { ...plan, ...change(plan) } : plan);
}
