import type { Measurement } from "./measure.ts";

/** Why there was no room for more players. */
export type CapacityBound =
  /** The server's core had nothing left. */
  | "core"
  /** One player in a hundred was behind by more than a second. */
  | "lag"
  /** Players were refused, lost, or got less than everything. */
  | "delivery"
  /** The core of the load had nothing left: the server has room for more. */
  | "load"
  /** As many as the search was allowed. */
  | "limit";

/** How many players a server carries on one core. */
export interface Capacity {
  readonly server: string;
  /** The most that were carried within all bounds. */
  readonly players: number;
  readonly bound: CapacityBound;
  /** Row of those players; null where not even the first were carried. */
  readonly row: Measurement | null;
  /** As many as would fill the core at that row's cost each: reckoned, not seen. */
  readonly extrapolated: number | null;
}

const FIRST_PLAYERS = 1000;
/** Below the `max_connections` of the servers' configuration. */
const MOST_PLAYERS = 9000;
const FULL_PERCENT = 97;
const MOST_LAG_MS = 1000;
/** A window holds a flush more or less. */
const LEAST_DELIVERED_PERCENT = 90;
/** Steps smaller than this are within the noise. */
const LEAST_STEP = 1.06;
const MOST_ROWS = 8;

/**
 * Searches for the largest number of players that a server carries: its core is not full, 99 of 100 lag by less than a
 * second, nobody is lost.
 *
 * @param measure Measures with so many players.
 */
export async function findCapacity(
  server: string,
  measure: (players: number) => Promise<Measurement>,
): Promise<Capacity> {
  let best: Measurement | null = null;
  let bound: CapacityBound = "limit";
  let [most, least] = [MOST_PLAYERS, 0];
  let players = FIRST_PLAYERS;
  for (let rows = 0; rows < MOST_ROWS; rows++) {
    const row = await measure(players);
    const broken = boundOf(row);
    if (broken === null) {
      best = row;
      least = players;
    } else {
      bound = broken;
      most = players;
      // To ask for more only measures the load.
      if (broken === "load") break;
    }
    players = nextPlayers(row, least, most);
    if (players < least * LEAST_STEP) break;
  }
  const extrapolated = best === null ? null : Math.floor(least * FULL_PERCENT / best.cpuPercent);
  return { server, players: least, bound, row: best, extrapolated };
}

function nextPlayers({ cpuPercent, options }: Measurement, least: number, most: number): number {
  if (most < MOST_PLAYERS) return Math.floor((least + most) / 2);
  // Players of a full server cost less each: what the last row tells is an estimate from below.
  const full = options.players * FULL_PERCENT / Math.max(1, cpuPercent);
  return Math.min(MOST_PLAYERS, 2 * least, Math.max(Math.floor(full), Math.ceil(least * LEAST_STEP)));
}

function boundOf({ cpuPercent, loadPercent, deliveredPercent, players }: Measurement): CapacityBound | null {
  if (loadPercent >= FULL_PERCENT && cpuPercent < FULL_PERCENT) return "load";
  if (cpuPercent >= FULL_PERCENT) return "core";
  const { failed = 0, lost = 0, drops = 0 } = players ?? {};
  if (failed + lost + drops > 0 || deliveredPercent < LEAST_DELIVERED_PERCENT) return "delivery";
  return (players?.lagMs.p99 ?? 0) > MOST_LAG_MS ? "lag" : null;
}

const words: Record<CapacityBound, string> = {
  core: "its core was full",
  lag: "one player in a hundred lagged by more than 1 s",
  delivery: "players were lost or got less",
  load: "the load's core was full: the server has room for more",
  limit: "the most that were tried",
};

/** A line for each server, compared with the first. */
export function formatCapacities(kbps: number, found: readonly Capacity[]): string {
  const lines = found.map(({ server, players, bound, row, extrapolated }) => [
    server,
    String(players),
    row === null ? "-" : row.cpuPercent.toFixed(0),
    row === null ? "-" : row.loadPercent.toFixed(0),
    row === null ? "-" : row.cpuUsPerClientSecond.toFixed(0),
    row === null ? "-" : (row.players?.lagMs.p99 ?? 0).toFixed(0),
    extrapolated === null ? "-" : `${extrapolated}`,
    words[bound],
  ]);
  const head = [
    `players of ${kbps} kbit/s`,
    "carried",
    "CPU %",
    "load %",
    "us/player-s",
    "lag p99 ms",
    "reckoned for a full core",
    "with more",
  ];
  const cells = [head, ...lines];
  const widths = head.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const last = head.length - 1;
  const pad = (cell: string, i: number) => i === 0 || i === last ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  return cells.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}
