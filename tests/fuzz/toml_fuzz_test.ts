import { assert, assertEquals, assertLess } from "../kit/assert.ts";
import {
  convertConfig,
  formatProblem,
  listRows,
  loadConfig,
  type LoadResult,
  sourceLineOf,
} from "../../src/config/mod.ts";
import { ProblemList } from "../../src/config/problem.ts";
import { generateConf } from "../kit/cases/generate_conf.ts";
import { Prng } from "../kit/media/mutate.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, root));

const seeds = [
  read("conf/origin.cluster.serverA.toml"),
  read("conf/origin.cluster.edge.toml"),
  read("tests/config/golden/order.toml"),
  read("tests/config/golden/comments.toml"),
  read("tests/config/samples/origin.toml"),
  'listen = 1\n"a b".c = """\nx\\\n y"""\nd = { e = [1, { f = \'\'\'x\'\'\' }] }\n[[include]]\nname = "x"\n',
];

const names = listRows().map(({ row }) => row.name);
const strange = [
  ..."[]{}=.,#\"'\\\n\r\t \0\ufeff\ud800-+_".split(""),
  "[[",
  "]]",
  '"""',
  "'''",
  "\r\n",
  "\\u",
  "\\UFFFFFFFF",
  "1e999",
  "0x",
  "99999999999999999999",
  "1979-05-27",
  "inf",
];
const words = [
  ...names,
  "include",
  "name",
  "__proto__",
  "constructor",
  "true",
  "on",
  "1.50",
  '"x y"',
  "[1, 2]",
  "{ a = 1 }",
];

/** Damages a text in one to six places: characters and words lost, doubled, moved, put in. */
function mutateText(text: string, prng: Prng): string {
  let out = text;
  for (let left = 1 + prng.below(6); left > 0; left--) {
    const at = prng.below(out.length + 1);
    const run = 1 + prng.below(20);
    const put = [() => "", () => prng.pick(strange), () => ` ${prng.pick(words)} `, () => out.slice(at, at + run * 3)];
    out = out.slice(0, at) + prng.pick(put)() + out.slice(at + (prng.below(2) === 0 ? run : 0));
  }
  return out.slice(0, 20_000);
}

/** What must hold for any input: problems stand in the text and can be shown, the same input gives the same answer. */
function verify(text: string): LoadResult {
  const load = () => loadConfig({ path: "x.toml", text, readFile: () => "[a", requireListen: false });
  const result = load();
  assertEquals(load().problems, result.problems);
  for (const problem of result.problems) {
    const sourceLine = sourceLineOf(result, problem);
    assert(problem.line === 0 || sourceLine !== undefined, `${formatProblem(problem)}\n${text}`);
    if (sourceLine !== undefined) {
      assertLess(problem.column, sourceLine.length + 2, `${formatProblem(problem)}\n${text}`);
    }
    assertEquals(formatProblem(problem, { sourceLine }).split("\n").length, problem.line === 0 ? 1 : 3);
  }
  assertEquals(Object.keys(Object.prototype), []);
  return result;
}

/** What can be converted keeps its meaning, and its text once it has the printer's layout. */
function verifyConversion(text: string, result: LoadResult): boolean {
  const options = { path: "x.toml", readFile: () => "" };
  const tidy = convertConfig({ ...options, text, to: "toml" }).text;
  const conf = convertConfig({ ...options, text, to: "conf" }).text;
  if (tidy === null || conf === null) return false;
  assertEquals(convertConfig({ path: "x.conf", text: conf, to: "toml", readFile: () => "" }).text, tidy, text);
  assertEquals(
    loadConfig({ path: "x.toml", text: tidy, requireListen: false, readFile: () => "" }).config,
    result.config,
  );
  return true;
}

Deno.test("loadConfig answers every damaged TOML with problems; what is sound converts without loss", () => {
  const prng = new Prng(11);
  let converted = 0;
  for (let round = 0; round < 1200; round++) {
    const text = mutateText(prng.pick(seeds), prng);
    const result = verify(text);
    const isSound = !result.problems.some(({ severity }) => severity === "error");
    if (isSound && verifyConversion(text, result)) converted++;
  }
  assert(converted > 50 && converted < 900, `${converted} files converted: the mutations no longer bite`);
});

Deno.test("loadConfig survives random sequences of TOML words and signs", () => {
  const prng = new Prng(12);
  for (let round = 0; round < 1200; round++) {
    const parts = Array.from({ length: prng.below(60) }, () => prng.pick(prng.below(2) === 0 ? strange : words));
    verify(parts.join(prng.pick(["", " ", "\n"])));
  }
});

Deno.test("convertConfig answers every damaged configuration, and keeps the shape of the sound ones", () => {
  const prng = new Prng(13);
  for (let round = 0; round < 500; round++) {
    const text = mutateText(generateConf(prng), prng);
    const readFile = () => "";
    const toml = convertConfig({ path: "x.conf", text, to: "toml", readFile }).text;
    if (toml === null) continue;
    const back = convertConfig({ path: "x.toml", text: toml, to: "conf", readFile }).text;
    assert(back !== null, text);
    assertEquals(convertConfig({ path: "x.conf", text: back, to: "toml", readFile }).text, toml, text);
  }
});

const megabyte = 1024 * 1024;
const large: [name: string, text: string][] = [
  ["sound tables", tables(megabyte)],
  ["keys", Array.from({ length: 60_000 }, (_, index) => `k${index} = ${index}`).join("\n")],
  ["tables of one level", Array.from({ length: 60_000 }, (_, index) => `[k${index}]`).join("\n")],
  ["one long list", `listen = [${"1935, ".repeat(megabyte / 12)}]`],
  ["opening brackets", `listen = ${"[".repeat(megabyte)}`],
  ["opening braces", `a = ${"{a=".repeat(megabyte / 3)}`],
  ["dots", "a.".repeat(megabyte / 2)],
  ["one long string", `pid = "${"\\n".repeat(megabyte / 2)}"`],
  ["open strings", 'a = """'.repeat(megabyte / 7)],
  ["broken lines", "a = x\n".repeat(megabyte / 6)],
  ["broken lists", "a = [1\n".repeat(megabyte / 7)],
  ["comments", "  # nothing\n".repeat(megabyte / 12)],
  ["carriage returns", "a = 1\r".repeat(megabyte / 6)],
];

function tables(size: number): string {
  let text = "listen = 1935\n[http_api]\nenabled = true\n";
  for (let i = 0; text.length < size; i++) {
    text += `[[vhost]]\nname = "v${i}.com"\n[vhost.cluster] # one of many\nmode = "local"\norigin_cluster = true\n` +
      'coworkers = ["127.0.0.1:9091"]\n';
  }
  return text;
}

for (const [name, text] of large) {
  Deno.test(`convertConfig reads 1 MB of ${name} in bounded time`, () => {
    const start = performance.now();
    const { problems } = convertConfig({ path: "x.toml", text, to: "conf" });
    const end = performance.now();
    assertLess(problems.length, 2 * ProblemList.limit + 3);
    assertLess(end - start, 5000);
  });
}
