import type { Command } from "../command.ts";
import { type CompletionCommand, completionCommands, type CompletionOption } from "./rows.ts";

/** The script for fish. */
export function fishCompletion(commands: readonly Command[]): string {
  const [program, ...others] = completionCommands(commands);
  const none = "__fish_use_subcommand";
  const lines = [
    ...others.map(({ name, summary }) => `complete -c srs-ts -f -n ${none} -a ${name} -d ${quote(summary)}`),
    ...program?.options.map((option) => optionLine(none, option)) ?? [],
    ...others.flatMap(commandLines),
  ];
  return `# Completion of srs-ts for fish. Write it to ~/.config/fish/completions/srs-ts.fish

${lines.join("\n")}
`;
}

function commandLines({ name, options, words }: CompletionCommand): string[] {
  const condition = `'__fish_seen_subcommand_from ${name}'`;
  const arguments_ = words.length === 0 ? [] : [`complete -c srs-ts -f -n ${condition} -a ${quote(words.join(" "))}`];
  return [...arguments_, ...options.map((option) => optionLine(condition, option))];
}

function optionLine(condition: string, { long, short, value, help }: CompletionOption): string {
  const names = `${short === null ? "" : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  return `complete -c srs-ts -n ${condition} ${names}${valueFlags(value)} -d ${quote(help)}`;
}

function valueFlags(value: CompletionOption["value"]): string {
  if (value === "none") return "";
  if (value === "file") return " -r -F";
  return value === "any" ? " -x" : ` -x -a ${quote(value.join(" "))}`;
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
