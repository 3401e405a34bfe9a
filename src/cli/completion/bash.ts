import type { Command } from "../command.ts";
import { completionCommands, type CompletionOption } from "./rows.ts";

/** The script for bash, 3.2 and newer. */
export function bashCompletion(commands: readonly Command[]): string {
  const all = completionCommands(commands);
  const values = all.flatMap(({ name, options }) => options.flatMap((option) => valueCase(name, option)));
  const words = all.map(({ name, options, words }) =>
    `    ${name === "" ? '""' : name})\n      options="${options.flatMap(spellings).join(" ")}"\n      words="${
      words.join(" ")
    }" ;;`
  );
  return `# Completion of srs-ts for bash. Load it with: source <(srs-ts completions bash)

_srs_ts() {
  local IFS=$' \\t\\n'
  local cur="\${COMP_WORDS[COMP_CWORD]}" before="" command="" options="" words="" values=""
  (( COMP_CWORD > 0 )) && before="\${COMP_WORDS[COMP_CWORD-1]}"
  # --option=value comes as three words.
  if [[ $cur == "=" ]]; then cur=""; elif [[ $before == "=" ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  (( COMP_CWORD > 1 )) && [[ \${COMP_WORDS[1]} != -* ]] && command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  case "$command $before" in
${values.join("\n")}
  esac
  case "$command" in
${words.join("\n")}
    *) return ;;
  esac
  if [[ $values == FILE ]]; then
    compopt -o filenames 2>/dev/null
    IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$cur"))
  elif [[ $values == ANY ]]; then
    return
  elif [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$cur"))
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}

complete -o default -F _srs_ts srs-ts
`;
}

function spellings({ long, short }: CompletionOption): string[] {
  return short === null ? [long] : [short, long];
}

function valueCase(command: string, option: CompletionOption): string[] {
  if (option.value === "none") return [];
  const patterns = spellings(option).map((spelled) => `"${command} ${spelled}"`).join(" | ");
  const values = option.value === "file" ? "FILE" : option.value === "any" ? "ANY" : option.value.join(" ");
  return [`    ${patterns}) values="${values}" ;;`];
}
