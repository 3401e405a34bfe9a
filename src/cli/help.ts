import type { Command, OptionRow } from "./command.ts";

/** Name of the program in help and messages. */
export const PROGRAM = "srs-ts";

const WIDTH = 88;

/** A command's options and those that every command has. */
export function allOptions(options: readonly OptionRow[]): OptionRow[] {
  const help = { name: "help", short: "h", help: "Show this text." };
  const version = { name: "version", help: "Print the version." };
  return [...options, help, options.some(({ short }) => short === "v") ? version : { ...version, short: "v" }];
}

/** Help of the whole program: what it is and the commands it has. */
export function formatProgramHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return sections([
    `${PROGRAM}: RTMP origin cluster and edge servers, compatible with SRS and its configuration files.`,
    heading("Usage", [
      `  ${PROGRAM} COMMAND [OPTIONS]`,
      `  ${PROGRAM} COMMAND --help    what a command does, with examples`,
      `  ${PROGRAM} --version         also -v and -V`,
    ]),
    heading("Commands", columns(rows)),
    heading("Examples", [
      `  ${PROGRAM} demo                          the whole cluster on this machine, with a stream`,
      `  ${PROGRAM} origin -c conf/origin.cluster.serverA.conf`,
      `  ${PROGRAM} edge -c conf/origin.cluster.edge.conf`,
    ]),
  ]);
}

/** Help of one command. `permissions` are the flags of `deno run` that it needs. */
export function formatCommandHelp(command: Command, permissions: string): string {
  const { usage, description, options, examples } = command;
  return sections([
    `Usage: ${PROGRAM} ${usage}`,
    ...description.trim().split(/\n\s*\n/).map((paragraph) => wrap(paragraph, 0).join("\n")),
    heading("Options", columns(allOptions(options).map((row) => [spell(row), row.help] as const))),
    heading("Examples", examples.flatMap(({ line, does }) => [`  ${PROGRAM} ${line}`, ...wrap(does, 6)])),
    heading("Permissions", wrap(`Run from source it needs: deno run ${permissions} main.ts ${command.name}`, 2)),
  ]);
}

function sections(parts: string[]): string {
  return parts.join("\n\n") + "\n";
}

function heading(title: string, lines: string[]): string {
  return [`${title}:`, ...lines].join("\n");
}

function spell({ name, short, value, repeats = false }: OptionRow): string {
  const long = `--${name}${value === undefined ? "" : ` ${value}`}${repeats ? " ..." : ""}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

/** Two columns, the second one wrapped. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.flatMap(([name, text]) => {
    const [first = "", ...more] = wrap(text, left);
    return [`  ${name}`.padEnd(left) + first.trimStart(), ...more];
  });
}

/** Breaks text into lines of at most {@link WIDTH} characters, each indented. Line ends in the text count as spaces. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.trim().split(/\s+/)) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each);
}
