import { describeError, SrsError } from "../base/errors.ts";
import { VERSION } from "../server/identity.ts";
import type { CliIo, Command } from "./command.ts";
import { allOptions, formatCommandHelp, formatProgramHelp, PROGRAM } from "./help.ts";
import { ProcessIo } from "./io.ts";
import { nearest } from "./nearest.ts";
import { parseCommandLine, UsageError } from "./parse_args.ts";

/** A subcommand, loaded when it is asked for, and the flags of `deno run` that it needs. */
interface CommandEntry {
  permissions: string;
  load(): Promise<Command>;
}

const commands: Record<string, CommandEntry> = {
  origin: {
    permissions: "--allow-net --allow-read --allow-write --allow-env --allow-sys",
    load: async () => (await import("./origin.ts")).originCommand,
  },
  edge: {
    permissions: "--allow-net --allow-read --allow-write --allow-env --allow-sys",
    load: async () => (await import("./edge.ts")).edgeCommand,
  },
  push: {
    permissions: "--allow-net --allow-read",
    load: async () => (await import("./push.ts")).pushCommand,
  },
  probe: { permissions: "--allow-net", load: async () => (await import("./probe.ts")).probeCommand },
  demo: { permissions: "--allow-all", load: async () => (await import("./demo.ts")).demoCommand },
};

const SHOW_VERSION = ["--version", "-v", "-V"];
const SHOW_HELP = ["--help", "-h", "-?"];

/** Exit status of a command line that makes no sense. */
const USAGE_STATUS = 2;

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
    const entry = findCommand(first);
    name = `${PROGRAM} ${first}`;
    return await runCommand(entry, rest, io);
  } catch (error) {
    return report(error, name, io);
  }
}

async function runCommand(entry: CommandEntry, args: readonly string[], io: CliIo): Promise<number> {
  const command = await entry.load();
  const spelled = args.map((arg) => arg === "-?" ? "--help" : arg === "-V" ? "--version" : arg);
  const parsed = parseCommandLine(spelled, allOptions(command.options));
  if (parsed.flag("version")) return showVersion(io);
  if (!parsed.flag("help")) return await command.run(parsed, io);
  io.out(formatCommandHelp(command, entry.permissions));
  return 0;
}

function findCommand(name: string): CommandEntry {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry;
  if (name.startsWith("-")) {
    const near = nearest(name, ["--help", "--version"]);
    const hint = near === null
      ? `a command comes first: ${Object.keys(commands).join(", ")}`
      : `did you mean "${near}"?`;
    throw new UsageError(`unknown option "${name}"; ${hint}`);
  }
  const near = nearest(name, [...Object.keys(commands), "help"]);
  throw new UsageError(`unknown command "${name}"${near === null ? "" : `; did you mean "${near}"?`}`);
}

async function showProgramHelp(io: CliIo): Promise<number> {
  io.out(formatProgramHelp(await Promise.all(Object.values(commands).map((entry) => entry.load()))));
  return 0;
}

async function showHelp([name]: readonly string[], io: CliIo): Promise<number> {
  if (name === undefined) return await showProgramHelp(io);
  const entry = findCommand(name);
  io.out(formatCommandHelp(await entry.load(), entry.permissions));
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
