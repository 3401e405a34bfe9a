import type { DocBlock, DocComment, DocItem } from "../document.ts";
import { extensionOf, markRemark, unmarkRemark } from "../extension_mark.ts";
import { type ProblemList, quoteWord } from "../problem.ts";
import { rowsByName, rowsInside } from "../schema/row_index.ts";
import type { Schema } from "../schema/row.ts";
import { rootRows } from "../schema/root.ts";
import type { ConfWord } from "./lexer.ts";
import { wordPlace } from "./parser.ts";

/** Options of {@link printSrs}. */
export interface SrsPrintOptions {
  readonly problems: ProblemList;
  /** What becomes of directives that SRS refuses: marked by a comment, an error, or turned into comments. */
  readonly extensions: "mark" | "refuse" | "comment";
}

/** Prints a document in SRS's language; what that language cannot say is an error. */
export function printSrs(document: DocBlock, options: SrsPrintOptions): string {
  const printer = new SrsPrinter(options);
  printer.block(document, rootRows, 0);
  return printer.lines.map((line) => `${line}\n`).join("");
}

class SrsPrinter {
  readonly lines: string[] = [];
  readonly #options: SrsPrintOptions;

  constructor(options: SrsPrintOptions) {
    this.#options = options;
  }

  block({ items, tail }: DocBlock, rows: Schema | null, depth: number): void {
    for (const [index, item] of items.entries()) {
      const [first, ...others] = item.comments;
      const isApart = item.block ? depth === 0 : (first ?? item).blankBefore;
      if (index > 0 && isApart) this.lines.push("");
      if (first) this.#comment(first, depth);
      this.#comments(others, depth);
      if (first && item.blankBefore) this.lines.push("");
      this.#item(item, rows, depth);
    }
    const [first, ...others] = tail;
    if (first?.blankBefore && items.length > 0) this.lines.push("");
    if (first) this.#comment(first, depth);
    this.#comments(others, depth);
  }

  #item(item: DocItem, rows: Schema | null, depth: number): void {
    const reason = extensionOf(item, rows);
    if (reason === null) return this.#directive(item, rows, depth);
    const { extensions, problems } = this.#options;
    if (extensions === "refuse") problems.error(wordPlace(item.file, item.name), reason);
    if (extensions !== "comment") return this.#directive({ ...item, remark: markRemark(item.remark) }, rows, depth);
    const start = this.lines.length;
    this.#directive({ ...item, remark: unmarkRemark(item.remark) }, rows, depth);
    for (const [index, line] of this.lines.entries()) {
      if (index >= start) this.lines[index] = line.replace(/^ */, "$&# ");
    }
  }

  #directive(item: DocItem, rows: Schema | null, depth: number): void {
    const words = [item.name, ...item.args].map((word, index) => this.#word(word, item.file, index === 0));
    const { block } = item;
    this.#line(`${words.join(" ")}${block ? " {" : ";"}${behind(item.remark)}`, depth);
    if (!block) return;
    const row = rows ? rowsByName(rows).get(item.name.text)?.row : undefined;
    this.block(block, rowsInside(row), depth + 1);
    this.#line(`}${behind(item.endRemark)}`, depth);
  }

  /** A word with quotes where it needs them. */
  #word(word: ConfWord, file: string, isName: boolean): string {
    const { text } = word;
    if (/^[^\s"'#{};\ufeff][^\s{};]*$/.test(text)) return text;
    const refuse = (why: string) => {
      this.#options.problems.error(wordPlace(file, word), `SRS's language cannot express ${quoteWord(text)}: ${why}`);
      return text;
    };
    if (text === "") return refuse("it has no empty words; remove the line");
    if (/[\r\n]/.test(text) && !isName) return refuse("a word cannot span several lines");
    if (!text.includes('"')) return `"${text}"`;
    return text.includes("'") ? refuse("a word cannot contain both kinds of quotes") : `'${text}'`;
  }

  #comments(comments: readonly DocComment[], depth: number): void {
    for (const comment of comments) {
      if (comment.blankBefore) this.lines.push("");
      this.#comment(comment, depth);
    }
  }

  #comment({ text }: DocComment, depth: number): void {
    this.#line(`#${text}`, depth);
  }

  #line(text: string, depth: number): void {
    this.lines.push("    ".repeat(depth) + text);
  }
}

/** A comment behind something on its line. */
function behind(remark: string | null): string {
  return remark === null ? "" : ` #${remark}`;
}
