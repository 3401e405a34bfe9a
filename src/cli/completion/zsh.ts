import type { Command } from "../command.ts";
import { type CompletionCommand, completionCommands, type CompletionOption } from "./rows.ts";

/** The script for zsh. */
export function zshCompletion(commands: readonly Command[]): string {
  const [program, ...others] = completionCommands(commands);
  const names = others.map(({ name, summary }) => `    ${quote(`${name}:${escape(summary)}`)}`);
  return `#compdef srs-ts
# Completion of srs-ts for zsh. Write it to a file _srs-ts in one of the directories of $fpath.

_srs_ts() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    return
  fi
  local command=$words[2]
  if [[ $command == -* ]]; then
    ${program === undefined ? ":" : argumentsOf(program, "    ")}
    return
  fi
  shift words
  (( CURRENT-- ))
  case $command in
${others.map((command) => `    ${command.name})\n      ${argumentsOf(command, "      ")} ;;`).join("\n")}
  esac
}

if [[ $funcstack[1] == _srs-ts ]]; then _srs_ts "$@"; else compdef _srs_ts srs-ts; fi
`;
}

function argumentsOf({ name, options, words }: CompletionCommand, indent: string): string {
  const positional = name === "" ? [] : [words.length > 0 ? `1:word:(${words.join(" ")})` : "*:file:_files"];
  const specs = [...options.map(optionSpec), ...positional.map(quote)];
  return `_arguments -s ${specs.map((spec) => `\\\n${indent}  ${spec}`).join(" ")}`;
}

function optionSpec({ long, short, value, help }: CompletionOption): string {
  const about = `[${escape(help)}]${valueSpec(value)}`;
  if (short === null) return quote(`${long}${value === "none" ? "" : "="}${about}`);
  return `${quote(`(${short} ${long})`)}{${short},${long}${value === "none" ? "" : "="}}${quote(about)}`;
}

function valueSpec(value: CompletionOption["value"]): string {
  if (value === "none") return "";
  if (value === "file") return ":file:_files";
  return value === "any" ? ":value:" : `:value:(${value.join(" ")})`;
}

function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
