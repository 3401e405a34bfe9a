import type { Case } from "./cases.ts";
import type { Measurement } from "./measure.ts";
import type { Mode } from "./options.ts";

/** A measured row. `ratio` of its CPU to the first comparable row; null when it is that row. */
export interface Row {
  title: string;
  server: string;
  ratio: number | null;
  result: Measurement;
}

/** What `--json` writes. */
export interface Report {
  mode: Mode;
  machine: string;
  rows: Row[];
  /** Servers that were asked for and could not be measured, and why. */
  missing: { server: string; why: string }[];
  seconds: number;
}

/** Results in the order of their cases. */
export function rowsOf(done: { each: Case; result: Measurement }[]): Row[] {
  const firsts = new Map<string, Measurement>();
  return done.map(({ each, result }) => {
    const first = firsts.get(each.against);
    if (first === undefined) firsts.set(each.against, result);
    const ratio = first === undefined ? null : result.cpuUsPerClientSecond / first.cpuUsPerClientSecond;
    return { title: each.title, server: result.server, ratio, result };
  });
}

type Column = [title: string, show: (result: Measurement, row: Row) => string];

const integer = (value: number | null | undefined) => value === null || value === undefined ? "-" : value.toFixed(0);
const tenths = (value: number | null | undefined) => value === null || value === undefined ? "-" : value.toFixed(1);

const ratio: Column = ["ratio", (_, row) => row.ratio === null ? "1" : row.ratio.toFixed(2)];
const costs: Column[] = [
  ["us/player-s", (m) => integer(m.cpuUsPerClientSecond)],
  ratio,
  ["ms/Gbit", (m) => tenths(m.cpuMsPerGbit)],
];
const rss: Column = ["RSS MiB", (m) => integer(m.rssMiB)];
const firstFrame: Column[] = [
  ["first p50", (m) => integer(m.players?.firstFrameMs.p50)],
  ["p99 ms", (m) => integer(m.players?.firstFrameMs.p99)],
];
const worstLag: Column = ["worst lag ms", (m) => integer(m.players?.lagMs.max)];
const delivered: Column[] = [
  ["delivered %", (m) => tenths(m.deliveredPercent)],
  ["drops", (m) => integer(m.players?.drops)],
  ["lost", (m) => integer((m.players?.failed ?? 0) + (m.players?.lost ?? 0))],
];
const fanout: Column[] = [...costs, rss, ...firstFrame, worstLag, ...delivered];
const scale: Column[] = [
  ...costs,
  ["CPU %", (m) => integer(m.cpuPercent)],
  ["RSS idle", (m) => integer(m.rssIdleMiB)],
  rss,
  ["all in after ms", (m) => integer(m.startedAfterMs)],
  ...firstFrame,
  worstLag,
  ...delivered,
];
const latency: Column[] = [
  ["latency p50", (m) => tenths(m.players?.latencyMs.p50)],
  ["p99", (m) => tenths(m.players?.latencyMs.p99)],
  ["max ms", (m) => tenths(m.players?.latencyMs.max)],
];

const columns: Record<Mode["kind"], Column[]> = {
  table: fanout,
  unmerged: [...fanout, ...latency],
  curve: scale,
  capacity: scale,
  streams: scale,
  latency: [...latency, worstLag, ...costs],
  storm: [
    ["gap before ms", (m) => integer(m.players?.gapMs.max)],
    ["gap in storm ms", (m) => integer(m.storm?.before.gapMs.max)],
    ["lag in storm ms", (m) => integer(m.storm?.before.lagMs.max)],
    ["drops", (m) => integer(m.storm?.before.drops)],
    ["load late ms", (m) => integer(m.storm?.before.stallMs)],
    ["first p50", (m) => integer(m.storm?.firstFrameMs.p50)],
    ["p99 ms", (m) => integer(m.storm?.firstFrameMs.p99)],
    ["all in after ms", (m) => integer(m.storm?.startedAfterMs)],
    ["failed", (m) => integer(m.storm?.failed)],
  ],
  publishers: [
    ["us/publisher-s", (m) => integer(m.cpuUsPerClientSecond)],
    ratio,
    ["ms/Gbit", (m) => tenths(m.cpuMsPerGbit)],
    ["CPU %", (m) => integer(m.cpuPercent)],
    ["kernel %", (m) => integer(m.systemPercent)],
    rss,
    ["Mbit/s", (m) => integer(m.mbps)],
    ["published %", (m) => tenths(m.deliveredPercent)],
  ],
  workers: [
    ...fanout,
    ["CPU %", (m) => integer(m.cpuPercent)],
    [
      "of it, threads",
      (m) => m.threads.map(({ name, sharePercent }) => `${name} ${sharePercent.toFixed(0)} %`).join(", "),
    ],
  ],
};

/** Text table of the rows, as wide as it must be. */
export function formatTable(mode: Mode, rows: Row[]): string {
  const shown = columns[mode.kind];
  const cells = [
    ["", "server", ...shown.map(([title]) => title)],
    ...rows.map((row) => [row.title, row.server, ...shown.map(([, show]) => show(row.result, row))]),
  ];
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  return cells.map((line, i) => {
    // What is compared stands together.
    const gap = i > 1 && line[0] !== cells[i - 1]![0] && mode.kind === "table" ? "\n" : "";
    return gap + line.map(pad).join("  ");
  }).join("\n");
}

const FULL_PERCENT = 85;
const DISTURBED_PERCENT = 20;
const ORIGIN_PERCENT = 5;

/** True if other programs worked much meanwhile. The origin behind an edge runs on the load's core, and is one of them. */
export function isDisturbed({ options, othersPercent }: Measurement): boolean {
  return othersPercent > DISTURBED_PERCENT + (options.role === "edge" ? ORIGIN_PERCENT : 0);
}

/** What one should know before one believes a row. */
export function doubts({ title, server, result }: Row): string[] {
  const found: string[] = [];
  const { loadPercent, othersPercent, players } = result;
  if (loadPercent > FULL_PERCENT) found.push(`the load took ${loadPercent.toFixed(0)} % of a core`);
  if (isDisturbed(result)) found.push(`other programs took ${othersPercent.toFixed(0)} % of a core`);
  if (players !== null && players.failed > 0) {
    found.push(`${players.failed} players never had a frame ${players.failures.join("; ")}`);
  }
  return found.map((text) => `${title}, ${server}: ${text}`);
}
