import { assert, assertEquals, assertLess } from "../kit/assert.ts";
import { formatProblem, listRows, loadConfig, type LoadResult, sourceLineOf } from "../../src/config/mod.ts";
import { ProblemList } from "../../src/config/problem.ts";
import { parseSrsConf } from "../../src/config/srs/parser.ts";
import { Prng } from "../kit/media/mutate.ts";

const directory = new URL("../../conf/", import.meta.url);
const samples = ["origin.cluster.serverA.conf", "origin.cluster.serverB.conf", "origin.cluster.edge.conf"];

const seeds = [
  ...samples.map((name) => Deno.readTextFileSync(new URL(name, directory))),
  `listen 1935 [::1]:19350; # x\nvhost a.com {\n mode remote; origin "b c";\n mr { enabled on; latency 300; }\n}\n`,
  `http_stream { enabled on; }\ninclude a.conf b.conf;\nvhost a { refer x; forward b; hls { enabled on; } }\n`,
  `listen 1935;\nvhost a { security { allow play all; } play { gop_cache yes; queue_length 1.5; } http { } }\n`,
];

const names = listRows().map(({ row }) => row.name);
const strange = [
  "{",
  "}",
  ";",
  "#",
  '"',
  "'",
  "\n",
  "\r",
  "\r\n",
  " ",
  "\t",
  "\0",
  "\ufeff",
  "on}",
  "\ud800",
  "-1",
  "9e99",
];
const words = [...names, "include", "toString", "__proto__", "constructor", "on", "off", "1.2.3.4:99999", "[::1]:1"];

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
function verify(result: LoadResult, again: LoadResult): void {
  assertEquals(again.problems, result.problems);
  for (const problem of result.problems) {
    const sourceLine = sourceLineOf(result, problem);
    assert(problem.line === 0 || sourceLine !== undefined, formatProblem(problem));
    if (sourceLine !== undefined) assertLess(problem.column, sourceLine.length + 2, formatProblem(problem));
    assertEquals(formatProblem(problem, { sourceLine }).split("\n").length, problem.line === 0 ? 1 : 3);
  }
  const ports = result.config.listen.map(({ port }) => port);
  assert(ports.every((port) => port >= 1 && port <= 65535));
  assert(result.config.vhosts.every((vhost) => vhost.chunkSizeBytes >= 128 && vhost.chunkSizeBytes <= 65536));
}

Deno.test("loadConfig answers every damaged file with problems, never with a crash", () => {
  const prng = new Prng(1);
  let sound = 0;
  const rounds = 1500;
  for (let round = 0; round < rounds; round++) {
    const text = mutateText(prng.pick(seeds), prng);
    const included = mutateText(prng.pick(seeds), prng);
    const load = () => loadConfig({ path: "x.conf", text, readFile: () => included });
    const result = load();
    verify(result, load());
    if (result.problems.length === 0) sound++;
  }
  assert(sound > 0 && sound < rounds / 2, `${sound} files without a problem: the mutations no longer bite`);
});

Deno.test("loadConfig survives random sequences of words and signs", () => {
  const prng = new Prng(2);
  for (let round = 0; round < 1500; round++) {
    const parts = Array.from({ length: prng.below(60) }, () => prng.pick(prng.below(2) === 0 ? strange : words));
    const text = parts.join(prng.pick(["", " ", "\n"]));
    const load = () => loadConfig({ path: "x.conf", text, readFile: () => text });
    verify(load(), load());
  }
});

const megabyte = 1024 * 1024;
const large: [name: string, text: string][] = [
  ["sound vhosts", "listen 1935;\n" + vhosts(megabyte)],
  ["comments", "listen 1935;\n" + "# nothing here\n".repeat(megabyte / 15)],
  ["one long word", "x".repeat(megabyte)],
  ["one long list", "listen " + "1935 ".repeat(megabyte / 5) + ";"],
  ["unknown names", "lisen 1935;\n".repeat(megabyte / 12)],
  ["duplicates", "listen 1935;\n".repeat(megabyte / 13)],
  ["old spellings", "listen 1; vhost a { " + "mw_latency 1; ".repeat(megabyte / 14) + "}"],
  ["opening braces", "a{".repeat(megabyte / 2)],
  ["closing braces", "}".repeat(megabyte)],
  ["braces in words", "a b}}}}\n".repeat(megabyte / 8)],
  ["open quotes", "a 'b\n".repeat(megabyte / 5)],
  ["broken lines", "a\nb\n".repeat(megabyte / 4)],
];

function vhosts(size: number): string {
  let text = "";
  for (let i = 0; text.length < size; i++) {
    text +=
      `vhost v${i}.com {\n    cluster { mode local; origin_cluster on; coworkers 127.0.0.1:9091; } # one of many\n}\n`;
  }
  return text;
}

for (const [name, text] of large) {
  Deno.test(`loadConfig reads 1 MB of ${name} in bounded time`, () => {
    const start = performance.now();
    parseSrsConf(text, { file: "x.conf", problems: new ProblemList() });
    const { problems } = loadConfig({ path: "x.conf", text });
    const end = performance.now();
    assertLess(problems.length, 2 * ProblemList.limit + 3);
    assertLess(end - start, 5000);
  });
}
