import { type Place, type ProblemList, quoteWord } from "../problem.ts";
import { type ConfComment, type ConfWord, SrsLexer, type Token } from "./lexer.ts";

/** The directives between two braces, or of a whole file. */
export interface ConfBlock {
  readonly directives: readonly ConfDirective[];
  /** Comments after the last directive. */
  readonly tailComments: readonly ConfComment[];
}

/** One directive as written: `name arg arg;` or `name arg { ... }`. */
export interface ConfDirective {
  readonly name: ConfWord;
  readonly args: readonly ConfWord[];
  /** null for a leaf, which ends with `;`. */
  readonly block: ConfBlock | null;
  /** The file it stands in; differs from its neighbours' where an `include` was. */
  readonly file: string;
  /** Line of the `;` or `}`: a comment on that line belongs to this directive. */
  readonly endLine: number;
  /** Comments since the directive before. */
  readonly comments: readonly ConfComment[];
}

/** Where a word of `directive` stands. */
export function placeOf(directive: ConfDirective, word: ConfWord = directive.name): Place {
  return wordPlace(directive.file, word);
}

export function wordPlace(file: string, word: ConfWord): Place {
  return { file, line: word.line, column: word.column, length: word.text.length + (word.quoted ? 2 : 0) };
}

/** The first directive along a path of names, or undefined. */
export function findDirective(block: ConfBlock, names: readonly string[]): ConfDirective | undefined {
  const [name, ...rest] = names;
  const found = block.directives.find((directive) => directive.name.text === name);
  if (rest.length === 0) return found;
  return found?.block ? findDirective(found.block, rest) : undefined;
}

/** Options of {@link parseSrsConf}. */
export interface ParseOptions {
  /** Name for messages. */
  readonly file: string;
  readonly problems: ProblemList;
  /** Whether a word names a directive: helps to go on after a missing `;`. */
  readonly isName?: (text: string) => boolean;
  /** Gives the directives of an included file; without it `include` is left in the tree as a directive. */
  readonly include?: (file: ConfWord, depth: number) => readonly ConfDirective[];
  /** Levels of blocks and includes around this text. */
  readonly depth?: number;
}

/** Most levels of blocks and includes. */
export const maxDepth = 64;

/**
 * Parses the text of one SRS configuration file into a tree; knows the grammar, not the directives.
 *
 * Reports every error it finds and goes on: a broken line costs that line only.
 * Source: SRS 7 `SrsConfDirective::parse_conf`, `read_token`.
 */
export function parseSrsConf(text: string, options: ParseOptions): ConfBlock {
  return new Parser(text, options).parse();
}

const none: readonly never[] = [];

/** A block that waits for its `}`. `head` is null for the file itself and for a `{` without a name. */
interface OpenBlock {
  readonly head: Head | null;
  readonly directives: ConfDirective[];
}

interface Head {
  readonly name: ConfWord;
  readonly args: readonly ConfWord[];
  readonly comments: readonly ConfComment[];
}

class Parser {
  readonly #lexer: SrsLexer;
  readonly #options: ParseOptions;
  readonly #root: OpenBlock = { head: null, directives: [] };
  readonly #open: OpenBlock[] = [];
  /** The directive that is being read: a name, and the words after it. */
  #name: ConfWord | null = null;
  #args: ConfWord[] | null = null;
  #comments: ConfComment[] | null = null;
  /** Where the line ended within the directive that is being read. */
  #broken: { line: number; column: number } | null = null;
  /** Whether something about the directive that is being read was reported: one error for each is enough. */
  #reported = false;

