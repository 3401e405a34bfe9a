import type { Block, Foreign, Row, Schema } from "../schema/row.ts";

/** Typed values by property. */
export type Values = Readonly<Record<string, unknown>>;

/** What reading a block by a schema begins with, worked out once: a large file has thousands of blocks. */
export interface Plan {
  /** The values of an empty block; shared by all that lack it, as a configuration is never changed. */
  readonly defaults: Values;
  /** Properties that take a value from the block around, with its name there. */
  readonly inheriting: readonly (readonly [property: string, from: string])[];
  /** Properties that have another default where a switch of the block around is on. */
  readonly switched: readonly { readonly property: string; readonly by: string; readonly value: unknown }[];
  /** Blocks whose rows inherit, so that each must be read even where it does not stand. */
  readonly dependent: readonly { readonly property: string; readonly row: Block<Schema> }[];
}

const planOfSchema = new WeakMap<Schema, Plan>();

/** The plan of a schema. */
export function planOf(rows: Schema): Plan {
  let plan = planOfSchema.get(rows);
  if (!plan) planOfSchema.set(rows, plan = makePlan(rows));
  return plan;
}

function makePlan(rows: Schema): Plan {
  const defaults: Record<string, unknown> = {};
  const inheriting: [string, string][] = [];
  const switched: { property: string; by: string; value: unknown }[] = [];
  const dependent: { property: string; row: Block<Schema> }[] = [];
  for (const [property, row] of Object.entries(rows)) {
    if (row.node === "foreign") continue;
    defaults[property] = defaultOf(row);
    if (row.node === "directive" && row.inherits !== null) inheriting.push([property, row.inherits]);
    if (row.node === "directive" && row.defaultWith !== null) {
      switched.push({ property, by: row.defaultWith.property, value: row.defaultWith.value });
    }
    if (row.node === "block" && dependsOnOuter(row)) dependent.push({ property, row });
  }
  return { defaults, inheriting, switched, dependent };
}

function defaultOf(row: Exclude<Row, Foreign>): unknown {
  if (row.node === "directive") return row.default;
  return row.node === "block" ? planOf(row.rows).defaults : [];
}

function dependsOnOuter(row: Block<Schema>): boolean {
  const { inheriting, switched, dependent } = planOf(row.rows);
  return inheriting.length > 0 || switched.length > 0 || dependent.length > 0;
}
