import type { Command, CommandEntry, HelpSection, OptionRow } from "./command.ts";
import { allOptions } from "./parse_args.ts";

/** Name of the program in help and messages. */
export const PROGRAM = "srs-ts";

const WIDTH = 88;
const INDENT = 4;
/** Terms up to this length stand beside what there is to say about them. */
const SHORT_TERM = 14;

/** How help is to look. */
export interface HelpOptions {
  /** Titles in bold. */
  readonly color: boolean;
}

/** Manual of the whole program: what it is and the commands it has. */
export function formatProgramHelp(commands: readonly Command[], options: HelpOptions): string {
  return manual([
    { title: "NAME", text: `${PROGRAM} - RTMP origin cluster and edge servers, compatible with SRS` },
    {
      title: "SYNOPSIS",
      text: verbatim([
        `${PROGRAM} COMMAND [OPTIONS]`,
        `${PROGRAM} COMMAND --help`,
        `${PROGRAM} [-t] -c FILE | -e`,
        `${PROGRAM} --version`,
      ]),
    },
    {
      title: "COMMANDS",
      rows: [
        ...commands.map(({ name, summary }) => [name, summary] as const),
        ["help", "Show the manual of a command."],
        ["version", "Print the version."],
      ],
    },
    {
      title: "IN PLACE OF SRS",
      text:
        `Without a command, ${PROGRAM} takes the options of SRS's own program (-c, -t, -e, -g, -v) and behaves like ` +
        `it: the configuration decides whether it is an origin or an edge, it goes to the background unless the ` +
        `configuration says "daemon off", and it exits with status 255 if the command line is wrong.`,
    },
    {
      title: "EXAMPLES",
      rows: [
        [`${PROGRAM} demo`, "Runs the whole cluster on this machine, with a stream."],
        [`${PROGRAM} origin -c conf/origin.cluster.serverA.conf`, "Starts an origin."],
        [`${PROGRAM} edge -c conf/origin.cluster.edge.conf`, "Starts an edge."],
      ],
    },
  ], options);
}

/** Manual of one command. */
export function formatCommandHelp(
  command: Command,
  { permissions, morePermissions = "" }: Pick<CommandEntry, "permissions" | "morePermissions">,
  options: HelpOptions,
): string {
  const { name, summary, usage, description, examples, sections = [] } = command;
  const flags = permissions === "" ? "" : ` ${permissions}`;
  return manual([
    { title: "NAME", text: `${PROGRAM} ${name} - ${summary[0]?.toLowerCase()}${summary.slice(1).replace(/\.$/, "")}` },
    { title: "SYNOPSIS", text: verbatim([`${PROGRAM} ${usage}`]) },
    { title: "DESCRIPTION", text: description },
    {
      title: "OPTIONS",
      rows: allOptions(command.options).filter(({ hidden = false }) => !hidden).map((row) => [spell(row), row.help]),
    },
    ...sections,
    { title: "EXAMPLES", rows: examples.map(({ line, does }) => [`${PROGRAM} ${line}`, sentence(does)]) },
    {
      title: "PERMISSIONS",
      text: `To run it from source: deno run${flags} main.ts ${name}\n\n${morePermissions}`,
    },
  ], options);
}

/** With a capital in front and a full stop behind. */
function sentence(text: string): string {
  const trimmed = text.trim();
  return `${trimmed[0]?.toUpperCase() ?? ""}${trimmed.slice(1).replace(/\.$/, "")}.`;
}

function manual(sections: readonly HelpSection[], { color }: HelpOptions): string {
  return sections.map(({ title, text, rows }) => {
    const paragraphs = text?.replace(/^\n+|\s+$/g, "").split(/\n\s*\n/).map(formatParagraph) ?? [];
    const body = [...paragraphs.flatMap((part) => [part, ""]).slice(0, -1), ...formatRows(rows ?? [])].join("\n");
    return `${color ? `\x1b[1m${title}\x1b[0m` : title}\n${body}\n`;
  }).join("\n");
}

/** Terms and what there is to say about them: side by side where all terms are short, else below each other. */
function formatRows(rows: readonly (readonly [string, string])[]): string[] {
  const longest = Math.max(...rows.map(([term]) => term.length));
  if (longest > SHORT_TERM) {
    return rows.flatMap(([term, about]) => [`${" ".repeat(INDENT)}${term}`, ...wrap(about, 2 * INDENT)]);
  }
  const column = INDENT + Math.max(longest + 2, INDENT);
  return rows.flatMap(([term, about]) => {
    const [first = "", ...more] = wrap(about, column);
    return [`${" ".repeat(INDENT)}${term}`.padEnd(column) + first.trimStart(), ...more];
  });
}

/** A paragraph whose lines are indented stays as it is. */
function formatParagraph(text: string): string {
  const lines = text.split("\n");
  if (lines.every((line) => line.startsWith("    "))) return text;
  return wrap(text, INDENT).join("\n");
}

function verbatim(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join("\n");
}

function spell({ name, short, value, repeats = false }: OptionRow): string {
  const long = `--${name}${value === undefined ? "" : ` ${value}`}${repeats ? " ..." : ""}`;
  return short === undefined ? long : `-${short}, ${long}`;
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
