import { describeError, SrsError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import type { CliIo, CommandEntry } from "./command.ts";
import { commandTable, loadCommands } from "./command_table.ts";
import { formatCommandHelp, formatProgramHelp, PROGRAM } from "./help.ts";
import { ProcessIo } from "./io.ts";
import { nearest } from "./nearest.ts";
import { allOptions, parseCommandLine, UsageError } from "./parse_args.ts";
import { serveOptions } from "./serve/options.ts";

const SHOW_VERSION = ["--version", "-v", "-V", "version"];
const SHOW_HELP = ["--help", "-h", "-?"];

/** Exit status of a command line that makes no sense; SRS's own where it is used in place of SRS. */
const USAGE_STATUS = 2;
const SRS_USAGE_STATUS = 255;

/** Spellings that SRS takes too. */
const aliases: Readonly<Record<string, string>> = { "-?": "--help", "-V": "--version", "-G": "-g" };

/** Runs this process: the whole command line without the program's name. Never throws. @returns The exit status. */
export function runProcess(args: readonly string[]): Promise<number> {
  const io = new ProcessIo();
  return Promise.race([runCli(args, io), io.forced]);
}

/** Runs a command line. Never throws. @returns The exit status. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const [first, ...rest] = args;
  let name = PROGRAM;
  try {
    if (first === undefined || SHOW_HELP.includes(first)) return await showProgramHelp(io);
    if (SHOW_VERSION.includes(first)) return showVersion(io);
    if (first === "help") return await showHelp(rest, io);
    if (first.startsWith("-")) return await runInPlaceOfSrs(args, io);
    const entry = findCommand(first);
    name = `${PROGRAM} ${first}`;
    return await runCommand(entry, rest, io);
  } catch (error) {
    return report(error, name, io);
  }
}

async function runCommand(entry: CommandEntry, args: readonly string[], io: CliIo): Promise<number> {
  const command = await entry.load();
  const spelled = args.map((arg) => aliases[arg] ?? arg);
  const parsed = parseCommandLine(spelled, allOptions(command.options));
  if (parsed.flag("version")) return showVersion(io);
  if (!parsed.flag("help")) return await command.run(parsed, io);
  io.out(formatCommandHelp(command, entry, io));
  return 0;
}

/** A command line without a command: that of SRS's own program. */
async function runInPlaceOfSrs(args: readonly string[], io: CliIo): Promise<number> {
  try {
    const parsed = parseCommandLine(args.map((arg) => aliases[arg] ?? arg), allOptions(serveOptions));
    if (parsed.flag("version")) return showVersion(io);
    if (parsed.flag("help")) return await showProgramHelp(io);
    return await (await import("./serve/serve.ts")).serve("any", parsed, io);
  } catch (error) {
    const status = report(error, PROGRAM, io);
    return error instanceof UsageError ? SRS_USAGE_STATUS : status;
  }
}

function findCommand(name: string): CommandEntry {
  const entry = Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
  if (entry !== undefined) return entry;
  const near = nearest(name, [...Object.keys(commandTable), "help", "version"]);
  throw new UsageError(`unknown command "${name}"${near === null ? "" : `; did you mean "${near}"?`}`);
}

async function showProgramHelp(io: CliIo): Promise<number> {
  io.out(formatProgramHelp(await loadCommands(), io));
  return 0;
}

async function showHelp([name]: readonly string[], io: CliIo): Promise<number> {
  if (name === undefined) return await showProgramHelp(io);
  const entry = findCommand(name);
  io.out(formatCommandHelp(await entry.load(), entry, io));
  return 0;
}

function showVersion(io: CliIo): number {
  io.out(`${VERSION}\n`);
  return 0;
}

/** Says what went wrong, in one line where it is not a fault of this program. @returns The exit status, SRS's where it has one. */
function report(error: unknown, name: string, io: CliIo): number {
  if (error instanceof UsageError) {
    io.err(`${name}: ${error.message} (see ${name} --help)\n`);
    return USAGE_STATUS;
  }
  if (error instanceof SrsError) {
    io.err(`${name}: ${error.message}\n`);
    return error.code & 255;
  }
  if (error instanceof Deno.errors.NotCapable) {
    io.err(`${name}: ${error.message}\n`);
    return 1;
  }
  io.err(`${name}: unexpected ${error instanceof Error ? error.stack ?? describeError(error) : String(error)}\n`);
  return 1;
}
