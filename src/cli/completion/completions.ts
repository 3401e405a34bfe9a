import type { CliIo, Command, CommandArgs } from "../command.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";
import { nearest } from "../nearest.ts";
import { UsageError } from "../parse_args.ts";

const shells: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * `srs-ts completions`: what a shell needs to complete command lines of this program.
 *
 * @param loadCommands All commands there are.
 */
export function completionsCommand(loadCommands: () => Promise<readonly Command[]>): Command {
  return {
    name: "completions",
    summary: "Print a completion script for your shell.",
    usage: "completions bash | zsh | fish",
    description: `
Prints a completion script for a shell. It completes commands, options, file names, and the values of options that take
only a few.

    bash    source <(srs-ts completions bash)          in ~/.bashrc
    zsh     srs-ts completions zsh > DIR/_srs-ts       where DIR is in $fpath
    fish    srs-ts completions fish > ~/.config/fish/completions/srs-ts.fish`,
    options: [],
    words: Object.keys(shells),
    sections: [{
      title: "EXIT STATUS",
      rows: [["0", "The script was printed."], [
        "2",
        "The command line is wrong, or there is no script for that shell.",
      ]],
    }],
    examples: [{ line: "completions bash > /etc/bash_completion.d/srs-ts", does: "Completes for all users." }],
    run: (args, io) => printCompletion(args, io, loadCommands),
  };
}

async function printCompletion(
  args: CommandArgs,
  io: CliIo,
  loadCommands: () => Promise<readonly Command[]>,
): Promise<number> {
  const [shell = "", unexpected] = args.positional;
  const known = Object.keys(shells);
  if (shell === "") throw new UsageError(`name a shell: ${known.join(", ")}`);
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (script === undefined) {
    const near = nearest(shell, known);
    throw new UsageError(
      `no completion script for "${shell}"; ${near ? `did you mean "${near}"?` : known.join(", ")}`,
    );
  }
  io.out(script(await loadCommands()));
  return 0;
}
