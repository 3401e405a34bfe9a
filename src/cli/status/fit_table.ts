/** One column of a table. */
export interface TableColumn {
  readonly title: string;
  /** Where its cells stand. */
  readonly side: "left" | "right";
  /** Where there is no room, those with the highest number go first; 0 stays. */
  readonly leaves: number;
}

const GAP = 2;
const MIN_FIRST = 8;

/**
 * A table as lines, its titles first, no wider than a terminal: columns leave as long as it is too wide, then the first one
 * is cut.
 */
export function fitTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  let kept = columns.map((_, at) => at);
  const total = () => kept.reduce((sum, at) => sum + widths[at]! + GAP, -GAP);
  while (total() > width) {
    const leaves = Math.max(...kept.map((at) => columns[at]!.leaves));
    if (leaves === 0) break;
    kept = kept.filter((at) => columns[at]!.leaves < leaves);
  }
  widths[0] = Math.max(MIN_FIRST, widths[0]! - Math.max(0, total() - width));
  return [columns.map(({ title }) => title), ...rows].map((row) =>
    kept.map((at) => {
      const cell = cut(row[at] ?? "", widths[at]!);
      return columns[at]!.side === "right" ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
    }).join(" ".repeat(GAP)).trimEnd()
  );
}

/** The end of an address tells more than its middle. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.min(8, width >> 1);
  return `${text.slice(0, width - tail - 1)}~${text.slice(-tail)}`;
}
