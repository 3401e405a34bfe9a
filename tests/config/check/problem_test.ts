import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { type ConfigProblem, ConfigSyntaxError, formatProblem, ProblemList } from "../../../src/config/problem.ts";
import { loadConfig, sourceLineOf } from "../../../src/config/mod.ts";

const problem: ConfigProblem = {
  severity: "error",
  file: "conf/x.conf",
  line: 12,
  column: 9,
  length: 8,
  message: 'unknown directive "coworker" in vhost.cluster',
  suggestion: 'did you mean "coworkers"?',
  codeName: "ConfigInvalid",
};
const text = 'conf/x.conf:12:9: unknown directive "coworker" in vhost.cluster; did you mean "coworkers"?';

Deno.test("formatProblem puts place, message and suggestion on one line", () => {
  assertEquals(formatProblem(problem), text);
  assertEquals(formatProblem({ ...problem, suggestion: null }), text.split(";")[0] ?? "");
  assertEquals(formatProblem({ ...problem, severity: "warning" }), text.replace("12:9: ", "12:9: warning: "));
  assertEquals(formatProblem({ ...problem, line: 0, column: 0 }), text.replace(":12:9:", ":"));
});

Deno.test("formatProblem underlines the word in the source line, tabs or not", () => {
  const expected = `${text}\n          coworker a:1;\n          ^^^^^^^^`;
  assertEquals(formatProblem(problem, { sourceLine: "        coworker a:1;" }), expected);
  assertEquals(formatProblem(problem, { sourceLine: "\t\t\t\t\t\t\t\tcoworker a:1;" }), expected);
});

Deno.test("formatProblem shows a window of a very long line", () => {
  const sourceLine = "x".repeat(5000) + "coworker" + "y".repeat(5000);
  const lines = formatProblem({ ...problem, column: 5001 }, { sourceLine }).split("\n");
  assertEquals(lines[1], "  " + "x".repeat(60) + "coworker" + "y".repeat(52));
  assertEquals(lines[2], "  " + " ".repeat(60) + "^".repeat(8));
});

Deno.test("formatProblem colours on request and lets no control character through", () => {
  const evil = { ...problem, file: "a\x1b[2J", message: 'unknown directive "\x07\n"', suggestion: null };
  assertEquals(formatProblem(evil), 'a\\x1b[2J:12:9: unknown directive "\\x07\\x0a"');
  assertEquals(formatProblem(problem, { color: true }), text.replace(/^\S+/, "\x1b[1m$&\x1b[0m"));
  const sourceLine = "\x1b[2J    coworker";
  const [, line, caret] = formatProblem(problem, { sourceLine }).split("\n");
  assertEquals([line, caret], ["  \\x1b[2J    coworker", "             ^^^^^^^^"]);
});

Deno.test("sourceLineOf finds the line in the right file, whatever its line ends and byte order mark", () => {
  const files: Record<string, string> = { "b.conf": "\ufeffone;\r\ntwo;\rthree;\nfour;" };
  const result = loadConfig({
    path: "a.conf",
    text: "listen 1; include b.conf;",
    readFile: (path) => files[path] ?? "",
  });
  const lines = result.problems.map((p) => [p.file, p.line, sourceLineOf(result, p)]);
  assertEquals(lines.slice(0, 4), [
    ["a.conf", 0, undefined],
    ["b.conf", 1, "one;"],
    ["b.conf", 2, "two;"],
    ["b.conf", 3, "three;"],
  ]);
});

Deno.test("ProblemList sorts by file, then by place, and keeps a bounded number of each severity", () => {
  const list = new ProblemList();
  const place = (file: string, line: number) => ({ file, line, column: 1, length: 1 });
  for (let line = 1000; line > 0; line--) list.warn(place("b", line), "w");
  list.error(place("b", 3), "e");
  list.error(place("b", 3), "a consequence");
  list.error(place("a", 7), "e");
  const sorted = list.sorted(["a", "b"]);
  assertEquals(sorted.length, 200 + 2 + 1);
  assertEquals([sorted[0]?.file, sorted[1]?.message, sorted[1]?.line], ["a", "e", 3]);
  assertEquals(sorted.at(-1)?.message, "800 more warnings are not shown");
  assert(list.hasErrors);
  assert(!list.errorsFull);
});

Deno.test("ConfigSyntaxError reads like its first error", () => {
  const error = new ConfigSyntaxError([{ ...problem, severity: "warning", line: 1 }, problem]);
  assertEquals([error.message, error.line, error.name], [text, 12, "ConfigSyntaxError"]);
  assertThrows(() => new ConfigSyntaxError([]), TypeError);
});
