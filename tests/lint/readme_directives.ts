import { directivesMarkdown } from "../../src/config/directive_table.ts";

const readme = new URL("../../README.md", import.meta.url);
const begin = "<!-- directives:begin -->";
const end = "<!-- directives:end -->";

/** README.md, or null where it is missing. */
export function readReadme(): string | null {
  try {
    return Deno.readTextFileSync(readme);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
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

/** Puts the present table into README.md: `deno run -A tests/lint/readme_directives.ts`. */
if (import.meta.main) {
  const text = readReadme() ?? "";
  const table = tableIn(text);
  if (table === null) throw new Error(`README.md needs the lines ${begin} and ${end}`);
  // Padded by a formatter the table would have twice the size.
  const present = `\n\n<!-- deno-fmt-ignore-start -->\n\n${directivesMarkdown()}\n<!-- deno-fmt-ignore-end -->\n\n`;
  const from = text.indexOf(begin) + begin.length;
  Deno.writeTextFileSync(readme, text.slice(0, from) + present + text.slice(from + table.length));
}
