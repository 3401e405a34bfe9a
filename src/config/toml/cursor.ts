import { quoteWord } from "../problem.ts";
import type { TomlPlace } from "./syntax.ts";

/** What else there is to say about text that is no TOML. */
export interface RefusalHint {
  readonly suggestion?: string;
  /** Number of characters it is about. */
  readonly length?: number;
}

/** Ends the reading of one statement. */
export class Refusal extends Error {
  readonly place: TomlPlace;
  readonly hint: RefusalHint;

  constructor(place: TomlPlace, message: string, hint: RefusalHint = {}) {
    super(message);
    this.place = place;
    this.hint = hint;
  }
}

const blanks = /[ \t]*/y;

/** A place in a TOML text that moves on. */
export class TomlCursor {
  readonly #text: string;
  #at: number;
  #line = 1;
  #lineStart: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = this.#lineStart = text.startsWith("\ufeff") ? 1 : 0;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get isAtLineEnd(): boolean {
    const next = this.peek();
    return next === "\n" || (next === "\r" && this.#text.charAt(this.#at + 1) === "\n");
  }

  get offset(): number {
    return this.#at;
  }

  get place(): TomlPlace {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  /** The next character; `""` at the end. */
  peek(): string {
    return this.#text.charAt(this.#at);
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  /** The text from `offset` to here. */
  since(offset: number): string {
    return this.#text.slice(offset, this.#at);
  }

  /** Steps over characters that are no line ends. */
  skip(count: number): void {
    this.#at += count;
  }

  skipBlanks(): void {
    this.match(blanks);
  }

  /** Steps over what a sticky pattern matches here, which has no line ends, and returns it. */
  match(pattern: RegExp): string {
    const start = this.#at;
    pattern.lastIndex = start;
    if (!pattern.test(this.#text)) return "";
    this.#at = pattern.lastIndex;
    return this.#text.slice(start, this.#at);
  }

  /** Whether a sticky pattern matches here. */
  looksLike(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  /** Steps over a line end. */
  newLine(): void {
    this.#at += this.peek() === "\r" ? 2 : 1;
    this.#line++;
    this.#lineStart = this.#at;
  }

  /** Steps to the line end and not over it. */
  skipRestOfLine(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  refuse(message: string, hint?: RefusalHint): Refusal {
    return new Refusal(this.place, message, hint);
  }

  unexpected(wanted: string): Refusal {
    return this.refuse(`expected ${wanted}, found ${this.#describeNext()}`);
  }

  #describeNext(): string {
    if (this.isAtEnd) return "the end of the file";
    if (this.isAtLineEnd) return "the end of the line";
    return this.peek() === "\r" ? "a carriage return alone" : quoteWord(this.peek());
  }
}
