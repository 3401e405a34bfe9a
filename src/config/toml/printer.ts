import type { DocBlock, DocComment, DocItem } from "../document.ts";
import { extensionOf, markRemark } from "../extension_mark.ts";
import { type Place, type ProblemList } from "../problem.ts";
import { rowsByName, rowsInside } from "../schema/row_index.ts";
import type { Row, Schema } from "../schema/row.ts";
import { rootRows } from "../schema/root.ts";
import { wordPlace } from "../srs/parser.ts";
import { tomlIndent } from "./comments.ts";
import { encodeKey, encodeString } from "./lib.ts";
import { type KeyGroup, orderForToml } from "./order.ts";
import { headKey } from "./reader.ts";
import { encodeWord } from "./value.ts";

/** Options of {@link printToml}. */
export interface TomlPrintOptions {
  /** Name for messages about the file as a whole. */
  readonly file: string;
  readonly problems: ProblemList;
}

/** Prints a document as TOML, in a layout of its own; what TOML cannot say is an error. */
export function printToml(document: DocBlock, options: TomlPrintOptions): string {
  const printer = new TomlPrinter(options);
  printer.body(document, { rows: rootRows, path: [] });
  return printer.lines.map((line) => `${line}\n`).join("");
}

/** The table that is being printed. */
interface TableContext {
  readonly rows: Schema | null;
  /** Keys from the root to it. */
  readonly path: readonly string[];
}

class TomlPrinter {
  readonly lines: string[] = [];
  readonly #options: TomlPrintOptions;

  constructor(options: TomlPrintOptions) {
    this.#options = options;
  }

  /** Everything in a table, below its header. */
  body(block: DocBlock, { rows, path }: TableContext): void {
    const { problems, file } = this.#options;
    const { keys, tables } = orderForToml(block, rows, path.length === 0, problems);
    for (const [index, group] of keys.entries()) this.#key(group, { rows, path }, index > 0);
    const counts = new Map<string, number>();
    for (const { name } of tables) counts.set(name.text, (counts.get(name.text) ?? 0) + 1);
    for (const table of tables) this.#table(table, { rows, path }, (counts.get(table.name.text) ?? 0) > 1);
    // A comment right below a nested table would be that table's.
    const [first, ...others] = block.tail;
    if (first && (tables.length > 0 || (first.blankBefore && keys.length > 0))) this.lines.push("");
    const place = (line: number) => ({ file: block.items[0]?.file ?? file, line, column: 1, length: 1 });
    if (first) this.#comment(first, place(first.line), path.length);
    this.#comments(others, place, path.length);
  }

  #key({ key, row, isShared, items }: KeyGroup, { rows, path }: TableContext, mayBeApart: boolean): void {
    const [item] = items;
    if (!item) return;
    const depth = path.length;
    const isList = isShared || items.length > 1 || row?.node === "repeated";
    if (!isList) {
      this.#above(item, depth, mayBeApart);
      return this.#line(`${encodeKey(key)} = ${encodeArgs(item, row)}${this.#behind(item, rows)}`, depth);
    }
    if (mayBeApart && (item.comments[0] ?? item).blankBefore) this.lines.push("");
    this.#line(`${encodeKey(key)} = [`, depth);
    for (const [index, element] of items.entries()) {
      this.#above(element, depth + 1, index > 0);
      const value = isShared ? encodeRule(element) : encodeList(element, row);
      this.#line(`${value},${this.#behind(element, rows)}`, depth + 1);
    }
    this.#line("]", depth);
  }

  #table(item: DocItem, { rows, path }: TableContext, isOneOfMany: boolean): void {
    const row = rows ? rowsByName(rows).get(item.name.text)?.row : undefined;
    const depth = path.length;
    const way = [...path, item.name.text];
    const isMany = isOneOfMany || row?.node === "blocks" || item.args.length > 0 || !item.block;
    const header = way.map(encodeKey).join(".");
    if (this.lines.length > 0) this.lines.push("");
    this.#above(item, depth, false);
    this.#line((isMany ? `[[${header}]]` : `[${header}]`) + this.#behind(item, rows), depth);
    const [head] = item.args;
    const names = item.args.map((word) => encodeString(word.text)).join(", ");
    if (head) this.#line(`${headKey} = ${item.args.length === 1 ? names : `[${names}]`}`, depth + 1);
    if (item.block) this.body(item.block, { rows: rowsInside(row), path: way });
    if (item.endRemark !== null) {
      this.#comment({ text: item.endRemark, line: 0, blankBefore: false }, wordPlace(item.file, item.name), depth);
    }
  }

  /** The comments of an item, and empty lines: before the first line only where it may be apart from what is above. */
  #above(item: DocItem, depth: number, mayBeApart: boolean): void {
    const [first, ...others] = item.comments;
    if (mayBeApart && (first ?? item).blankBefore) this.lines.push("");
    const place = (line: number) => ({ file: item.file, line, column: 1, length: 1 });
    if (!first) return;
    this.#comment(first, place(first.line), depth);
    this.#comments(others, place, depth);
    if (item.blankBefore) this.lines.push("");
  }

  #behind(item: DocItem, rows: Schema | null): string {
    const remark = extensionOf(item, rows) === null ? item.remark : markRemark(item.remark);
    if (remark === null) return "";
    this.#checkComment(remark, wordPlace(item.file, item.name));
    return ` #${remark}`;
  }

  #comments(comments: readonly DocComment[], place: (line: number) => Place, depth: number): void {
    for (const comment of comments) {
      if (comment.blankBefore) this.lines.push("");
      this.#comment(comment, place(comment.line), depth);
    }
  }

  #comment({ text }: DocComment, place: Place, depth: number): void {
    this.#checkComment(text, place);
    this.#line(`#${text}`, depth);
  }

  #checkComment(text: string, place: Place): void {
    if (/^[\t\x20-\x7e\x80-\uffff]*$/.test(text)) return;
    this.#options.problems.error(place, "a comment in TOML cannot contain control characters");
  }

  #line(text: string, depth: number): void {
    this.lines.push(" ".repeat(tomlIndent * depth) + text);
  }
}

/** The value of a directive that stands alone. */
function encodeArgs(item: DocItem, row: Row | undefined): string {
  const [only] = item.args;
  const takesMany = row?.node === "directive" && row.type.takesMany;
  return only && item.args.length === 1 && !takesMany ? encodeWord(only.text, row) : encodeList(item, row);
}

function encodeList({ args }: DocItem, row: Row | undefined): string {
  return `[${args.map((word) => encodeWord(word.text, row)).join(", ")}]`;
}

/** Name and arguments as one text, or as a list where a word has blanks. */
function encodeRule({ name, args }: DocItem): string {
  const words = [name, ...args].map(({ text }) => text);
  if (words.every((word) => /^\S+$/.test(word))) return encodeString(words.join(" "));
  return `[${words.map(encodeString).join(", ")}]`;
}
