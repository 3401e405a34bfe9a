import { quoteWord } from "../problem.ts";
import { Refusal, type TomlCursor } from "./cursor.ts";

// Everything but control characters, and but what ends a run of plain text.
const plainText = /[\t\x20-\x21\x23-\x5b\x5d-\x7e\x80-\uffff]*/y;
const literalText = /[\t\x20-\x26\x28-\x7e\x80-\uffff]*/y;
const shortEscape = /\\(?:[btnfr"\\]|(?:u|U0000)(?:[\dA-CE-Fa-ce-f][\dA-Fa-f]|[Dd][0-7])[\dA-Fa-f]{2})/y;
const longEscape = /\\U00(?:0[1-9A-Fa-f]|10)[\dA-Fa-f]{4}/y;
const lineSplice = /\\[ \t]*(?=\r?\n)/y;

/** Steps over a TOML string of any of the four kinds; the cursor stands at its first quote. @returns It as written. */
export function skipTomlString(cursor: TomlCursor): string {
  const start = cursor.offset;
  const quote = cursor.peek() === '"' ? '"' : "'";
  if (cursor.startsWith(quote.repeat(3))) skipLong(cursor, quote);
  else skipShort(cursor, quote);
  return cursor.since(start);
}

/** Steps over a string on one line. */
export function skipShort(cursor: TomlCursor, quote: '"' | "'"): void {
  const { place } = cursor;
  cursor.skip(1);
  for (;;) {
    cursor.match(quote === '"' ? plainText : literalText);
    if (cursor.peek() === quote) break;
    if (cursor.isAtEnd || cursor.isAtLineEnd) throw new Refusal(place, `the closing ${quote} is missing`);
    skipEscape(cursor);
  }
  cursor.skip(1);
}

/** Steps over a string between three quotes, which may have several lines. */
function skipLong(cursor: TomlCursor, quote: '"' | "'"): void {
  const { place } = cursor;
  const end = quote.repeat(3);
  cursor.skip(3);
  while (!cursor.startsWith(end)) {
    cursor.match(quote === '"' ? plainText : literalText);
    if (cursor.isAtEnd) throw new Refusal(place, `the closing ${end} is missing`);
    if (cursor.startsWith(end)) break;
    if (cursor.isAtLineEnd) cursor.newLine();
    else if (cursor.peek() === quote) cursor.skip(1);
    else if (quote === "'" || cursor.match(lineSplice) === "") skipEscape(cursor);
  }
  cursor.skip(3);
  // Up to two quotes may stand right before the three.
  for (let extra = 0; extra < 2 && cursor.peek() === quote; extra++) cursor.skip(1);
}

function skipEscape(cursor: TomlCursor): void {
  if (cursor.peek() !== "\\") {
    throw cursor.refuse("a control character must be written as \\u and four hexadecimal digits");
  }
  if (cursor.match(shortEscape) !== "" || cursor.match(longEscape) !== "") return;
  const suggestion = "write \\\\ for a backslash, or put the text between '...'";
  const { place } = cursor;
  const written = cursor.match(/\\[^\s]/y) || "\\";
  throw new Refusal(place, `unknown escape ${quoteWord(written)}`, { suggestion, length: written.length });
}
