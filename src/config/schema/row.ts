import type { ValueType } from "../values/type.ts";

/** What a change of the value reaches: everybody, those who connect later, or only a restarted server. */
export type Reload = "live" | "newClients" | "restart";

/** `accepted`: legal but without effect here; `unsupported`: the feature is missing. Both have a reason to show. */
export interface Status {
  readonly level: "supported" | "accepted" | "unsupported";
  readonly reason: string;
}

/** What every row has. */
interface RowBase {
  /** The name in SRS's language. */
  readonly name: string;
  readonly doc: string;
  readonly status: Status;
  /** Whether it is this project's own: SRS refuses a file that has it. */
  readonly extension: boolean;
}

/** A directive with a value. */
export interface Directive<T> extends RowBase {
  readonly node: "directive";
  readonly type: ValueType<T>;
  readonly default: T;
  readonly reload: Reload;
  /** Environment variables, the first that is set wins; `derived`: `SRS_` and the path of names in capitals. */
  readonly env: "derived" | readonly string[];
  readonly tomlKey: string;
  /** Property of the block around this one whose value stands in for the default. */
  readonly inherits: string | null;
  /** Another default, where a switch of the block around this one is on. */
  readonly defaultWith: { readonly property: string; readonly value: T } | null;
  /** Words that people write for it, though they were never right. */
  readonly mistakenFor: readonly string[];
}

/** A directive that may stand several times; every one counts. */
export interface Repeated<T> extends RowBase {
  readonly node: "repeated";
  readonly type: ValueType<T>;
  readonly reload: Reload;
  /** Rows with one key make one list in TOML, in which each element begins with the name: that keeps their order. */
  readonly tomlKey: string;
}

/** A block `name { ... }`. */
export interface Block<S extends Schema> extends RowBase {
  readonly node: "block";
  readonly rows: S;
  /** Whether names that have no row are only warned about, where SRS does not look either. */
  readonly unchecked: boolean;
  /** Whether a second block of the name is an error and not merely ignored. */
  readonly single: boolean;
}

/** Blocks `name arg { ... }`, told apart by their first argument. */
export interface BlockList<S extends Schema> extends RowBase {
  readonly node: "blocks";
  readonly rows: S;
}

/** A directive or block of a feature that this server does not have: its names are known, its values are not read. */
export interface Foreign extends RowBase {
  readonly node: "foreign";
  /** Names inside the block; `anything` where SRS checks none. */
  readonly children: readonly Foreign[] | "anything";
}

/** Any row. */
export type Row = Directive<unknown> | Repeated<unknown> | Block<Schema> | BlockList<Schema> | Foreign;

/** The rows of a block by the property name of the typed configuration. */
export interface Schema {
  readonly [property: string]: Row;
}

/** What a block of a {@link BlockList} has besides its rows. */
export interface BlockHead {
  /** The first argument: a vhost's name. */
  readonly name: string;
  readonly args: readonly string[];
}

/** The typed value of a row. */
export type InferRow<R> = R extends Directive<infer T> ? T
  : R extends Repeated<infer T> ? readonly T[]
  : R extends Block<infer S> ? Infer<S>
  : R extends BlockList<infer S> ? readonly (BlockHead & Infer<S>)[]
  : never;

/** The typed block of a schema; foreign rows have no value. */
export type Infer<S> = { readonly [P in keyof S as S[P] extends Foreign ? never : P]: InferRow<S[P]> };

const supported: Status = { level: "supported", reason: "" };

/** Status of a legal directive that changes nothing here. */
export function accepted(reason: string): Status {
  return { level: "accepted", reason };
}

/** Status of a directive whose feature is missing. */
export function unsupported(reason: string): Status {
  return { level: "unsupported", reason };
}

interface RowOptions {
  readonly doc: string;
  readonly status?: Status;
  readonly extension?: boolean;
}

interface DirectiveOptions<T> extends RowOptions {
  readonly default: T;
  readonly reload?: Reload;
  readonly env?: readonly string[];
  readonly tomlKey?: string;
  readonly inherits?: string;
  readonly defaultWith?: { readonly property: string; readonly value: NoInfer<T> };
  readonly mistakenFor?: readonly string[];
}

/** Row of a directive with one value. */
export function directive<T>(name: string, type: ValueType<T>, options: DirectiveOptions<NoInfer<T>>): Directive<T> {
  return {
    node: "directive",
    name,
    type,
    default: options.default,
    reload: options.reload ?? "restart",
    env: options.env ?? "derived",
    tomlKey: options.tomlKey ?? name,
    inherits: options.inherits ?? null,
    defaultWith: options.defaultWith ?? null,
    mistakenFor: options.mistakenFor ?? [],
    ...base(options),
  };
}

/** Row of a directive that may stand several times. */
export function repeated<T>(
  name: string,
  type: ValueType<T>,
  options: RowOptions & { readonly reload?: Reload; readonly tomlKey?: string },
): Repeated<T> {
  const { reload = "restart", tomlKey = name } = options;
  return { node: "repeated", name, type, reload, tomlKey, ...base(options) };
}

/** Row of a block. */
export function block<S extends Schema>(
  name: string,
  rows: S,
  options: RowOptions & { readonly unchecked?: boolean; readonly single?: boolean },
): Block<S> {
  const { unchecked = false, single = false } = options;
  return { node: "block", name, rows, unchecked, single, ...base(options) };
}

/** Row of a block that stands once per first argument. */
export function blocks<S extends Schema>(name: string, rows: S, options: RowOptions): BlockList<S> {
  return { node: "blocks", name, rows, ...base(options) };
}

/**
 * Row of a feature that this server does not have.
 *
 * @param children Names inside the block, separated by spaces, with rows of their own where they are checked in turn;
 * `anything` where no name is checked.
 */
export function foreign(
  name: string,
  children: string | readonly (string | Foreign)[],
  options: RowOptions & { readonly status: Status },
): Foreign {
  const row = { node: "foreign" as const, name, ...base(options) };
  if (children === "anything") return { ...row, children };
  const leaf = (child: string) => foreign(child, "anything", { doc: "", status: options.status });
  const parts = typeof children === "string" ? [children] : children;
  const list = parts.flatMap((part) => typeof part === "string" ? part.split(" ").map(leaf) : [part]);
  return { ...row, children: list };
}

function base(options: RowOptions): Pick<RowBase, "doc" | "status" | "extension"> {
  return { doc: options.doc, status: options.status ?? supported, extension: options.extension ?? false };
}
