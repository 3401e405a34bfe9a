import { assertEquals, assertLess } from "../kit/assert.ts";
import { sourceFiles, walk } from "./source_files.ts";

const MAX_LINES = 400;
const MAX_FILES = 25;

const files = sourceFiles();

function lines(text: string): number {
  return text.split("\n").length - 1;
}

Deno.test("no file of the program is longer than 400 lines", () => {
  const long = files.filter(({ text }) => lines(text) > MAX_LINES).map(({ path, text }) => `${path}: ${lines(text)}`);
  assertEquals(long, []);
});

Deno.test("half of the program's files have no more than 120 lines", () => {
  const sizes = files.map(({ text }) => lines(text)).sort((a, b) => a - b);
  assertLess(sizes[sizes.length >> 1] ?? 0, 121);
});

Deno.test("no test is longer than 400 lines", () => {
  const tests = walk("tests").filter((path) => path.endsWith(".ts"));
  assertEquals(tests.filter((path) => lines(Deno.readTextFileSync(path)) > MAX_LINES), []);
});

Deno.test("no folder has more than 25 files of its own", () => {
  const counts = new Map<string, number>();
  const isData = /\/(?:vendor|fixtures|golden|samples)\//;
  for (const path of [...walk("src"), ...walk("tests")].filter((path) => !isData.test(path))) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  assertEquals([...counts].filter(([, count]) => count > MAX_FILES), []);
});

Deno.test("files and folders are named in snake_case", () => {
  const paths = [...walk("src"), ...walk("tests")].filter((path) => !path.startsWith("tests/fixtures/"));
  const snakeCase = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
  const odd = paths.filter((path) => !path.endsWith("/README.md")).filter((path) => {
    const parts = path.split("/");
    const name = parts.pop()!.replace(/(?:\.d)?\.[a-z0-9]+$/, "");
    return ![...parts, name].every((part) => snakeCase.test(part));
  });
  assertEquals(odd, []);
});
