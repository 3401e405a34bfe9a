// Why TOML is scanned here and not by a library: an operator gets every error of a file at once, in the words of this
// server. npm's toml-eslint-parser 1.0.3, the one with places and comments, throws at the first. Read again with that line
// blanked, it puts the errors after an open bracket on wrong lines ("[[vhost" gives four), gives one duplicate-key message
// where values, tables and lists of tables need different ones, and overflows the stack at 20,000 nested lists.

import type { DocBlock, DocComment, DocItem } from "../document.ts";
import { type ProblemList, quoteWord } from "../problem.ts";
import { rowsByName, rowsByTomlKey, rowsInside, tomlKeyOf } from "../schema/row_index.ts";
import type { Row, Schema } from "../schema/row.ts";
import { rootRows } from "../schema/root.ts";
import type { ConfWord } from "../srs/lexer.ts";
import { maxDepth } from "../srs/parser.ts";
import { docComments } from "./comments.ts";
import { decodeValues } from "./lib.ts";
import type { TomlArray, TomlKey, TomlPlace, TomlScalar, TomlValue } from "./syntax.ts";
import { readTables, type Table, type TableValue } from "./table.ts";
import { decodeScalar, refuseKind } from "./value.ts";

/** Key of the words between a block's name and its `{`: a vhost's name. */
export const headKey = "name";

/** Options of {@link readToml}. */
export interface TomlReadOptions {
  /** Name for messages. */
  readonly file: string;
  readonly problems: ProblemList;
}

/**
 * Reads a TOML file into the document that the same configuration in SRS's language gives.
 *
 * Tables are blocks, keys are directives: `true` is `on`, a list has the arguments of one directive, a list of lists
 * has several directives of the name. Reports all that is no TOML and all that has no meaning here.
 */
export function readToml(text: string, options: TomlReadOptions): DocBlock {
  const { file, problems } = options;
  const root = readTables(text, ({ line, column, length }, message, suggestion) => {
    problems.error({ file, line, column, length }, message, suggestion);
  });
  return new Reader(root, options).read();
}

/** Items, and comments that belong to none of them and go to the next. */
interface Reading {
  readonly items: DocItem[];
  readonly left: readonly DocComment[];
}

const nothing: Reading = { items: [], left: [] };

class Reader {
  readonly #root: Table;
  readonly #file: string;
  readonly #problems: ProblemList;
  readonly #values: ReadonlyMap<TomlScalar, unknown>;
  #refusals = 0;

  constructor(root: Table, { file, problems }: TomlReadOptions) {
    this.#root = root;
    this.#file = file;
    this.#problems = problems;
    const scalars = [...scalarsIn(root)];
    const values = decodeValues(scalars.map(({ raw }) => raw));
    this.#values = new Map(scalars.map((scalar, index) => [scalar, values[index]]));
  }

  read(): DocBlock {
    return this.#readBlock(this.#root, rootRows, 0);
  }

