import { type Config, listRows, type RowInfo } from "../../config/mod.ts";

/** What a changed directive does in a running server. */
export type ChangeEffect = "applied" | "newClients" | "restart" | "none";

/** One directive whose value differs. */
export interface ConfigChange {
  /** `max_connections`, or `vhost a.com: play.mw_latency`. */
  readonly directive: string;
  readonly effect: ChangeEffect;
}

/** What comes of a new file for a running server. */
export interface ConfigMerge {
  /** The new configuration, with the values of before where a change needs a restart. */
  readonly config: Config;
  readonly changes: readonly ConfigChange[];
}

type Values = Readonly<Record<string, unknown>>;
type Vhost = Config["vhosts"][number];

/** Compares two configurations, row by row of the schema, and says what can be in force without a restart. */
export function mergeConfig(running: Config, wanted: Config): ConfigMerge {
  const rows = listRows().filter(({ row }) => row.node === "directive" || row.node === "repeated");
  const isOfVhost = ({ properties: [first] }: RowInfo) => first === "vhosts";
  const changes: ConfigChange[] = [];
  const outer = mergeRows(running, wanted, rows.filter((info) => !isOfVhost(info)), { prefix: "", changes });
  const vhostRows = rows.filter(isOfVhost).map((info) => below(info));
  const before = new Map(running.vhosts.map((vhost) => [vhost.name, vhost]));
  const vhosts = wanted.vhosts.map((vhost) => {
    const old = before.get(vhost.name);
    before.delete(vhost.name);
    if (old !== undefined) return mergeVhost({ running, wanted }, old, vhost, { rows: vhostRows, changes });
    changes.push({ directive: `vhost ${vhost.name} (new)`, effect: "applied" });
    return vhost;
  });
  for (const name of before.keys()) {
    changes.push({ directive: `vhost ${name} (removed, its clients stay)`, effect: "applied" });
  }
  return { config: { ...outer, vhosts }, changes };
}

function mergeVhost(
  outer: { running: Config; wanted: Config },
  old: Vhost,
  vhost: Vhost,
  { rows, changes }: { rows: readonly RowInfo[]; changes: ConfigChange[] },
): Vhost {
  const prefix = `vhost ${vhost.name}: `;
  // What the other directives of the block mean depends on the mode: they wait together.
  const changesMode = old.cluster.mode !== vhost.cluster.mode;
  const own = rows.filter((info) => !isInheritedOnBothSides(info, [outer.running, old], [outer.wanted, vhost]))
    .map((info) => changesMode && info.properties[0] === "cluster" ? withRestart(info) : info);
  return mergeRows(old, vhost, own, { prefix, changes });
}

/** A value that comes from the top level is reported there. */
function isInheritedOnBothSides({ row, properties }: RowInfo, ...sides: readonly (readonly [Config, Vhost])[]) {
  if (row.node !== "directive" || row.inherits === null) return false;
  const { inherits } = row;
  return sides.every(([config, vhost]) => isEqual(valueAt(config, [inherits]), valueAt(vhost, properties)));
}

function mergeRows<T extends object>(
  running: T,
  wanted: T,
  rows: readonly RowInfo[],
  { prefix, changes }: { prefix: string; changes: ConfigChange[] },
): T {
  let merged = wanted;
  for (const info of rows) {
    const { row, properties, path } = info;
    const value = valueAt(running, properties);
    if (isEqual(value, valueAt(wanted, properties))) continue;
    const effect = effectOf(info);
    changes.push({ directive: `${prefix}${path.join(".")}`, effect });
    if ("reload" in row && row.reload === "restart") merged = withValue(merged, properties, value);
  }
  return merged;
}

function effectOf({ row, status }: RowInfo): ChangeEffect {
  if (status.level !== "supported" || !("reload" in row)) return "none";
  return row.reload === "live" ? "applied" : row.reload;
}

/** A row of a block as seen from inside that block. */
function below(info: RowInfo): RowInfo {
  return { ...info, path: info.path.slice(1), properties: info.properties.slice(1) };
}

function withRestart(info: RowInfo): RowInfo {
  const { row } = info;
  return row.node === "directive" ? { ...info, row: { ...row, reload: "restart" } } : info;
}

function valueAt(values: object, properties: readonly string[]): unknown {
  return properties.reduce<unknown>((inner, property) => (inner as Values)[property], values);
}

/** The values with one of them replaced, all others shared. */
function withValue<T extends object>(values: T, [property = "", ...rest]: readonly string[], value: unknown): T {
  const inner = (values as Values)[property];
  return { ...values, [property]: rest.length === 0 ? value : withValue(inner as object, rest, value) };
}

/** Values are plain: texts, numbers, switches, and lists and records of them. */
function isEqual(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
