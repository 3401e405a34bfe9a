import { directivesMarkdown } from "../../src/config/directive_table.ts";

const page = new URL("../../conf/DIRECTIVES.md", import.meta.url);
const begin = "<!-- directives:begin -->";
const end = "<!-- directives:end -->";

/** `conf/DIRECTIVES.md`. @throws {Deno.errors.NotFound} Where it is missing. */
export function readPage(): string {
  return Deno.readTextFileSync(page);
}

/** What stands between the two marks; null without them. */
export function tableIn(text: string): string | null {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  return from < 0 || to < from ? null : text.slice(from + begin.length, to);
}

/** The lines of a table as they are however a formatter pads them. */
export function rowsOf(table: string): string[] {
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) => line.replace(/-{3,}/g, "---").replace(/ +/g, " ").trim());
}

/** Puts the present table into the page: `deno run -A tests/lint/directives_page.ts`. */
if (import.meta.main) {
  const text = readPage();
  const table = tableIn(text);
  if (table === null) throw new Error(`conf/DIRECTIVES.md needs the lines ${begin} and ${end}`);
  // Padded by a formatter the table would have twice the size.
  const present = `\n\n<!-- deno-fmt-ignore-start -->\n\n${directivesMarkdown()}\n<!-- deno-fmt-ignore-end -->\n\n`;
  const from = text.indexOf(begin) + begin.length;
  Deno.writeTextFileSync(page, text.slice(0, from) + present + text.slice(from + table.length));
}
