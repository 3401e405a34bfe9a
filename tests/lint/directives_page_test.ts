import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { directivesMarkdown } from "../../src/config/directive_table.ts";
import { readPage, rowsOf, tableIn } from "./directives_page.ts";

Deno.test("conf/DIRECTIVES.md has the present table of directives", () => {
  const table = tableIn(readPage());
  assert(table !== null, "conf/DIRECTIVES.md needs the lines <!-- directives:begin --> and <!-- directives:end -->");
  const rows = rowsOf(table);
  assertGreater(rows.length, 100);
  assertEquals(rows, rowsOf(directivesMarkdown()), "run: deno run -A tests/lint/directives_page.ts");
});
