/** Where something begins; counts from 1. */
export interface TomlPlace {
  readonly line: number;
  readonly column: number;
}

/** One part of a key. `text` is what it means, `length` how long it is written. */
export interface TomlKey extends TomlPlace {
  readonly text: string;
  readonly length: number;
}

/** A comment, without the `#`. */
export interface TomlComment extends TomlPlace {
  readonly text: string;
}

/** A string, number, truth value or date as written. */
export interface TomlScalar extends TomlPlace {
  readonly kind: "string" | "number" | "boolean";
  readonly raw: string;
}

/** An element of an array. */
export interface TomlElement {
  readonly value: TomlValue;
  /** On lines above it. */
  readonly comments: readonly TomlComment[];
  /** Behind it on its line. */
  readonly remark: TomlComment | null;
  readonly endLine: number;
}

export interface TomlArray extends TomlPlace {
  readonly kind: "array";
  readonly elements: readonly TomlElement[];
  /** Behind the last element. */
  readonly tail: readonly TomlComment[];
}

/** An inline table. */
export interface TomlInline extends TomlPlace {
  readonly kind: "table";
  readonly pairs: readonly TomlPair[];
}

export type TomlValue = TomlScalar | TomlArray | TomlInline;

/** `key = value`; `endLine` is the line where the value ends. */
export interface TomlPair extends TomlPlace {
  readonly kind: "pair";
  readonly keys: readonly TomlKey[];
  readonly value: TomlValue;
  readonly remark: TomlComment | null;
  readonly endLine: number;
}

/** `[key]`, or `[[key]]` for one table of many. */
export interface TomlHeader extends TomlPlace {
  readonly kind: "header";
  readonly many: boolean;
  readonly keys: readonly TomlKey[];
  readonly remark: TomlComment | null;
  readonly endLine: number;
}

/** What a TOML file is made of, in its order; `lostHeader` stands for a header that is no TOML. */
export type TomlStatement =
  | TomlPair
  | TomlHeader
  | ({ readonly kind: "comment" } & TomlComment)
  | { readonly kind: "lostHeader" };

/** Told about text that is no TOML; the scanner goes on with the next line. */
export type TomlError = (place: TomlPlace & { length: number }, message: string, suggestion?: string) => void;
