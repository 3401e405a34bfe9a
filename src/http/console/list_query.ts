import type { Query } from "../query.ts";

/** Rows of one page, at most. */
export const PAGE_ROWS = 50;
const MAX_FILTER = 100;

/** Which part of a list is wanted. */
export interface ListQuery {
  /** In lower case; only rows with it are wanted. Empty for all. */
  readonly filter: string;
  /** Name of a column; empty for the order of the list. */
  readonly sort: string;
  readonly isDescending: boolean;
  readonly start: number;
  readonly count: number;
}

/** What a list can be searched and sorted by. */
export interface ListShape<Row> {
  /** What the filter is looked for in. */
  readonly text: (row: Row) => string;
  readonly columns: Readonly<Record<string, (row: Row) => string | number>>;
}

/** One page of a list. */
export interface ListPage<Row> {
  readonly rows: readonly Row[];
  /** How many rows the filter lets through. */
  readonly found: number;
}

/** Reads `filter`, `sort` (`-` before the name: the highest first), `start` and `count`. */
export function readListQuery(query: Query): ListQuery {
  const [, minus = "", sort = ""] = /^(-?)([a-z_]{1,20})$/.exec(query.get("sort")) ?? [];
  return {
    filter: query.get("filter").trim().toLowerCase().slice(0, MAX_FILTER),
    sort,
    isDescending: minus !== "",
    start: query.count("start"),
    count: Math.min(PAGE_ROWS, query.count("count") || PAGE_ROWS),
  };
}

/** The query of a page, as {@link readListQuery} reads it. */
export function writeListQuery({ filter, sort, isDescending, start, count }: ListQuery): string {
  const order = `${isDescending ? "-" : ""}${sort}`;
  return `filter=${encodeURIComponent(filter)}&sort=${order}&start=${start}&count=${count}`;
}

/**
 * The wanted part of a list. Without filter and order it costs what stands before its end; an order costs one pass, not
 * the sorting of all.
 *
 * @param size Length of the whole list.
 */
export function pickPage<Row>(
  all: Iterable<Row>,
  size: number,
  { query, shape }: { readonly query: ListQuery; readonly shape: ListShape<Row> },
): ListPage<Row> {
  const { filter, start, isDescending } = query;
  const end = start + query.count;
  const key = Object.hasOwn(shape.columns, query.sort) ? shape.columns[query.sort] : undefined;
  const kept = new FirstRows<Row>(end, key, isDescending);
  let found = 0;
  for (const row of all) {
    if (filter !== "" && !shape.text(row).toLowerCase().includes(filter)) continue;
    found++;
    kept.offer(row);
    if (filter === "" && key === undefined && found >= end) break;
  }
  return { rows: kept.all().slice(start), found: filter === "" ? size : found };
}

interface Ranked<Row> {
  readonly row: Row;
  readonly key: string | number;
  readonly place: number;
}

/** Keeps the first so many rows by their keys, of however many are offered; of equal keys those that came first. */
class FirstRows<Row> {
  readonly #most: number;
  readonly #key: ((row: Row) => string | number) | undefined;
  readonly #compare: (a: Ranked<Row>, b: Ranked<Row>) => number;
  #rows: Ranked<Row>[] = [];
  /** Rows behind it are not wanted; null while fewer than all places are taken. */
  #last: Ranked<Row> | null = null;
  #offered = 0;

  constructor(most: number, key: ((row: Row) => string | number) | undefined, isDescending: boolean) {
    this.#most = most;
    this.#key = key;
    const sign = isDescending ? -1 : 1;
    this.#compare = (a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.place - b.place);
  }

  offer(row: Row): void {
    const place = this.#offered++;
    if (this.#key === undefined) {
      if (place < this.#most) this.#rows.push({ row, key: 0, place });
      return;
    }
    const ranked = { row, key: this.#key(row), place };
    if (this.#last !== null && this.#compare(ranked, this.#last) > 0) return;
    this.#rows.push(ranked);
    if (this.#rows.length >= this.#most * 2) this.#cut();
  }

  all(): readonly Row[] {
    this.#cut();
    return this.#rows.map(({ row }) => row);
  }

  #cut(): void {
    this.#rows.sort(this.#compare);
    this.#rows.length = Math.min(this.#rows.length, this.#most);
    if (this.#rows.length === this.#most) this.#last = this.#rows.at(-1) ?? null;
  }
}
