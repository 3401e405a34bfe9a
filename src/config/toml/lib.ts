// The npm form of `@std/toml` carries no types: they are given in `toml_lib.d.ts`.
// @ts-types="./lib.d.ts"
import { parse, stringify } from "@std/toml";

/**
 * What the texts of TOML values mean; undefined in the place of one that `@std/toml` cannot read.
 *
 * The values of a file are read as one flat list and not as the document they come from: reading a document takes
 * quadratic time in the number of its keys, keeps the last of equal keys, and drops a key `__proto__`.
 */
export function decodeValues(raws: readonly string[]): readonly unknown[] {
  try {
    const { values } = parse(`values = [\n${raws.map(plainEscapes).join(",\n")}\n]\n`);
    if (Array.isArray(values) && values.length === raws.length) return values;
  } catch {
    // One of them is wrong: which, is found below.
  }
  return raws.length > 1 ? raws.flatMap((raw) => decodeValues([raw])) : [undefined];
}

/** `\UXXXXXXXX` in a shorter form, as `@std/toml` reads only four of its digits; literal strings have no escapes. */
function plainEscapes(raw: string): string {
  if (!raw.startsWith('"') || !raw.includes("\\U")) return raw;
  return raw.replace(/\\(?:U([0-9A-Fa-f]{8})|.)/gs, (escape, digits: string | undefined) => {
    if (digits === undefined) return escape;
    return digits.startsWith("0000") ? `\\u${digits.slice(4)}` : String.fromCodePoint(parseInt(digits, 16));
  });
}

/** A text as a TOML string. */
export function encodeString(text: string): string {
  const line = stringify({ v: text });
  // `@std/toml` leaves most control characters as they are, which TOML forbids.
  return line.slice(line.indexOf("=") + 1).trim().replace(/\p{Cc}/gu, escapeControl);
}

/** Tabs may stay, and what is behind ASCII. */
function escapeControl(char: string): string {
  return char === "\t" || char >= "\x80" ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A key as TOML has it: bare where that is possible. */
export function encodeKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : encodeString(key);
}
