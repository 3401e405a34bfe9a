import { nearestName } from "../../base/nearest_name.ts";
import { quoteWord } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";

/** Reports about one value while it is read. */
export interface ValueReport {
  error(word: ConfWord, message: string, suggestion?: string): void;
  warn(word: ConfWord, message: string, suggestion?: string): void;
}

/** At least one word: a directive without any never gets to a reader. */
export type Words = readonly [ConfWord, ...ConfWord[]];

/** How the words of a directive become a typed value, and what there is to say about the value. */
export interface ValueType<T> {
  readonly kind: "onOff" | "number" | "text" | "choice" | "list" | "address" | "rule";
  /** Unit of the number as written in the file. */
  readonly unit?: string;
  /** Range in that unit. */
  readonly min?: number;
  readonly max?: number;
  /** What one file unit is in the typed value: 1000 for seconds that are kept as milliseconds. */
  readonly scale?: number;
  /** The words allowed for a `choice`. */
  readonly choices?: readonly string[];
  /** Whether all words belong to the value, or only the first. */
  readonly takesMany: boolean;
  /** Whether the value is not to be shown. */
  readonly isSecret?: boolean;
  read(words: Words, fallback: T, report: ValueReport): T;
}

/**
 * A switch. The default decides the rule: options that are off by default are on only for `on`, those that are on by
 * default are off only for `off`. Source: SRS 7 `SRS_CONF_PREFER_FALSE`, `SRS_CONF_PREFER_TRUE`.
 */
export function onOff(): ValueType<boolean> {
  return {
    kind: "onOff",
    takesMany: false,
    read([word], fallback, report) {
      const value = fallback ? word.text !== "off" : word.text === "on";
      if (word.text !== "on" && word.text !== "off") {
        report.warn(word, `${quoteWord(word.text)} is neither "on" nor "off" and counts as "${value ? "on" : "off"}"`);
      }
      return value;
    },
  };
}

/** One word as it is. */
export function text(): ValueType<string> {
  return { kind: "text", takesMany: false, read: ([word]) => word.text };
}

/** All words as they are. */
export function words(): ValueType<readonly string[]> {
  return { kind: "list", takesMany: true, read: (all) => all.map((word) => word.text) };
}

/** The same value, which is not to be shown. */
export function secret<T>(type: ValueType<T>): ValueType<T> {
  return { ...type, isSecret: true };
}

/** Up to `most` secrets; empty ones do not count. No message quotes them. */
export function secrets(most: number): ValueType<readonly string[]> {
  return {
    kind: "list",
    takesMany: true,
    isSecret: true,
    read(all, _fallback, report) {
      const extra = all[most];
      if (extra !== undefined) report.error(extra, `there are ${all.length} secrets, at most ${most} are allowed`);
      return all.map((word) => word.text).filter((word) => word !== "");
    },
  };
}

/**
 * One of some words; any other counts as `otherwise`, as SRS has it, with a warning. An empty choice can only be a
 * default.
 */
export function oneOf<const T extends string>(choices: readonly T[], otherwise: NoInfer<T>): ValueType<T> {
  return {
    kind: "choice",
    choices,
    takesMany: false,
    read([word], _fallback, report) {
      const found = choices.find((choice) => choice === word.text);
      if (found !== undefined) return found;
      const spelled = choices.filter((choice) => choice !== "");
      const near = nearestName(word.text, spelled);
      const allowed = spelled.map((choice) => `"${choice}"`).join(", ");
      const message = `${quoteWord(word.text)} is not one of ${allowed} and counts as "${otherwise}"`;
      report.warn(word, message, near ? `did you mean "${near}"?` : undefined);
      return otherwise;
    },
  };
}
