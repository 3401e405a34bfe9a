import { nearestName } from "../base/nearest_name.ts";
import { directivesMarkdown, directivesText, directiveTable } from "../config/directive_table.ts";
import type { CliIo, Command, CommandArgs } from "./command.ts";

const description = `
Prints every directive of the configuration: where it stands, what values it takes and in which unit, its default, what
a reload does with a change (live: at once, for everybody; new clients: for those who connect later; restart: nothing
before a restart), its environment variables, its key in TOML, and whether this server does what it says. What has no
effect here is accepted with a warning at the start.

With names, only directives and blocks that are called so, or stand in a block that is: mw_latency, vhost.play.

Exit status: 0, or 1 if there is no such directive.`;

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
  examples: [
    { line: "directives mw_latency", does: "explains one directive" },
    { line: "directives --json", does: "is for programs" },
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
    io.err(`there is no directive "${wanted}"${near === null ? "" : `; did you mean "${near}"?`}\n`);
    return 1;
  }
  io.out(args.flag("json") ? `${JSON.stringify(found, null, 2)}\n` : directivesText(found));
  return 0;
}