  constructor(text: string, options: ParseOptions) {
    this.#options = options;
    this.#lexer = new SrsLexer(text, (line, column, message) => {
      this.#error({ line, column }, message);
      this.#reported = true;
    });
  }

  parse(): ConfBlock {
    for (;;) {
      const token = this.#lexer.next();
      if (token.kind === "eof") return this.#finish(token);
      if (!this.#accept(token)) return { directives: this.#root.directives, tailComments: none };
    }
  }

  /** Returns false when the rest of the text is not worth reading. */
  #accept(token: Exclude<Token, { kind: "eof" }>): boolean {
    switch (token.kind) {
      case "comment":
        if (this.#comments) this.#comments.push(token.comment);
        else this.#comments = [token.comment];
        return true;
      case "lineEnd":
        this.#broken = token;
        return true;
      case "word":
        if (this.#broken) this.#afterLineEnd(token.word);
        this.#push(token.word);
        return true;
      case ";":
        if (this.#broken) this.#reportBroken(`";" must be on the same line as`);
        this.#endLeaf(token);
        return true;
      case "{":
        if (this.#broken) this.#reportBroken(`"{" must be on the same line as`);
        return this.#openBlock(token);
      case "}":
        this.#endUnfinished(token);
        this.#closeBlock(token);
        return true;
    }
  }

  #push(word: ConfWord): void {
    if (!this.#name) this.#name = word;
    else if (this.#args) this.#args.push(word);
    else this.#args = [word];
  }

  get #block(): OpenBlock {
    return this.#open.at(-1) ?? this.#root;
  }

  /** A word on a later line: an argument of the unfinished directive, or the next directive after a missing `;`. */
  #afterLineEnd(word: ConfWord): void {
    if (this.#splitClosingBrace()) return;
    const known = this.#options.isName?.(word.text) ?? false;
    const goesOn = !known && (!this.#args || !/^[a-z]\w*$/.test(word.text));
    if (goesOn) {
      this.#reportBroken("the line ends in the middle of", "write the whole directive on one line");
    } else {
      this.#reportBroken(`";" is missing after`);
      this.#add(this.#lastWord.line);
    }
  }

  /** `enabled on}` at a line's end: the brace was meant to close the block. */
  #splitClosingBrace(): boolean {
    const word = this.#lastWord;
    if (word.quoted || !word.text.endsWith("}")) return false;
    const rest = word.text.replace(/\}+$/, "");
    const brace = { line: word.line, column: word.column + rest.length };
    this.#error(brace, `"}" ends a block only after ";"`, `write "${rest}; }"`);
    if (this.#args) this.#args.pop();
    else this.#name = null;
    if (rest !== "") this.#push({ ...word, text: rest });
    if (this.#name) this.#add(word.line);
    this.#broken = null;
    for (let n = rest.length; n < word.text.length; n++) this.#closeBlock(brace);
    return true;
  }

  get #lastWord(): ConfWord {
    const word = this.#args?.at(-1) ?? this.#name;
    if (!word) throw new TypeError("Cannot look back from a directive without words");
    return word;
  }

  /** Reports a directive that its line cut off, once; the place is where the line breaks. */
  #reportBroken(what: string, suggestion: string | null = null): void {
    const lineEnd = this.#broken;
    this.#broken = null;
    if (this.#reported || !lineEnd) return;
    this.#reported = true;
    const last = this.#lastWord;
    const column = last.column + last.text.length + (last.quoted ? 2 : 0);
    // Behind the last word, not behind blanks and a comment; only a quoted name can have begun on an earlier line.
    const at = last.line === lineEnd.line ? { line: last.line, column } : lineEnd;
    this.#error(at, `${what} ${this.#wordsQuoted()}`, suggestion);
  }

  #wordsQuoted(): string {
    return quoteWord([this.#name, ...this.#args ?? []].map((word) => word?.text).join(" "));
  }

  /** `}` or the end of the file in the middle of a directive. */
  #endUnfinished(at: { line: number; column: number }): void {
    if (!this.#name || this.#splitClosingBrace()) return;
    if (this.#broken) this.#reportBroken(`";" is missing after`);
    else if (!this.#reported) this.#error(at, `";" is missing after ${this.#wordsQuoted()}`);
    this.#add(this.#lastWord.line);
  }

  #endLeaf(at: { line: number; column: number }): void {
    if (!this.#name) return this.#error(at, `unexpected ";"`);
    this.#add(at.line);
  }

  /** Puts the directive read so far, a leaf, into the current block. */
  #add(endLine: number): void {
    const head = this.#takeHead();
    if (!head) return;
    if (head.name.text === "include" && this.#options.include) this.#include(head, this.#options.include);
    else this.#block.directives.push(this.#directive(head, null, endLine));
  }

  #takeHead(): Head | null {
    const name = this.#name;
    const args = this.#args ?? none;
    this.#name = this.#args = null;
    this.#reported = false;
    return name && { name, args, comments: this.#takeComments() };
  }

  #directive({ name, args, comments }: Head, block: ConfBlock | null, endLine: number): ConfDirective {
    return { name, args, block, file: this.#options.file, endLine, comments };
  }

  #include(head: Head, include: NonNullable<ParseOptions["include"]>): void {
    if (head.args.length === 0) this.#error(head.name, `"include" needs a file name`);
    const depth = (this.#options.depth ?? 0) + this.#open.length + 1;
    for (const file of head.args) {
      // One by one: an argument list of spread calls would overflow the stack with many directives.
      for (const directive of include(file, depth)) this.#block.directives.push(directive);
    }
  }

  #openBlock(at: { line: number; column: number }): boolean {
    const head = this.#takeHead();
    const isInclude = head?.name.text === "include";
    if (!head) this.#error(at, `unexpected "{"`, "put the name of the block before it");
    else if (isInclude) this.#error(at, `"include" takes no block`, `end it with ";"`);
    this.#open.push({ head: isInclude ? null : head, directives: [] });
    if (this.#open.length + (this.#options.depth ?? 0) <= maxDepth) return true;
    this.#error(at, `blocks and includes are nested deeper than ${maxDepth} levels`);
    return false;
  }

  #closeBlock(at: { line: number; column: number }): void {
    const closed = this.#open.pop();
    if (!closed) {
      return this.#error(at, `unexpected "}": no block is open`, "remove it, or look for an earlier one too many");
    }
    const tailComments = this.#takeComments();
    if (!closed.head) return;
    const block = { directives: closed.directives, tailComments };
    this.#block.directives.push(this.#directive(closed.head, block, at.line));
  }

  #takeComments(): readonly ConfComment[] {
    const comments = this.#comments ?? none;
    this.#comments = null;
    return comments;
  }

  #finish(at: { line: number; column: number }): ConfBlock {
    this.#endUnfinished(at);
    const innermost = this.#open.findLast((block) => block.head !== null)?.head?.name;
    if (innermost) {
      const opened = `the block ${quoteWord(innermost.text)} from line ${innermost.line} is still open`;
      this.#error(at, `unexpected end of the file: ${opened}`, `add "}"`);
    }
    while (this.#open.length > 0) this.#closeBlock(at);
    return { directives: this.#root.directives, tailComments: this.#takeComments() };
  }

  #error(at: { line: number; column: number }, message: string, suggestion: string | null = null): void {
    const place = { file: this.#options.file, line: at.line, column: at.column, length: 1 };
    this.#options.problems.error(place, message, suggestion);
  }
}
