import {
  type ConfigLanguage,
  convertConfig,
  type ConvertResult,
  formatProblem,
  languageOf,
  sourceLineOf,
} from "../config/mod.ts";
import type { CliIo, Command, CommandArgs } from "./command.ts";
import { UsageError } from "./parse_args.ts";
import { readConfigText } from "./read_config_text.ts";

const languages: readonly ConfigLanguage[] = ["conf", "toml"];

const description = `
Converts a configuration between SRS's language and TOML, with its comments. The endings of the file names say which is
which; without -o the result goes to standard output, and FILE may be - for standard input. Converting a file to its own
language makes it tidy.

Values stay as they are written, in SRS's units, and old spellings stay. What the other language cannot say is an error
with its line, and nothing is written. An include stays one and may name files of either language, as patterns too;
--inline puts their content in its place.

Directives that SRS does not have are marked with the comment "srs-ts only". With --strict-srs they are errors, or
comments with --comment-out.

Exit status: 0, or 1 if the file has errors or cannot be converted; 2 for a command line that makes no sense.`;

const tomlManual = `
A block is a table, and the words before its brace are the key name. Switches are true and false, the arguments of a
directive a list, directives that stand several times a list of lists, and the rules of security one list in their
order. Keys come before tables, which changes nothing that SRS reads.

    listen = [1935]                         listen 1935;

    [http_api]                              http_api {
      enabled = true                            enabled on;
                                            }
    [[vhost]]
      name = "a.com"                        vhost a.com {

      [vhost.security]                          security {
        rules = ["allow play all"]                  allow play all;
                                                }
                                            }`;

/** `srs-ts convert`: between SRS's language and TOML. */
export const convertCommand: Command = {
  name: "convert",
  summary: "Convert a configuration to TOML or back.",
  usage: "convert [-o FILE] [--from conf|toml] [--to conf|toml] FILE",
  description,
  options: [
    { name: "output", short: "o", value: "FILE", help: "Write to a file instead of standard output." },
    { name: "from", value: "conf|toml", choices: languages, help: "Language of FILE; by default its ending tells." },
    {
      name: "to",
      value: "conf|toml",
      help: "Language to write; by default that of the output file, or the other one.",
    },
    { name: "check", help: "Write nothing, print every problem or ok." },
    { name: "inline", help: "Put the content of included files in the place of each include." },
    { name: "strict-srs", help: "Refuse directives that SRS does not have." },
    { name: "comment-out", help: "With --strict-srs: write such directives as comments instead." },
  ],
  sections: [{ title: "TOML", text: tomlManual }],
  examples: [
    { line: "convert conf/srs.conf -o conf/srs.toml", does: "converts to TOML" },
    {
      line: "convert --to conf --strict-srs conf/srs.toml",
      does: "prints what SRS can read, or says why it cannot",
    },
    { line: "convert --check conf/srs.toml", does: "only looks for errors" },
  ],
  run: runConvert,
};

async function runConvert(args: CommandArgs, io: CliIo): Promise<number> {
  const [input, unexpected] = args.positional;
  if (input === undefined) throw new UsageError("the file to convert is missing; - is standard input");
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  if (args.flag("comment-out") && !args.flag("strict-srs")) throw new UsageError("--comment-out needs --strict-srs");
  const output = args.value("output");
  const isShown = output === undefined || output === "-";
  const { from, to } = directionOf(args, input, output);
  if (to === "toml" && args.flag("strict-srs")) throw new UsageError("--strict-srs is for --to conf");
  const result = convertConfig({
    path: input === "-" ? "standard input" : input,
    ...(input === "-" ? { text: await readStandardInput() } : {}),
    language: from,
    to,
    inline: args.flag("inline"),
    hidesSecrets: isShown && io.isTerminal,
    extensions: args.flag("comment-out") ? "comment" : args.flag("strict-srs") ? "refuse" : "mark",
    readFile: readConfigText,
    listDirectory: (path) => Array.from(Deno.readDirSync(path), ({ name }) => name),
  });
  printProblems(result, io);
  if (result.text === null) return 1;
  if (result.hidden.length > 0 && !args.flag("check")) {
    io.err(`convert: secrets are not shown on a terminal (${result.hidden.join(", ")}): write to a file with -o\n`);
  }
  if (args.flag("check")) io.out(`${input}: ok\n`);
  else if (isShown) io.out(result.text);
  else return writeOutput(output, result.text, io);
  return 0;
}

/** From which language to which. @throws {UsageError} If nothing tells. */
function directionOf(args: CommandArgs, input: string, output: string | undefined) {
  const from = languageOption(args, "from") ?? languageOfFile(input);
  const to = languageOption(args, "to") ?? languageOfFile(output ?? "-");
  if (from === null && to === null) throw new UsageError(`"${input}" does not tell its language: give --from or --to`);
  return { from: from ?? otherLanguage(to), to: to ?? otherLanguage(from) };
}

function languageOption(args: CommandArgs, name: "from" | "to"): ConfigLanguage | null {
  const value = args.value(name);
  return languages.find((language) => language === value) ?? null;
}

function languageOfFile(path: string): ConfigLanguage | null {
  return path === "-" ? null : languageOf(path);
}

function otherLanguage(language: ConfigLanguage | null): ConfigLanguage {
  return language === "toml" ? "conf" : "toml";
}

function printProblems(result: ConvertResult, io: CliIo): void {
  for (const problem of result.problems) {
    io.err(`${formatProblem(problem, { sourceLine: sourceLineOf(result, problem), color: io.color })}\n`);
  }
}

function writeOutput(path: string, text: string, io: CliIo): number {
  try {
    Deno.writeTextFileSync(path, text);
    return 0;
  } catch (error) {
    io.err(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** Bytes of standard input that are read: more than any configuration may have. */
const maxInputBytes = 40 * 1024 * 1024;

async function readStandardInput(): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of Deno.stdin.readable) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
    if (bytes > maxInputBytes) break;
  }
  return text + decoder.decode();
}
