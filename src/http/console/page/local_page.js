import { PAGE_ROWS } from "./paged_table.js";

/** The page of rows that a table wants, of a list that the browser has as a whole. */
export function localPage(all, { filter, sort, isDescending, start }, shape) {
  const rows = filter === "" ? [...all] : all.filter((row) => shape.text(row).toLowerCase().includes(filter));
  const key = Object.hasOwn(shape.columns, sort) ? shape.columns[sort] : shape.byDefault;
  const sign = isDescending ? -1 : 1;
  rows.sort((a, b) => sign * compare(key(a), key(b)));
  return { rows: rows.slice(start, start + PAGE_ROWS), found: rows.length, total: all.length };
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
