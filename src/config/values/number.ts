import { quoteWord } from "../problem.ts";
import type { ValueType } from "./type.ts";

/** Range of a number in the unit of the file. */
export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  /** What a value outside the range is: an error, or (default) the nearest bound with a warning. */
  readonly outside?: "clamp" | "error";
}

interface NumberOptions extends NumberRange {
  readonly unit?: string;
  readonly scale?: number;
  readonly fraction?: boolean;
  /** The unit may stand behind the number: `200ms`. */
  readonly writtenWithUnit?: boolean;
}

/** Units that people write after a number, which C's functions ignore. */
const unitNames: ReadonlyMap<string, string> = new Map([["ms", "milliseconds"], ["s", "seconds"], ["bytes", "bytes"]]);

/** Longest time that a timer can wait. */
const longestMs = 2 ** 31 - 1;

/** A whole number. */
export function integer(range: NumberRange & { readonly unit?: string } = {}): ValueType<number> {
  return numberType({ min: 0, max: 2 ** 31 - 1, ...range });
}

/** A number with a fraction. */
export function decimal(range: NumberRange = {}): ValueType<number> {
  return numberType({ ...range, fraction: true });
}

/** A size in bytes. */
export function bytes(range: NumberRange = {}): ValueType<number> {
  return integer({ unit: "bytes", ...range });
}

/** A time written in milliseconds; the typed value is in milliseconds. */
export function milliseconds(
  range: NumberRange & { readonly fraction?: boolean; readonly writtenWithUnit?: boolean } = {},
): ValueType<number> {
  return numberType({ unit: "ms", min: 0, max: longestMs, ...range });
}

/** A time written in seconds; the typed value is in milliseconds. */
export function seconds(range: NumberRange & { readonly fraction?: boolean } = {}): ValueType<number> {
  return numberType({ unit: "s", min: 0, max: Math.floor(longestMs / 1000), scale: 1000, ...range });
}

function numberType(options: NumberOptions): ValueType<number> {
  const { fraction = false, outside = "clamp", writtenWithUnit = false, ...facts } = options;
  return {
    kind: "number",
    ...facts,
    takesMany: false,
    read([word], _fallback, report) {
      const { unit: unitName = "" } = facts;
      const bare = writtenWithUnit && word.text.endsWith(unitName) ? word.text.slice(0, -unitName.length) : word.text;
      const { value, plain } = readCNumber(bare, fraction);
      const inRange = Math.min(Math.max(value, facts.min ?? -Infinity), facts.max ?? Infinity);
      const wanted = fraction ? "a number" : "a whole number";
      const bound = value < inRange ? `below the minimum of ${facts.min}` : `above the maximum of ${facts.max}`;
      if (inRange !== value && outside === "error") {
        const nearest = `write ${inRange} or ${value < inRange ? "more" : "less"}`;
        report.error(word, `${quoteWord(word.text)} is ${plain ? bound : `not ${wanted}`}`, nearest);
      } else if (inRange !== value && plain) {
        report.warn(word, `${quoteWord(word.text)} is ${bound} and counts as ${inRange}`);
      } else if (!plain) {
        const unit = unitNames.get(facts.unit ?? "");
        const message = `${quoteWord(word.text)} is not ${wanted} and counts as ${inRange}`;
        report.warn(word, message, unit && `write ${wanted} of ${unit}, without a unit`);
      }
      return inRange * (facts.scale ?? 1);
    },
  };
}

/**
 * Reads a number as C's `atoi` or `atof` does: what follows the number is ignored, no number at all is 0.
 *
 * `plain` tells whether the whole text was the number.
 */
export function readCNumber(text: string, fraction: boolean): { value: number; plain: boolean } {
  const pattern = fraction ? /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/ : /^\s*[+-]?\d+/;
  const found = pattern.exec(text)?.[0] ?? "";
  const value = found === "" ? 0 : Number(found);
  return { value: value === 0 ? 0 : value, plain: found !== "" && found.length === text.length };
}
