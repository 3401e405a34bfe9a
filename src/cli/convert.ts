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
import { describeFileError } from "../base/file_error.ts";
import { readConfigText } from "./read_config_text.ts";

const languages: readonly ConfigLanguage[] = ["conf", "toml"];

const description = `
Converts a configuration between SRS's language and TOML, comments included. The extensions of the file names select the
languages. Without -o, the result goes to standard output. FILE may be -, for standard input. Converting a file to its
own language tidies it.

Values keep their spelling and SRS's units, and old directive names stay. Where the other language cannot express
something, convert reports an error with its line, and writes nothing. An include stays an include; it may name files in
either language, or a pattern. --inline replaces it with the content of those files.

Directives that SRS does not have get the comment "srs-ts only". With --strict-srs they are errors; with --comment-out
as well, they become comments.`;

const tomlManual = `
A block becomes a table; the words before its brace become the table's name. Switches become true and false, the
arguments of a directive a list, a repeated directive a list of lists, and the rules of security one list that keeps
their order. Keys come before tables, which makes no difference to SRS.

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
    { name: "output", short: "o", value: "FILE", help: "Write to this file instead of standard output." },
    { name: "from", value: "conf|toml", choices: languages, help: "Language of FILE (default: by its extension)." },
    {
      name: "to",
      value: "conf|toml",
      choices: languages,
      help: "Language to write (default: by the extension of the output file, else the other language).",
    },
    { name: "check", help: "Write nothing; print every problem (or ok)." },
    { name: "inline", help: "Replace each include with the content of its files." },
    { name: "strict-srs", help: "Refuse directives that SRS does not have." },
    { name: "comment-out", help: "With --strict-srs: turn such directives into comments." },
  ],
  sections: [{ title: "TOML", text: tomlManual }, {
    title: "EXIT STATUS",
    rows: [
      ["0", "The file was converted; with --check, it has no errors."],
      ["1", "The file has errors, or cannot be read, converted or written."],
      ["2", "The command line is wrong."],
    ],
  }],
  examples: [
    { line: "convert conf/srs.conf -o conf/srs.toml", does: "converts to TOML" },
    {
      line: "convert --to conf --strict-srs conf/srs.toml",
      does: "prints what SRS can read, or says why SRS cannot read it",
    },
    { line: "convert --check conf/srs.toml", does: "only looks for errors" },
  ],
  run: runConvert,
};

async function runConvert(args: CommandArgs, io: CliIo): Promise<number> {
  const [input, unexpected] = args.positional;
  if (input === undefined) throw new UsageError("name the file to convert, or - for standard input");
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  if (args.flag("comment-out") && !args.flag("strict-srs")) throw new UsageError("--comment-out needs --strict-srs");
  const output = args.value("output");
  const isShown = output === undefined || output === "-";
  const { from, to } = directionOf(args, input, output);
  if (to === "toml" && args.flag("strict-srs")) throw new UsageError("--strict-srs works with --to conf only");
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
  if (from === null && to === null) {
    throw new UsageError(`cannot tell the language of "${input}" by its extension: add --from or --to`);
  }
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
    io.err(`cannot write ${path}: ${describeFileError(error)}\n`);
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
