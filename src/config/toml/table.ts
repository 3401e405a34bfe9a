import type { DocComment } from "../document.ts";
import { quoteWord } from "../problem.ts";
import { docComments, type OpenTable, placeComments } from "./comments.ts";
import { TomlScanner } from "./scanner.ts";
import type { TomlComment, TomlError, TomlHeader, TomlKey, TomlPair, TomlValue } from "./syntax.ts";

/** `key = value` in a table. */
export interface TableValue {
  readonly kind: "value";
  readonly key: TomlKey;
  readonly value: TomlValue;
  readonly comments: readonly DocComment[];
  readonly blankBefore: boolean;
  readonly remark: string | null;
}

/** A table and what stands in it, in the order of the file. */
export interface Table extends OpenTable {
  readonly kind: "table";
  readonly key: TomlKey;
  readonly entries: (TableValue | Table)[];
  comments: readonly DocComment[];
  blankBefore: boolean;
  remark: string | null;
}

/** How a table came to be, which decides what may be added to it. */
type Origin = "header" | "implied" | "dotted";

type Slot =
  | { readonly kind: "value" }
  | { readonly kind: "table"; readonly table: Table; origin: Origin }
  | { readonly kind: "many"; readonly last: Table };

/**
 * Reads the tables of a TOML file: which key stands in which, in what order, and with which comments.
 *
 * Reports keys that are defined twice. Source: toml.io/en/v1.0.0, "Table", "Array of Tables", "Inline Table".
 */
export function readTables(text: string, onError: TomlError): Table {
  return new TableReader(text, onError).read();
}

class TableReader {
  readonly #scanner: TomlScanner;
  readonly #onError: TomlError;
  readonly #slots = new Map<Table, Map<string, Slot>>();
  /** The tables from the root to the one of the last header. */
  #open: Table[];
  #comments: TomlComment[] = [];
  /** Where the last statement ended, and how far it was indented. */
  #last = { line: 0, column: 1, isHeader: false };

  constructor(text: string, onError: TomlError) {
    this.#scanner = new TomlScanner(text, onError);
    this.#onError = onError;
    this.#open = [newTable({ text: "", line: 0, column: 0, length: 0 })];
  }

  read(): Table {
    for (;;) {
      const statement = this.#scanner.next();
      if (!statement) return this.#finish();
      if (statement.kind === "comment") this.#comments.push(statement);
      else if (statement.kind === "pair") this.#addPair(statement);
      else if (statement.kind === "header") this.#openTable(statement);
      else this.#openNowhere();
    }
  }

  #finish(): Table {
    const rest = placeComments(this.#takeComments(), { open: this.#open, last: this.#last, next: null });
    this.#root.tail.push(...rest);
    return this.#root;
  }

