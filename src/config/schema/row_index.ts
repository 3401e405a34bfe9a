import type { Row, Schema, Status } from "./row.ts";
import { rootRows } from "./root.ts";

/** One row with its place in the language: what environment variables, TOML and documentation need. */
export interface RowInfo {
  /** Names from the top level down: `["vhost", "play", "mw_latency"]`. */
  readonly path: readonly string[];
  /** Property names of the typed configuration along the same way. */
  readonly properties: readonly string[];
  /** Block it stands in: `vhost.play`, empty at the top level. */
  readonly block: string;
  readonly row: Row;
  /** Environment variables for the value, the first that is set wins; empty when there is none. */
  readonly env: readonly string[];
  /** The row's own status, or its block's when that is not supported. */
  readonly status: Status;
}

/** All rows of the language, blocks before what is in them. */
export function listRows(): readonly RowInfo[] {
  return allRows ??= [...walk(rootRows, [], [], null)];
}

let allRows: readonly RowInfo[] | undefined;

function* walk(
  rows: Schema,
  path: readonly string[],
  properties: readonly string[],
  outer: Status | null,
  inForeign = false,
): Generator<RowInfo> {
  for (const [property, row] of Object.entries(rows)) {
    const info: RowInfo = {
      path: [...path, row.name],
      properties: [...properties, property],
      block: path.join("."),
      row,
      env: envNames(row, [...path, row.name], inForeign),
      status: outer ?? row.status,
    };
    yield info;
    const inner = info.status.level === "supported" ? null : info.status;
    const inside = rowsInside(row);
    if (inside) yield* walk(inside, info.path, info.properties, inner, row.node === "foreign");
  }
}

function envNames(row: Row, path: readonly string[], inForeign: boolean): readonly string[] {
  const derived = [`SRS_${path.join("_").toUpperCase()}`];
  if (row.node === "repeated" || (row.node === "foreign" && inForeign && row.children === "anything")) return derived;
  if (row.node !== "directive") return [];
  return row.env === "derived" ? derived : row.env;
}

function byName(rows: readonly Row[]): Schema {
  return Object.fromEntries(rows.map((row) => [row.name, row]));
}

/** The rows of a schema by directive name, with their property names. */
export function rowsByName(rows: Schema): ReadonlyMap<string, { readonly property: string; readonly row: Row }> {
  let names = namesOfSchema.get(rows);
  if (!names) {
    names = new Map(Object.entries(rows).map(([property, row]) => [row.name, { property, row }]));
    namesOfSchema.set(rows, names);
  }
  return names;
}

const namesOfSchema = new WeakMap<Schema, ReadonlyMap<string, { readonly property: string; readonly row: Row }>>();

/** The rows of a schema by TOML key; several rows share one where their directives make one list. */
export function rowsByTomlKey(rows: Schema): ReadonlyMap<string, readonly Row[]> {
  let keys = keysOfSchema.get(rows);
  if (!keys) {
    keys = new Map();
    for (const row of Object.values(rows)) keys.set(tomlKeyOf(row), [...keys.get(tomlKeyOf(row)) ?? [], row]);
    keysOfSchema.set(rows, keys);
  }
  return keys;
}

const keysOfSchema = new WeakMap<Schema, Map<string, readonly Row[]>>();

/** The key of a row in TOML. */
export function tomlKeyOf(row: Row): string {
  return row.node === "directive" || row.node === "repeated" ? row.tomlKey : row.name;
}

/** The rows of the block that a row stands for; null where no names are known. */
export function rowsInside(row: Row | undefined): Schema | null {
  if (row?.node === "block" || row?.node === "blocks") return row.rows;
  if (row?.node !== "foreign" || row.children === "anything") return null;
  let rows = schemaOfForeign.get(row);
  if (!rows) schemaOfForeign.set(row, rows = byName(row.children));
  return rows;
}

const schemaOfForeign = new WeakMap<Row, Schema>();

/** Whether some block has a directive or block of this name. */
export function isDirectiveName(text: string): boolean {
  return text === "include" || placesByName().has(text);
}

/** The names of all blocks. */
export function directiveNames(): Iterable<string> {
  return placesByName().keys();
}

/** Blocks in which `name` is legal, or in which there is a directive that is often mistaken for it. */
export function blocksWith(name: string): readonly { readonly block: string; readonly name: string }[] {
  return placesByName().get(name) ?? [];
}

type NamePlaces = Map<string, { readonly block: string; readonly name: string }[]>;

let places: NamePlaces | undefined;

function placesByName(): NamePlaces {
  if (places) return places;
  places = new Map();
  for (const { row, block } of listRows()) {
    const spellings = row.node === "directive" ? [row.name, ...row.mistakenFor] : [row.name];
    for (const spelling of spellings) {
      const list = places.get(spelling) ?? [];
      list.push({ block, name: row.name });
      places.set(spelling, list);
    }
  }
  return places;
}
