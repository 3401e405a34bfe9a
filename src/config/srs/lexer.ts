import { quoteWord } from "../problem.ts";

/** One word of a directive and where it begins (at its quote, when it has quotes). Lines and columns count from 1. */
export interface ConfWord {
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly quoted: boolean;
}

/** A comment, without the `#`. */
export interface ConfComment {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** `lineEnd` appears only inside a directive that is not finished: elsewhere line ends mean nothing. */
export type Token =
  | { readonly kind: "word"; readonly word: ConfWord }
  | { readonly kind: "comment"; readonly comment: ConfComment }
  | { readonly kind: ";" | "{" | "}" | "lineEnd"; readonly line: number; readonly column: number }
  | { readonly kind: "eof"; readonly line: number; readonly column: number };

const lineEnd = /[\r\n]/g;
const wordEnd = /[ \t\r\n;{]/g;

/** Told about text that is not a token; the lexer then goes on. */
export type LexicalError = (line: number, column: number, message: string) => void;

const Char = {
  tab: 0x09,
  lf: 0x0a,
  cr: 0x0d,
  space: 0x20,
  doubleQuote: 0x22,
  hash: 0x23,
  singleQuote: 0x27,
  semicolon: 0x3b,
  open: 0x7b,
  close: 0x7d,
  bom: 0xfeff,
  end: -1,
} as const;

/**
 * Splits the text of one SRS configuration file into tokens.
 *
 * Source: SRS 7 `SrsConfDirective::read_token`. A word ends at white space, `;` or `{`; `}`, `#` and quotes have a
 * meaning only where a token begins. There are no escape characters, and an empty quoted word does not exist.
 */
export class SrsLexer {
  readonly #text: string;
  readonly #onError: LexicalError;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #inDirective = false;

  constructor(text: string, onError: LexicalError) {
    this.#text = text;
    this.#onError = onError;
    if (text.charCodeAt(0) === Char.bom) this.#at = this.#lineStart = 1;
  }

  /** The next token; `eof` again and again at the end. */
  next(): Token {
    for (;;) {
      const code = this.#skipBlanks();
      const line = this.#line;
      const column = this.#column;
      switch (code) {
        case Char.end:
          return { kind: "eof", line, column };
        case Char.lf:
        case Char.cr:
          this.#newLine();
          if (!this.#inDirective) continue;
          this.#inDirective = false;
          return { kind: "lineEnd", line, column };
        case Char.semicolon:
        case Char.open:
        case Char.close:
          this.#at++;
          this.#inDirective = false;
          return { kind: code === Char.semicolon ? ";" : code === Char.open ? "{" : "}", line, column };
        case Char.hash:
          return { kind: "comment", comment: { text: this.#takeComment(), line, column } };
      }
      const quoted = code === Char.doubleQuote || code === Char.singleQuote;
      const text = quoted ? this.#takeQuoted(code) : this.#takeWord();
      if (text === "") continue;
      this.#inDirective = true;
      return { kind: "word", word: { text, line, column, quoted } };
    }
  }

  /** Steps over spaces and tabs; returns the char code behind them. */
  #skipBlanks(): number {
    let at = this.#at;
    let code = this.#code(at);
    while (code === Char.space || code === Char.tab) code = this.#code(++at);
    this.#at = at;
    return code;
  }

  get #column(): number {
    return this.#at - this.#lineStart + 1;
  }

  /** Char code at a position, -1 behind the end. */
  #code(at: number): number {
    return at < this.#text.length ? this.#text.charCodeAt(at) : Char.end;
  }

  /** Steps over LF, CR or CR LF. */
  #newLine(): void {
    this.#at += this.#code(this.#at) === Char.cr && this.#code(this.#at + 1) === Char.lf ? 2 : 1;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #takeComment(): string {
    const start = this.#at + 1;
    this.#at = this.#search(lineEnd);
    return this.#text.slice(start, this.#at);
  }

  #takeWord(): string {
    const start = this.#at;
    this.#at = this.#search(wordEnd);
    return this.#text.slice(start, this.#at);
  }

  /** Where the next match of one character stands, else the end. Regular expressions search faster than a loop. */
  #search(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text) ? pattern.lastIndex - 1 : this.#text.length;
  }

  /** The text between quotes; where the second quote is missing, the first one is stepped over and `""` returned. */
  #takeQuoted(quote: number): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf(String.fromCharCode(quote), start);
    const lineEnd = this.#findLineEnd(start, end);
    if (end < 0 || (this.#inDirective && lineEnd >= 0)) {
      this.#onError(this.#line, this.#column, `the closing ${String.fromCharCode(quote)} is missing`);
      this.#at = start;
      return "";
    }
    this.#at = start;
    while (this.#at < end) {
      if (isLineEnd(this.#code(this.#at))) this.#newLine();
      else this.#at++;
    }
    this.#at = end + 1;
    const code = this.#code(this.#at);
    if (!endsWord(code)) {
      const char = quoteWord(this.#text.charAt(this.#at));
      this.#onError(
        this.#line,
        this.#column,
        `unexpected ${char} after a closing quote; a space, ";" or "{" must follow`,
      );
    }
    return this.#text.slice(start, end);
  }

  /** First line end in `[from, to)`, or -1; only the current line is searched when `to` is -1. */
  #findLineEnd(from: number, to: number): number {
    if (to < 0) return -1;
    for (let at = from; at < to; at++) if (isLineEnd(this.#code(at))) return at;
    return -1;
  }
}

function isLineEnd(code: number): boolean {
  return code === Char.lf || code === Char.cr || code === Char.end;
}

function endsWord(code: number): boolean {
  return code === Char.space || code === Char.semicolon || code === Char.open || code === Char.tab || isLineEnd(code);
}
