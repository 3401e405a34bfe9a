import type { Command, OptionRow } from "../command.ts";
import { allOptions } from "../parse_args.ts";
import { serveOptions } from "../serve/options.ts";

/** What can stand behind an option: nothing, a file, one of some words, or anything. */
export type ValueKind = "none" | "file" | "any" | readonly string[];

/** An option as completion sees it. */
export interface CompletionOption {
  readonly long: string;
  readonly short: string | null;
  readonly value: ValueKind;
  readonly help: string;
}

/** A command as completion sees it; that without a name is the program itself, used as SRS is. */
export interface CompletionCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletionOption[];
  /** What may stand for its arguments; empty where that is a file or anything. */
  readonly words: readonly string[];
}

/** The command lines of this program. */
export function completionCommands(commands: readonly Command[]): CompletionCommand[] {
  const names = commands.map(({ name }) => name);
  return [
    { name: "", summary: "", options: optionsOf(serveOptions), words: [...names, "help", "version"] },
    ...commands.map(({ name, summary, options, words = [] }) => ({
      name,
      summary: summary.replace(/\.$/, ""),
      options: optionsOf(options),
      words,
    })),
    { name: "help", summary: "Explain a command", options: [], words: names },
    { name: "version", summary: "Print the version", options: [], words: [] },
  ];
}

function optionsOf(rows: readonly OptionRow[]): CompletionOption[] {
  return allOptions(rows).filter(({ hidden = false }) => !hidden).map(({ name, short = null, help, ...row }) => ({
    long: `--${name}`,
    short: short === null ? null : `-${short}`,
    value: kindOf(row),
    help: help.split(/[.;:](?:\s|$)/)[0] ?? help,
  }));
}

function kindOf({ value, choices }: Pick<OptionRow, "value" | "choices">): ValueKind {
  if (value === undefined) return "none";
  if (choices !== undefined) return choices;
  if (value === "FILE") return "file";
  return /^\w+(\|\w+)+$/.test(value) ? value.split("|") : "any";
}