  #readBlock(table: Table, rows: Schema | null, depth: number): DocBlock {
    const items: DocItem[] = [];
    let carried: readonly DocComment[] = [];
    for (const entry of table.entries) {
      const { items: [first, ...others], left } = depth > 0 && isHead(entry)
        ? { items: [], left: [...entry.comments, ...remarkLine(entry)] }
        : entry.kind === "table"
        ? this.#readTable(entry, rows, depth + 1)
        : this.#readSound(entry, rows);
      if (first) items.push({ ...first, comments: [...carried, ...first.comments] }, ...others);
      carried = first ? left : [...carried, ...left];
    }
    return { items, tail: [...carried, ...table.tail] };
  }

  #readTable(table: Table, rows: Schema | null, depth: number): Reading {
    const { key, comments, blankBefore, remark, endRemark } = table;
    if (depth > maxDepth) return this.#refuse(key, `tables are nested deeper than ${maxDepth} levels`);
    const head = table.entries.find(isHead);
    const args = head ? this.#readArgs(head.value, undefined) : [];
    const rest = table.entries.filter((entry) => entry !== head);
    if (key.text === "include" && rest[0]) {
      return this.#refuse(rest[0].key, `a table "include" can contain only ${quoteWord(headKey)}`);
    }
    const row = rows ? rowsByName(rows).get(key.text)?.row : undefined;
    if (row?.node === "directive" || row?.node === "repeated") {
      return this.#refuse({ ...key }, `${quoteWord(key.text)} is a value, not a table`);
    }
    const block = key.text === "include" ? null : this.#readBlock(table, rowsInside(row), depth);
    const item = { name: keyWord(key), args, file: this.#file, comments, blankBefore, remark, endRemark, block };
    return { items: [item], left: [] };
  }

  /** Leaves out what has an error: warnings about its value would only say the same again. */
  #readSound(entry: TableValue, rows: Schema | null): Reading {
    const before = this.#refusals;
    const reading = this.#readEntry(entry, rows);
    return this.#refusals > before ? nothing : reading;
  }

  #readEntry(entry: TableValue, rows: Schema | null): Reading {
    const { key, value, comments, blankBefore, remark } = entry;
    const sharing = rows ? rowsByTomlKey(rows).get(key.text) ?? [] : [];
    if (sharing.length > 1) return this.#readSeveral(entry, (element) => this.#readRule(element, sharing));
    const row = rows ? rowsByName(rows).get(key.text)?.row : undefined;
    const listKey = row ? tomlKeyOf(row) : key.text;
    if (listKey !== key.text) {
      return this.#refuse(key, `${quoteWord(key.text)} is not a key`, `put it in the list "${listKey}"`);
    }
    const name = keyWord(key);
    const isList = value.kind === "array" && value.elements.some((element) => element.value.kind === "array");
    if (isList || row?.node === "repeated") {
      return this.#readSeveral(entry, (element) => {
        if (element.kind === "array") return [name, ...this.#readArgs(element, row)];
        this.#refuse(element, `${quoteWord(key.text)} needs a list of lists, one per directive`);
        return null;
      });
    }
    const args = this.#readArgs(value, row);
    const inner = value.kind === "array" ? commentsIn(value) : [];
    const item = { name, args, file: this.#file, blankBefore, remark, endRemark: null, block: null };
    return { items: [{ ...item, comments: [...comments, ...inner] }], left: [] };
  }

  /** A list in which every element is a directive, with comments of its own. */
  #readSeveral(entry: TableValue, readWords: (element: TomlValue) => readonly ConfWord[] | null): Reading {
    const { key, value } = entry;
    if (value.kind !== "array") return this.#refuse(value, `${quoteWord(key.text)} needs a list`);
    if (value.elements.length === 0) return this.#refuse(value, `the list ${quoteWord(key.text)} is empty`);
    const items: DocItem[] = [];
    let lastLine = value.line;
    for (const element of value.elements) {
      const [name, ...args] = readWords(element.value) ?? [];
      const comments = docComments(element.comments, lastLine);
      const blankBefore = element.value.line > (element.comments.at(-1)?.line ?? lastLine) + 1;
      const remark = element.remark?.text ?? null;
      if (name) {
        items.push({ name, args, file: this.#file, comments, blankBefore, remark, endRemark: null, block: null });
      }
      lastLine = element.endLine;
    }
    const left = [...docComments(value.tail, lastLine), ...remarkLine(entry)];
    const [first, ...others] = items;
    return first ? { items: [joinEntry(entry, first), ...others], left } : nothing;
  }

  /** `"allow play all"`, or a list of the words. */
  #readRule(element: TomlValue, rows: readonly Row[]): readonly ConfWord[] | null {
    const words = element.kind === "string" ? this.#splitText(element) : this.#readArgs(element, rows[0]);
    const [name] = words;
    if (name && rows.some((row) => row.name === name.text)) return words;
    const names = rows.map((row) => quoteWord(row.name)).join(" or ");
    this.#refuse(element, `a rule begins with ${names}`);
    return null;
  }

  #splitText(scalar: TomlScalar): ConfWord[] {
    const { line, column, raw } = scalar;
    const text = this.#textOf(scalar, undefined);
    // Escapes or quotes on other lines shift the words; then all are shown at the first quote.
    const isPlain = raw.length === text.length + 2;
    return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => {
      return { text: word, line, column: isPlain ? column + 1 + index : column, quoted: false };
    });
  }

  #readArgs(value: TomlValue, row: Row | undefined): ConfWord[] {
    if (value.kind === "table") {
      this.#refuse(value, "a table is not allowed here");
      return [];
    }
    if (value.kind !== "array") return [this.#readWord(value, row)];
    return value.elements.flatMap(({ value: element }) => {
      if (element.kind !== "array" && element.kind !== "table") return [this.#readWord(element, row)];
      this.#refuse(element, `a ${element.kind === "array" ? "list" : "table"} is not allowed in this list`);
      return [];
    });
  }

  #readWord(scalar: TomlScalar, row: Row | undefined): ConfWord {
    const { line, column, kind } = scalar;
    return { text: this.#textOf(scalar, row), line, column, quoted: kind === "string" };
  }

  #textOf(scalar: TomlScalar, row: Row | undefined): string {
    const wrong = refuseKind(scalar, row);
    const place = { ...scalar, length: scalar.raw.length };
    if (wrong) this.#refuse(place, wrong.message, wrong.suggestion);
    const value = this.#values.get(scalar);
    if (value === undefined) this.#refuse(place, `${quoteWord(scalar.raw)} cannot be read`);
    return decodeScalar(scalar, value);
  }

  #refuse(
    { line, column, length = 1 }: TomlPlace & { length?: number },
    message: string,
    suggestion?: string,
  ): Reading {
    this.#refusals++;
    this.#problems.error({ file: this.#file, line, column, length }, message, suggestion);
    return nothing;
  }
}

function isHead(entry: Table | TableValue): entry is TableValue {
  return entry.kind === "value" && entry.key.text === headKey;
}

/** The first directive of a list, with what stands above the key of the list. */
function joinEntry(entry: TableValue, item: DocItem): DocItem {
  const [first, ...others] = item.comments;
  if (!first) return { ...item, comments: entry.comments, blankBefore: entry.blankBefore };
  return { ...item, comments: [...entry.comments, { ...first, blankBefore: entry.blankBefore }, ...others] };
}

function keyWord({ text, line, column, length }: TomlKey): ConfWord {
  return { text, line, column, quoted: length !== text.length };
}

/** A comment that loses its place behind something. */
function remarkLine({ remark, key: { line } }: TableValue): DocComment[] {
  return remark === null ? [] : [{ text: remark, line, blankBefore: false }];
}

/** Comments among the elements of a list that is the value of one directive. */
function commentsIn({ elements, tail }: TomlArray): DocComment[] {
  const inside = elements.flatMap(({ comments, remark }) => remark ? [...comments, remark] : comments);
  return [...inside, ...tail].map(({ text, line }) => ({ text, line, blankBefore: false }));
}

function* scalarsIn(table: Table): Generator<TomlScalar> {
  for (const entry of table.entries) {
    if (entry.kind === "table") yield* scalarsIn(entry);
    else yield* scalarsOf(entry.value);
  }
}

function* scalarsOf(value: TomlValue): Generator<TomlScalar> {
  if (value.kind === "array") { for (const element of value.elements) yield* scalarsOf(element.value); }
  else if (value.kind !== "table") yield value;
}
