import { completionsCommand } from "../../../src/cli/completion/completions.ts";
import { loadCommands } from "../../../src/cli/command_table.ts";
import { parseCommandLine } from "../../../src/cli/parse_args.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { run } from "../../kit/launcher.ts";
import { RecordedIo } from "../../kit/memory/recorded_io.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

async function scriptFor(shell: string): Promise<string> {
  const io = new RecordedIo();
  assertEquals(await completionsCommand(loadCommands).run(parseCommandLine([shell], []), io), 0);
  return io.stdout;
}

async function isInstalled(shell: string): Promise<boolean> {
  try {
    return (await new Deno.Command(shell, { args: ["-c", "exit 0"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** What bash offers for the last of the words of a command line. */
async function completeInBash(directory: string, words: readonly string[]): Promise<string[]> {
  const script = `cd "$1" && source ./completion && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _srs_ts; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, output } = await run(["bash", "-c", script, "bash", directory, ...words], 10_000);
  assertEquals(code, 0, output);
  return output.split("\n").filter((line) => line !== "").toSorted();
}

Deno.test({
  name: "completions bash: commands, options, values and files are completed in a real bash",
  ignore: !await isInstalled("bash"),
  fn: () =>
    inDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/completion`, await scriptFor("bash"));
      await Deno.writeTextFile(`${directory}/my server.conf`, "");
      await Deno.writeTextFile(`${directory}/my.toml`, "");
      const cases: [string[], string[]][] = [
        [["srs-ts", "o"], ["origin"]],
        [["srs-ts", "de"], ["demo"]],
        [["srs-ts", "d"], ["demo", "directives", "drain"]],
        [["srs-ts", "--conf"], ["--config"]],
        [["srs-ts", "-c", "my"], ["my server.conf", "my.toml"]],
        [["srs-ts", "origin", "-c", "my s"], ["my server.conf"]],
        [["srs-ts", "origin", "--log"], ["--log-format"]],
        [["srs-ts", "origin", "--started"], []],
        [["srs-ts", "edge", "--log-format", ""], ["json", "srs"]],
        [["srs-ts", "edge", "--log-format", "=", "j"], ["json"]],
        [["srs-ts", "edge", "--log-format", "="], ["json", "srs"]],
        [["srs-ts", "convert", "--to", "t"], ["toml"]],
        [["srs-ts", "probe", "--seconds", ""], []],
        [["srs-ts", "completions", ""], ["bash", "fish", "zsh"]],
        [["srs-ts", "help", "pr"], ["probe"]],
        [["srs-ts", "nonsense", ""], []],
      ];
      await Promise.all(cases.map(async ([words, expected]) => {
        assertEquals(await completeInBash(directory, words), expected, words.join(" "));
      }));
    }),
});

for (const shell of ["zsh", "fish"]) {
  Deno.test({
    name: `completions ${shell}: ${shell} finds no error in the script`,
    ignore: !await isInstalled(shell),
    fn: () =>
      inDirectory(async (directory) => {
        await Deno.writeTextFile(`${directory}/script`, await scriptFor(shell));
        assertEquals(await run([shell, "-n", `${directory}/script`], 10_000), { code: 0, output: "" });
      }),
  });
}

Deno.test({
  name: "completions fish: commands and values are completed in a real fish",
  ignore: !await isInstalled("fish"),
  fn: () =>
    inDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/script`, await scriptFor("fish"));
      const complete = async (line: string) => {
        const command = `source ${directory}/script; complete -C "${line}"`;
        const { output } = await run(["fish", "--no-config", "-c", command], 10_000);
        return output.split("\n").map((each) => each.split("\t")[0]).filter((each) => each !== "");
      };
      assertEquals(await complete("srs-ts dem"), ["demo"]);
      assertEquals(await complete("srs-ts origin --log-format j"), ["json"]);
      assertEquals(await complete("srs-ts completions "), ["bash", "fish", "zsh"]);
    }),
});

Deno.test("completions of every shell name every command and every option that the help shows", async () => {
  const commands = await loadCommands();
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await scriptFor(shell);
    for (const { name, options } of commands) {
      assert(script.includes(name), `${name} in ${shell}`);
      for (const option of options) {
        const isThere = new RegExp(`[ ({'-]${option.name}[ =)}'[]`).test(script);
        assertEquals(isThere, option.hidden !== true, `${name} --${option.name} in ${shell}`);
      }
    }
  }
});
