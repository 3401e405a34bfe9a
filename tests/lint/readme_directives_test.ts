import { assert, assertEquals } from "../assert.ts";
import { directivesMarkdown } from "../../src/config/directive_table.ts";
import { readReadme, rowsOf, tableIn } from "./readme_directives.ts";

Deno.test("README.md has the present table of directives", () => {
  const readme = readReadme();
  if (readme === null) return;
  const table = tableIn(readme);
  assert(table !== null, "README.md needs the lines <!-- directives:begin --> and <!-- directives:end -->");
  assertEquals(rowsOf(table), rowsOf(directivesMarkdown()), "run: deno run -A tests/lint/readme_directives.ts");
});
