import { assertEquals, assertGreater } from "../kit/assert.ts";
import { importsOf, walk } from "./source_files.ts";

/** What a test may take from outside its own folder. */
const shared = ["tests/kit/", "tests/fixtures/"];
/** The report of the benchmark has a type, and its test is one of a whole server's. */
const exceptions = ["tests/server/bench_test.ts imports tests/bench/table.ts"];

const topOf = (path: string) => path.split("/").slice(0, 2).join("/") + "/";

Deno.test("tests take from each other only what lies in tests/kit", () => {
  const files = walk("tests").filter((path) => path.endsWith(".ts"));
  const imports = files.flatMap((path) => {
    const text = Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
    return importsOf({ path, room: "", text });
  }).filter(({ to }) => to.startsWith("tests/"));
  assertGreater(imports.length, 300);
  const sideways = imports.filter(({ from, to }) =>
    !to.startsWith(topOf(from.path)) && !shared.some((folder) => to.startsWith(folder))
  );
  assertEquals(sideways.map(({ from, to }) => `${from.path} imports ${to}`), exceptions);
});
