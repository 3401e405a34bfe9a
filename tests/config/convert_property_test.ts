import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { convertConfig, loadConfig } from "../../src/config/mod.ts";
import { Prng } from "../kit/media/mutate.ts";
import { generateConf } from "../kit/cases/generate_conf.ts";
import { inTomlOrder, shapeOf } from "./check/shape.ts";

/** Random configurations that have no errors. */
function* soundConfs(seed: number, count: number): Generator<string> {
  const prng = new Prng(seed);
  let tried = 0;
  for (let found = 0; found < count; tried++) {
    const text = generateConf(prng);
    const { problems } = loadConfig({ path: "x.conf", text, requireListen: false });
    const errors = problems.filter(({ severity }) => severity === "error");
    if (errors.length > 0) continue;
    found++;
    yield text;
  }
  assertGreater(count / tried, 0.5, "most of the generated configurations have errors");
}

function convert(text: string, from: "conf" | "toml", to: "conf" | "toml"): string {
  const result = convertConfig({ path: `x.${from}`, text, to });
  const errors = result.problems.filter(({ severity }) => severity === "error");
  assert(result.text !== null, `${JSON.stringify(errors[0])}\n${text}`);
  return result.text;
}

Deno.test("conf -> TOML -> conf keeps every directive, word and comment of random configurations", () => {
  for (const conf of soundConfs(1, 400)) {
    const back = convert(convert(conf, "conf", "toml"), "toml", "conf");
    assertEquals(shapeOf(back), inTomlOrder(shapeOf(conf)), conf);
  }
});

Deno.test("TOML -> conf -> TOML gives the same file, character by character", () => {
  for (const conf of soundConfs(2, 400)) {
    const toml = convert(conf, "conf", "toml");
    assertEquals(convert(convert(toml, "toml", "conf"), "conf", "toml"), toml, conf);
    assertEquals(convert(toml, "toml", "toml"), toml, conf);
  }
});

Deno.test("a configuration and its TOML load into the same values", () => {
  for (const conf of soundConfs(3, 200)) {
    const toml = convert(conf, "conf", "toml");
    const [a, b] = [["x.conf", conf], ["x.toml", toml]].map(([path = "", text = ""]) =>
      loadConfig({ path, text, requireListen: false })
    );
    assertEquals(b?.config, a?.config, conf);
    const messages = (result = a) => result?.problems.map((p) => p.message.replace(/\d+/g, "N")).sort();
    assertEquals(messages(b), messages(a), conf);
  }
});

Deno.test("a tidy file stays as it is", () => {
  for (const conf of soundConfs(4, 200)) {
    const tidy = convert(conf, "conf", "conf");
    assertEquals(shapeOf(tidy), shapeOf(conf), conf);
    assertEquals(convert(tidy, "conf", "conf"), tidy, conf);
  }
});
