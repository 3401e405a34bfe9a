import { nearestName } from "../base/nearest_name.ts";
import { directivesMarkdown, directivesText, directiveTable } from "../config/directive_table.ts";
import type { CliIo, Command, CommandArgs } from "./command.ts";

const description = `
Prints every configuration directive: its place, the values it takes and their unit, its default, what a reload does with
a change (live: applies at once, to everybody; new clients: applies to clients that connect later; restart: applies at the
next start), its environment variables, its key in TOML, and whether this server supports it. The server accepts
directives that have no effect here, with a warning at start.

With NAME, prints only the directives and blocks of that name, and what is in such a block: mw_latency, vhost.play.`;

/** `srs-ts directives`: the table of directives. */
export const directivesCommand: Command = {
  name: "directives",
  summary: "Print all configuration directives.",
  usage: "directives [--json | --markdown] [NAME...]",
  description,
  options: [
    { name: "json", help: "Print a JSON array with one object for each directive." },
    { name: "markdown", help: "Print the table as Markdown, as in conf/DIRECTIVES.md." },
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "The directives were printed."],
      ["1", "There is no such directive."],
      ["2", "The command line is wrong."],
    ],
  }],
  examples: [
    { line: "directives mw_latency", does: "explains one directive" },
    { line: "directives --json", does: "prints all of them as JSON, for programs" },
  ],
  run: (args, io) => Promise.resolve(printDirectives(args, io)),
};

function printDirectives(args: CommandArgs, io: CliIo): number {
  if (args.flag("markdown")) {
    io.out(directivesMarkdown());
    return 0;
  }
  const all = directiveTable();
  const names = args.positional;
  const found = all.filter(({ name, block }) => {
    const path = block === "" ? name : `${block}.${name}`;
    return names.length === 0 || names.some((wanted) => wanted === name || `${path}.`.startsWith(`${wanted}.`));
  });
  for (const wanted of names) {
    if (found.some(({ name, block }) => name === wanted || `${block}.${name}.`.includes(`${wanted}.`))) continue;
    const near = nearestName(wanted, all.map(({ name }) => name));
    io.err(`unknown directive "${wanted}"${near === null ? "" : `; did you mean "${near}"?`}\n`);
    return 1;
  }
  io.out(args.flag("json") ? `${JSON.stringify(found, null, 2)}\n` : directivesText(found));
  return 0;
}
