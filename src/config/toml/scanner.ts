import { quoteWord } from "../problem.ts";
import { maxDepth } from "../srs/parser.ts";
import { Refusal, TomlCursor } from "./cursor.ts";
import { decodeValues } from "./lib.ts";
import { skipShort, skipTomlString } from "./string.ts";
import type {
  TomlArray,
  TomlComment,
  TomlElement,
  TomlError,
  TomlHeader,
  TomlInline,
  TomlKey,
  TomlPair,
  TomlPlace,
  TomlStatement,
  TomlValue,
} from "./syntax.ts";

/** Errors after which the rest of a file is not looked at. */
const maxErrors = 1000;

const bareKey = /[A-Za-z0-9_-]+/y;
const bareValue = /[^\s,[\]{}#="']+/y;
const commentText = /[\t\x20-\x7e\x80-\uffff]*/y;
const arrayEnd = /[ \t]*\]/y;
const statementStart = /[ \t]*(?:\[|[A-Za-z0-9_."'-]+[ \t]*=)/y;
const decimalNumber = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/;
const otherNumber = /^(?:0x[\dA-Fa-f](?:_?[\dA-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)$/;

/**
 * Splits a TOML file into statements with their places and comments; values stay as they are written.
 *
 * Holds the text to TOML 1.0, which `@std/toml` does not; dates, `inf` and `nan` are refused too, as no directive can
 * have such a value. Source: toml.io/en/v1.0.0.
 */
export class TomlScanner {
  readonly #cursor: TomlCursor;
  readonly #onError: TomlError;
  #depth = 0;
  #errors = 0;

  constructor(text: string, onError: TomlError) {
    this.#cursor = new TomlCursor(text);
    this.#onError = onError;
  }

  /** The next statement, or null at the end. */
  next(): TomlStatement | null {
    this.#skipLines();
    while (!this.#cursor.isAtEnd && this.#errors < maxErrors) {
      const isHeader = this.#cursor.peek() === "[";
      try {
        return this.#readStatement();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.#errors++;
        this.#recover(error);
        if (isHeader) return { kind: "lostHeader" };
      }
      this.#skipLines();
    }
    return null;
  }

  #readStatement(): TomlStatement {
    const { place } = this.#cursor;
    if (this.#cursor.peek() === "#") return { kind: "comment", ...this.#readComment() };
    if (this.#cursor.peek() === "[") return this.#readHeader(place);
    const pair = this.#readPair();
    const remark = this.#readRemark();
    this.#expectLineEnd();
    return { ...pair, remark };
  }

  #readHeader(place: TomlPlace): TomlHeader {
    const many = this.#cursor.startsWith("[[");
    const close = many ? "]]" : "]";
    this.#cursor.skip(close.length);
    const keys = this.#readKeys();
    if (!this.#cursor.startsWith(close)) throw this.#cursor.unexpected(`"${close}"`);
    this.#cursor.skip(close.length);
    const remark = this.#readRemark();
    this.#expectLineEnd();
    return { kind: "header", many, keys, remark, ...place, endLine: place.line };
  }

  #readPair(): TomlPair {
    const { place } = this.#cursor;
    const keys = this.#readKeys();
    if (this.#cursor.peek() !== "=") throw this.#cursor.unexpected(`"=" after ${quoteWord(keys.at(-1)?.text ?? "")}`);
    this.#cursor.skip(1);
    this.#cursor.skipBlanks();
    const value = this.#readValue();
    return { kind: "pair", keys, value, remark: null, ...place, endLine: this.#cursor.place.line };
  }

  /** `a."b".c` with blanks around each part. */
  #readKeys(): TomlKey[] {
    const keys: TomlKey[] = [];
    for (;;) {
      this.#cursor.skipBlanks();
      keys.push(this.#readKey());
      if (keys.length > maxDepth) throw this.#tooDeep();
      this.#cursor.skipBlanks();
      if (this.#cursor.peek() !== ".") return keys;
      this.#cursor.skip(1);
    }
  }

  #readKey(): TomlKey {
    const { offset: start, place } = this.#cursor;
    const first = this.#cursor.peek();
    const quoted = first === '"' || first === "'";
    if (quoted) skipShort(this.#cursor, first);
    else if (this.#cursor.match(bareKey) === "") throw this.#cursor.unexpected("a key");
    const raw = this.#cursor.since(start);
    return { text: quoted ? decodeKey(raw) : raw, ...place, length: raw.length };
  }

  #readValue(): TomlValue {
    const { place } = this.#cursor;
    const first = this.#cursor.peek();
    if (first === "[") return this.#nested(() => this.#readArray(place));
    if (first === "{") return this.#nested(() => this.#readInline(place));
    if (first === '"' || first === "'") return { kind: "string", raw: skipTomlString(this.#cursor), ...place };
    const raw = this.#cursor.match(bareValue);
    if (raw === "") throw this.#cursor.unexpected("a value");
    if (raw === "true" || raw === "false") return { kind: "boolean", raw, ...place };
    if (decimalNumber.test(raw) || otherNumber.test(raw)) return { kind: "number", raw, ...place };
    const suggestion = raw === "on" || raw === "off" ? `write ${raw === "on"}` : "put it in quotes";
    // Without the word: it may be a password, and the place tells which it is.
    throw new Refusal(place, "this is not a number, true or false", {
      suggestion,
      length: raw.length,
    });
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > maxDepth) throw this.#tooDeep();
    const value = read();
    this.#depth--;
    return value;
  }

  #readArray(place: TomlPlace): TomlArray {
    this.#cursor.skip(1);
    const elements: TomlElement[] = [];
    let comments: readonly TomlComment[] = this.#skipLines();
    while (this.#cursor.peek() !== "]") {
      const value = this.#readValue();
      const { line: endLine } = this.#cursor.place;
      let after = this.#skipLines();
      let remark: TomlComment | null = null;
      if (this.#cursor.peek() === ",") {
        this.#cursor.skip(1);
        remark = this.#readRemark();
        after = [...after, ...this.#skipLines()];
      } else if (this.#cursor.peek() !== "]") {
        throw this.#cursor.unexpected('"," or "]"');
      }
      if (remark === null && after[0]?.line === endLine) [remark = null, ...after] = after;
      elements.push({ value, comments, remark, endLine });
      comments = after;
    }
    this.#cursor.skip(1);
    return { kind: "array", elements, tail: comments, ...place };
  }

  #readInline(place: TomlPlace): TomlInline {
    this.#cursor.skip(1);
    const pairs: TomlPair[] = [];
    this.#cursor.skipBlanks();
    while (this.#cursor.peek() !== "}" || pairs.length > 0) {
      pairs.push(this.#readPair());
      this.#cursor.skipBlanks();
      if (this.#cursor.peek() === "}") break;
      if (this.#cursor.peek() !== ",") throw this.#cursor.unexpected('"," or "}"');
      this.#cursor.skip(1);
      this.#cursor.skipBlanks();
    }
    this.#cursor.skip(1);
    return { kind: "table", pairs, ...place };
  }

  /** Steps over blanks and line ends; in arrays over comments too, which are returned. */
  #skipLines(): TomlComment[] {
    const comments: TomlComment[] = [];
    for (;;) {
      this.#cursor.skipBlanks();
      if (this.#cursor.isAtLineEnd) this.#cursor.newLine();
      else if (this.#depth > 0 && this.#cursor.peek() === "#") comments.push(this.#readComment());
      else return comments;
    }
  }

  /** The comment behind something on the same line. */
  #readRemark(): TomlComment | null {
    this.#cursor.skipBlanks();
    return this.#cursor.peek() === "#" ? this.#readComment() : null;
  }

  #readComment(): TomlComment {
    const { place } = this.#cursor;
    this.#cursor.skip(1);
    const text = this.#cursor.match(commentText);
    if (!this.#cursor.isAtEnd && !this.#cursor.isAtLineEnd) {
      throw this.#cursor.refuse("a comment cannot contain control characters");
    }
    return { text, ...place };
  }

  #expectLineEnd(): void {
    this.#cursor.skipBlanks();
    if (!this.#cursor.isAtEnd && !this.#cursor.isAtLineEnd) throw this.#cursor.unexpected("the end of the line");
  }

  #tooDeep(): Refusal {
    return this.#cursor.refuse(`keys and values are nested deeper than ${maxDepth} levels`);
  }

  /** Reports and goes to the end of the line, or of the array that is broken: its rest would only give more errors. */
  #recover({ place, message, hint }: Refusal): void {
    this.#onError({ ...place, length: hint.length ?? 1 }, message, hint.suggestion);
    const inArray = this.#depth > 0;
    this.#depth = 0;
    this.#cursor.skipRestOfLine();
    while (inArray && !this.#cursor.isAtEnd) {
      this.#cursor.newLine();
      if (this.#cursor.looksLike(statementStart)) return;
      const isEnd = this.#cursor.looksLike(arrayEnd);
      this.#cursor.skipRestOfLine();
      if (isEnd) return;
    }
  }
}

/** What a quoted key means. */
function decodeKey(raw: string): string {
  return raw.startsWith('"') && raw.includes("\\") ? String(decodeValues([raw])[0]) : raw.slice(1, -1);
}
