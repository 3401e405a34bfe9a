import { escapeControls } from "../../base/log.ts";
import type { ClusterView, MemberView, ProblemView } from "../../http/api/cluster_view.ts";
import { fitTable, type TableColumn } from "./fit_table.ts";

/** How a status is to look. */
export interface StatusLook {
  /** Characters of a line. */
  readonly width: number;
  readonly color: boolean;
}

type Paint = "red" | "green" | "yellow" | "dim" | "bold";
const codes: Readonly<Record<Paint, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

/** In the order of the table; those with a higher number leave it first where there is no room. */
const columns: readonly (TableColumn & { cell(member: MemberView, nowMs: number): string })[] = [
  {
    title: "server",
    side: "left",
    leaves: 0,
    cell: (member) => `${nameOf(member)}${member.link === "self" ? " *" : ""}`,
  },
  { title: "role", side: "left", leaves: 2, cell: ({ role }) => role === "unknown" ? "?" : role.replace(" and ", "+") },
  { title: "state", side: "left", leaves: 0, cell: stateOf },
  { title: "streams", side: "right", leaves: 3, cell: ({ load }) => count(load?.streams) },
  { title: "viewers", side: "right", leaves: 0, cell: ({ load }) => count(load?.viewers) },
  { title: "in", side: "right", leaves: 1, cell: ({ load }) => shortRate(load?.recvKbps) },
  { title: "out", side: "right", leaves: 1, cell: ({ load }) => shortRate(load?.sendKbps) },
  { title: "CPU", side: "right", leaves: 4, cell: ({ load }) => load === null ? "-" : `${load.cpuPercent}%` },
  { title: "memory", side: "right", leaves: 5, cell: ({ load }) => load === null ? "-" : bytes(load.memoryBytes) },
];

/** The state of a cluster as lines. @param askedAt Where it was asked. */
export function statusLines(view: ClusterView, askedAt: string, look: StatusLook): string[] {
  const paint = painter(look.color);
  const { state, totals, members, problems, nowMs } = view;
  const isHealthy = state === "healthy";
  const head = paint(isHealthy ? "HEALTHY" : "DEGRADED", isHealthy ? "green" : "red");
  const rows = members.map((member) => columns.map((column) => clean(column.cell(member, nowMs))));
  const [titles = "", ...lines] = fitTable(columns, rows, look.width);
  return [
    ...wrap(`${summary(view)}, told by ${clean(askedAt)}`, look.width, 10).map((line, at) =>
      at === 0 ? `${head}${" ".repeat(10 - state.length)}${line.trimStart()}` : line
    ),
    ...wrap(
      `${plural(totals.streams, "stream")}, ${plural(totals.viewers, "viewer")}, ` +
        `${rate(totals.recvKbps)} in, ${rate(totals.sendKbps)} out`,
      look.width,
      10,
    ),
    "",
    paint(titles, "bold"),
    ...lines.map((line, at) => paintRow(line, members[at]!, paint)),
    ...(problems.length === 0 ? [] : ["", ...problems.flatMap((each) => problemLines(each, nowMs, look, paint))]),
  ];
}

function summary({ totals: { members, down, draining }, problems }: ClusterView): string {
  const faults = problems.filter(({ severity }) => severity !== "note").length;
  const servers = plural(members, "server");
  const state = down === 0 ? `${servers}${members === 1 ? "" : ", all up"}` : `${down} of ${servers} down`;
  const leaving = draining === 0 ? "" : `, ${draining} about to stop`;
  return `${state}${leaving}${faults === 0 ? "" : `, ${plural(faults, "problem")}`}`;
}

function problemLines(
  { severity, name, sinceMs, what, remedy }: ProblemView,
  nowMs: number,
  { width }: StatusLook,
  paint: (text: string, how: Paint) => string,
): string[] {
  const [first = "", ...more] = wrap(`${clean(name)}: ${clean(what)} (${duration(nowMs - sinceMs)})`, width, 9);
  const color = severity === "error" ? "red" : severity === "warning" ? "yellow" : "dim";
  return [
    `${paint(severity, color)}${" ".repeat(9 - severity.length)}${first.trimStart()}`,
    ...more,
    ...(remedy === "" ? [] : wrap(`-> ${clean(remedy)}`, width, 9)),
  ];
}

function paintRow(line: string, { state }: MemberView, paint: (text: string, how: Paint) => string): string {
  return state === "up" ? line : paint(line, state === "down" ? "red" : "yellow");
}

function painter(color: boolean): (text: string, how: Paint) => string {
  return (text, how) => color ? `\x1b[${codes[how]}m${text}\x1b[0m` : text;
}

function nameOf({ address, rtmp, id }: MemberView): string {
  return address || (rtmp === "" ? id : `rtmp ${rtmp}`);
}

function stateOf({ state, stateSinceMs }: MemberView, nowMs: number): string {
  return `${state} ${duration(nowMs - stateSinceMs)}`;
}

/** `12s`, `3m`, `2h`, `14d`. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function count(value: number | undefined): string {
  return value === undefined ? "-" : String(value);
}

function shortRate(kbps: number | undefined): string {
  return kbps === undefined ? "-" : rate(kbps).replace(" ", "").replace("bit/s", "");
}

/** `812 kbit/s`, `1.2 Mbit/s`, `12 Gbit/s`. */
function rate(kbps: number): string {
  const [value, unit] = kbps < 1000 ? [kbps, "k"] : kbps < 1e6 ? [kbps / 1e3, "M"] : [kbps / 1e6, "G"];
  return `${unit !== "k" && value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}bit/s`;
}

function bytes(value: number): string {
  const mebibytes = value / 2 ** 20;
  return mebibytes < 1024 ? `${Math.round(mebibytes)}M` : `${(mebibytes / 1024).toFixed(1)}G`;
}

function plural(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? "" : "s"}`;
}

/** What a server says must not move the cursor, nor fill the screen. */
function clean(text: string): string {
  return escapeControls(text).slice(0, 300);
}

/** Lines of at most that width, each indented; a longer word stands alone. */
function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(" ".repeat(indent) + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, " ".repeat(indent) + line];
}
