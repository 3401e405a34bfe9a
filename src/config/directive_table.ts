import { listRows, type RowInfo, tomlKeyOf } from "./schema/row_index.ts";
import type { Row } from "./schema/row.ts";
import type { ValueType } from "./values/type.ts";

/** One row of the language in plain values: what `srs-ts directives --json` prints. */
export interface DirectiveEntry {
  readonly name: string;
  /** Block it stands in: `vhost.play`, empty at the top level. */
  readonly block: string;
  readonly kind: "directive" | "block";
  /** Whether every directive of the name counts, and not only the first. */
  readonly repeats: boolean;
  readonly type: string;
  readonly unit: string | null;
  readonly min: number | null;
  readonly max: number | null;
  /** As it is written in the file; empty when there is none. */
  readonly default: string;
  /** What a reload does to those who are connected: `live`, `newClients`, or nothing before a `restart`. */
  readonly reload: "live" | "newClients" | "restart" | null;
  readonly env: readonly string[];
  readonly toml: string;
  readonly status: "supported" | "accepted, no effect here" | "not supported";
  /** Why it is not supported. */
  readonly reason: string;
  /** Whether SRS refuses it. */
  readonly extension: boolean;
  readonly doc: string;
}

/** Bounds from here on only say what a number or a timer can hold. */
const longest = 2_000_000;

const statusWords = {
  supported: "supported",
  accepted: "accepted, no effect here",
  unsupported: "not supported",
} as const;

/** All rows of the language, blocks before what is in them. */
export function directiveTable(): readonly DirectiveEntry[] {
  return listRows().map(toEntry);
}

function toEntry({ row, block, env, status, path }: RowInfo): DirectiveEntry {
  const isBlock = row.node === "block" || row.node === "blocks" || (row.node === "foreign" && row.doc !== "");
  const type = row.node === "directive" || row.node === "repeated" ? row.type : null;
  return {
    name: row.name,
    block,
    kind: isBlock ? "block" : "directive",
    repeats: row.node === "repeated" || row.node === "blocks",
    type: type ? describeType(type) : isBlock ? "block" : "not read",
    unit: type?.unit ?? null,
    min: type?.min ?? null,
    max: type?.max ?? null,
    default: row.node === "directive" ? describeDefault(row.default, row.type, row.inherits) : "",
    reload: row.node === "directive" || row.node === "repeated" ? row.reload : null,
    env,
    toml: tomlPath(row, path),
    status: statusWords[status.level],
    reason: status.reason,
    extension: row.extension,
    doc: row.doc,
  };
}

function tomlPath(row: Row, path: readonly string[]): string {
  return [...path.slice(0, -1), tomlKeyOf(row)].join(".");
}

function describeType(type: ValueType<unknown>): string {
  const { kind, unit, min, max, choices, takesMany } = type;
  switch (kind) {
    case "onOff":
      return "on | off";
    case "choice":
      return (choices ?? []).filter((choice) => choice !== "").join(" | ");
    case "number": {
      const range = max === undefined || max >= longest ? `>= ${min ?? "-"}` : `${min ?? ""}..${max}`;
      return [...choices ?? [], unit ? `${range} ${unit}` : range].join(" | ");
    }
    case "address":
      return takesMany ? "addresses" : "address";
    case "list":
      return "words";
    case "text":
      return "word";
    case "rule":
      return "publish | play, all | IP | IP/BITS";
  }
}

/** A default as a file would have it. */
function describeDefault(value: unknown, type: ValueType<unknown>, inherits: string | null): string {
  if (inherits !== null) return "the top-level value";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number") return String(value / (type.scale ?? 1));
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(String).join(" ");
  return typeof value === "object" && value !== null && "text" in value ? String(value.text) : "";
}

/** The table as Markdown, without the names inside of blocks that this server does not have. */
export function directivesMarkdown(): string {
  const entries = directiveTable().filter((entry) => entry.doc !== "");
  const reasons = new Map(entries.map((entry) => [pathOf(entry), entry.reason]));
  const head = ["Directive", "Value", "Default", "Reload", "Environment", "TOML", "Status", "Meaning"];
  const rows = entries.map((entry) => [
    code(pathOf(entry)),
    entry.type,
    code(entry.default),
    reloadWords(entry),
    entry.env.map(code).join(" "),
    code(entry.toml),
    // What is true of a whole block is said there.
    statusText(reasons.get(entry.block) === entry.reason ? { ...entry, reason: "" } : entry),
    entry.doc,
  ]);
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escapeCell).join(" | ")} |\n`);
  return lines.join("");
}

function pathOf({ name, block }: DirectiveEntry): string {
  return block === "" ? name : `${block}.${name}`;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function reloadWords({ reload }: DirectiveEntry): string {
  return reload === "newClients" ? "new clients" : reload ?? "";
}

function statusText({ status, reason, extension }: DirectiveEntry): string {
  const text = reason === "" ? status : `${status}: ${reason}`;
  return extension ? `${text}; srs-ts only` : text;
}

/** The table as text for a terminal, block by block. */
export function directivesText(entries: readonly DirectiveEntry[]): string {
  const lines: string[] = [];
  let block: string | null = null;
  for (const entry of entries) {
    if (entry.block !== block) lines.push(...block === null ? [] : [""], entry.block || "top level");
    block = entry.block;
    lines.push(...entryLines(entry));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function entryLines(entry: DirectiveEntry): string[] {
  const { name, type, env, toml, doc } = entry;
  const facts = [
    type,
    ...entry.default === "" ? [] : [`default ${entry.default}`],
    ...entry.reload === null ? [] : [`reload: ${reloadWords(entry)}`],
  ];
  const names = [`TOML ${toml}`, ...env];
  const below = [...doc === "" ? [] : [doc], names.join("  "), `Status: ${statusText(entry)}.`];
  return [`  ${name.padEnd(24)} ${facts.join("; ")}`, ...below.map((line) => `    ${line}`)];
}
