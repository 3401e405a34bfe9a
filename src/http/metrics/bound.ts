/** Label of the row that stands for all that have none of their own. */
const OTHER = "_other";
/** Rows with a label of their own: peers choose names, and each one is a time series for ever. */
const MAX_ROWS = 200;
/** Longer names have no row of their own. */
const MAX_LABEL_LENGTH = 256;

/** One row of numbers and the label that tells it from the others. */
export type LabelledRow<T> = readonly [label: string, row: T];

/** Whether a row stands for many, at each moment for others: what grows in it is no counter. */
export function isOther(label: string): boolean {
  return label === OTHER;
}

/** Which rows keep their label, and how the others are summed up. */
export interface BoundOptions<T> {
  /** The greatest keep their labels. */
  rank(row: T): number;
  merge(sum: T, row: T): T;
}

/** At most {@link MAX_ROWS} rows, the greatest first; what is left over makes one more, {@link OTHER}. */
export function boundRows<T>(rows: readonly LabelledRow<T>[], { rank, merge }: BoundOptions<T>): LabelledRow<T>[] {
  const labelled = rows.filter(([label]) => label.length <= MAX_LABEL_LENGTH);
  const top = labelled.toSorted(([, a], [, b]) => rank(b) - rank(a)).slice(0, MAX_ROWS);
  if (top.length === rows.length) return top;
  const kept = new Set(top);
  const rest = rows.filter((row) => !kept.has(row)).map(([, row]) => row);
  return [...top, [OTHER, rest.reduce(merge)]];
}