  get #root(): Table {
    const [root] = this.#open;
    if (!root) throw new TypeError("Cannot be without a root table");
    return root;
  }

  get #current(): Table {
    return this.#open.at(-1) ?? this.#root;
  }

  #takeComments(): TomlComment[] {
    const comments = this.#comments;
    this.#comments = [];
    return comments;
  }

  #openTable(header: TomlHeader): void {
    const above = this.#takeComments();
    const table = newTable(header.keys.at(-1) ?? this.#root.key);
    table.comments = placeComments(above, {
      open: this.#open,
      last: this.#last,
      next: { line: header.line, column: header.column, depth: header.keys.length },
    });
    table.blankBefore = header.line > (above.at(-1)?.line ?? this.#last.line) + 1;
    table.remark = header.remark?.text ?? null;
    this.#last = { line: header.endLine, column: header.column, isHeader: true };
    const way = this.#attach(table, header);
    if (way) this.#open = way;
    else this.#openNowhere();
  }

  /** After an error in a header: what follows is read into a table that nobody sees. */
  #openNowhere(): void {
    this.#open = [this.#root, newTable(this.#root.key)];
  }

  /** Puts the table of a header into its place; returns the tables from the root to it, or null when it has none. */
  #attach(table: Table, { keys, many }: TomlHeader): Table[] | null {
    const way = [this.#root];
    for (const key of keys.slice(0, -1)) {
      const next = this.#enter(way.at(-1) ?? this.#root, key, "implied");
      if (!next) return null;
      way.push(next);
    }
    const parent = way.at(-1) ?? this.#root;
    const slots = this.#slotsOf(parent);
    const found = slots.get(table.key.text);
    if (found?.kind === "table" && found.origin === "implied" && !many) {
      // It got its first sub-table before its own header: it keeps that place, and takes over what the header has.
      const { comments, blankBefore, remark } = table;
      Object.assign(found.table, { comments, blankBefore, remark });
      found.origin = "header";
      return [...way, found.table];
    }
    if (found && (found.kind !== "many" || !many)) {
      const severalTables = found.kind === "table" && found.origin === "header";
      this.#reportTwice(
        table.key,
        found,
        severalTables ? `to have several, write each as [[${table.key.text}]]` : undefined,
      );
      return null;
    }
    slots.set(table.key.text, many ? { kind: "many", last: table } : { kind: "table", table, origin: "header" });
    parent.entries.push(table);
    return [...way, table];
  }

  #addPair(pair: TomlPair): void {
    const above = this.#takeComments();
    const comments = docComments(above, this.#last.line);
    const blankBefore = pair.line > (above.at(-1)?.line ?? this.#last.line) + 1;
    this.#last = { line: pair.endLine, column: pair.column, isHeader: false };
    this.#define(this.#current, pair, { comments, blankBefore, remark: pair.remark?.text ?? null });
  }

  #define(
    table: Table,
    { keys, value }: TomlPair,
    notes: Pick<TableValue, "comments" | "blankBefore" | "remark">,
  ): void {
    let parent = table;
    for (const key of keys.slice(0, -1)) {
      const next = this.#enter(parent, key, "dotted");
      if (!next) return;
      parent = next;
    }
    const key = keys.at(-1);
    if (!key) return;
    const slots = this.#slotsOf(parent);
    const found = slots.get(key.text);
    if (found) return this.#reportTwice(key, found);
    slots.set(key.text, { kind: "value" });
    const tables = inlineTables(key, value);
    if (!tables) parent.entries.push({ kind: "value", key, value, ...notes });
    for (const [index, { table, pairs }] of (tables ?? []).entries()) {
      if (index === 0) Object.assign(table, notes, { comments: [...notes.comments, ...table.comments] });
      parent.entries.push(table);
      for (const pair of pairs) this.#define(table, pair, noNotes);
    }
  }

  /** The table of a key on the way to another, which is made if need be. Null after an error. */
  #enter(parent: Table, key: TomlKey, origin: "implied" | "dotted"): Table | null {
    const slots = this.#slotsOf(parent);
    const found = slots.get(key.text);
    if (!found) {
      const table = newTable(key);
      slots.set(key.text, { kind: "table", table, origin });
      parent.entries.push(table);
      return table;
    }
    // A header may go on in any table; a dotted key only in one that dotted keys made.
    if (origin === "implied" && found.kind === "many") return found.last;
    if (found.kind === "table" && found.origin === "dotted") return found.table;
    if (found.kind === "table" && origin === "implied") return found.table;
    this.#reportTwice(key, found);
    return null;
  }

  #slotsOf(table: Table): Map<string, Slot> {
    let slots = this.#slots.get(table);
    if (!slots) this.#slots.set(table, slots = new Map());
    return slots;
  }

  #reportTwice(key: TomlKey, found: Slot, suggestion?: string): void {
    const name = quoteWord(key.text);
    const message = found.kind === "value" ? `${name} already has a value` : `there is already a table ${name}`;
    this.#onError(key, message, suggestion);
  }
}

interface InlineTable {
  readonly table: Table;
  readonly pairs: readonly TomlPair[];
}

/** The tables of a value that is one, or is a list of them; null for any other value. */
function inlineTables(key: TomlKey, value: TomlValue): InlineTable[] | null {
  if (value.kind === "table") return [{ table: newTable(key), pairs: value.pairs }];
  if (value.kind !== "array") return null;
  const found: InlineTable[] = [];
  let lastLine = value.line;
  for (const { value: element, comments, remark, endLine } of value.elements) {
    if (element.kind !== "table") return null;
    const table = newTable({ ...key, line: element.line, column: element.column, length: 1 });
    table.comments = docComments(comments, lastLine);
    table.remark = remark?.text ?? null;
    lastLine = endLine;
    found.push({ table, pairs: element.pairs });
  }
  found.at(-1)?.table.tail.push(...docComments(value.tail, lastLine));
  return found.length > 0 ? found : null;
}

const noNotes = { comments: [], blankBefore: false, remark: null };

function newTable(key: TomlKey): Table {
  return { kind: "table", key, entries: [], comments: [], blankBefore: false, remark: null, tail: [], endRemark: null };
}
