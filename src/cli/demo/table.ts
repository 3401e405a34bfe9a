/** One server as the table shows it. */
export interface ServerRow {
  name: string;
  rtmpPort: number;
  /** What it has of the stream, in words. */
  stream: string;
  /** Null where it is not known. */
  players: number | null;
  recvKbps: number | null;
  sendKbps: number | null;
}

/** One player as the table shows it. */
export interface PlayerRow {
  name: string;
  frames: number;
  kbps: number;
  state: string;
}

/** Everything the demo shows at one moment. */
export interface DemoView {
  elapsedMs: number;
  /** Time left, or null when it runs until Ctrl-C. */
  leftMs: number | null;
  stream: string;
  publisher: string;
  servers: readonly ServerRow[];
  players: readonly PlayerRow[];
  /** What to open and to try, as pairs of a word and a line. */
  hints: readonly (readonly [string, string])[];
}

/** Columns of a terminal that has room for rates, too. */
const WIDE = 80;
/** Texts that go on in the next line stand below what they belong to. */
const INDENT = 11;

/** The view as lines of a table; on a narrow terminal without rates. */
export function formatTable(view: DemoView, columns = WIDE): string[] {
  const isWide = columns >= WIDE;
  const { elapsedMs, leftMs, stream, publisher, servers, players, hints } = view;
  const end = leftMs === null ? "Ctrl-C to stop" : `stops in ${Math.ceil(leftMs / 1000)} s`;
  const serverRows = servers.map((row) => [
    row.name,
    String(row.rtmpPort),
    row.stream,
    numberOrDash(row.players),
    ...(isWide ? [numberOrDash(row.recvKbps), numberOrDash(row.sendKbps)] : []),
  ]);
  const head = ["server", "port", stream, "players", ...(isWide ? ["in kbit/s", "out"] : [])];
  const playerRows = players.map(({ name, frames, kbps, state }) => [name, String(frames), String(kbps), state]);
  return [
    `srs-ts demo: two origins and an edge, watching for ${Math.floor(elapsedMs / 1000)} s; ${end}`,
    "",
    ...alignColumns(head, serverRows, "lrlrrr"),
    "",
    ...alignColumns(["player of", "frames", "kbit/s", ""], playerRows, "lrrl"),
    "",
    `Publisher  ${publisher}`,
    ...hints.map(([word, line]) => `${word.padEnd(INDENT)}${line}`),
  ];
}

/** The view as one line, for a log. */
export function formatLine({ elapsedMs, servers, players, publisher }: DemoView): string {
  const parts = [
    `publisher: ${publisher}`,
    ...servers.map(({ name, stream, players: count, recvKbps, sendKbps }) => {
      const rates = recvKbps === null ? "" : `, in ${recvKbps} out ${sendKbps} kbit/s`;
      return `${name}: ${stream}, players ${numberOrDash(count)}${rates}`;
    }),
    ...players.map(({ name, frames, kbps, state }) => `player of ${name}: ${frames} frames, ${kbps} kbit/s, ${state}`),
  ];
  return `${String(Math.floor(elapsedMs / 1000)).padStart(4)} s  ${parts.join("; ")}`;
}

/** A line in pieces of at most so many characters, cut between words where there are some; nothing is lost. */
export function wrapLine(line: string, columns: number): string[] {
  const width = Math.max(columns, INDENT + 10);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(" ", width);
    const cut = blank > INDENT ? blank : width;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = `${" ".repeat(INDENT)}${rest.slice(cut).trimStart()}`;
  }
  return [...lines, rest];
}

/** Pads cells to columns, two spaces apart. `sides` has one letter per column: where its text stands. */
function alignColumns(head: readonly string[], rows: readonly (readonly string[])[], sides: string): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return sides[column] === "r" ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd()
  );
}

function numberOrDash(value: number | null): string {
  return value === null ? "-" : String(value);
}
