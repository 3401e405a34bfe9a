import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { convertConfig, loadConfig } from "../../../src/config/mod.ts";
import { inTomlOrder, shapeOf } from "../check/shape.ts";
import { directory, expectPath, isAboutFeature, loadUserConfig, userConfigs, verdictOf } from "./user_configs.ts";

const names = userConfigs();

Deno.test("there are configurations of many kinds, sound ones and wrong ones", () => {
  const verdicts = names.map((name) => verdictOf(name).split("\n", 1)[0]);
  for (const verdict of ["ok", "warnings", "errors"]) {
    assertGreater(verdicts.filter((each) => each === verdict).length, 4, verdict);
  }
  assertGreater(names.length, 40);
});

for (const name of names) {
  Deno.test(`loadConfig judges ${name} as expected`, () => {
    assertEquals(verdictOf(name), Deno.readTextFileSync(expectPath(name)));
  });
}

for (const name of names.filter((each) => each.endsWith(".conf") && !verdictOf(each).startsWith("errors"))) {
  Deno.test(`convertConfig turns ${name} into TOML and back without loss`, () => {
    const text = Deno.readTextFileSync(new URL(name, directory));
    const toml = convertConfig({ path: name, text, to: "toml" }).text ?? "";
    const back = convertConfig({ path: "x.toml", text: toml, to: "conf" }).text ?? "";
    assertEquals(shapeOf(back), inTomlOrder(shapeOf(text)));
    assertEquals(loadConfig({ path: "x.toml", text: toml }).config, loadConfig({ path: name, text }).config);
  });
}

const missing: [name: string, features: string[]][] = [
  ["transcode.conf", ["ff_log_dir", "ff_log_level", "vhost.transcode"]],
  ["rtc_srt.conf", ["rtc_server", "srt_server", "vhost.srt", "vhost.rtc", "vhost.rtsp"]],
];

for (const [name, features] of missing) {
  Deno.test(`loadConfig says what of ${name} this server lacks`, () => {
    const about = loadUserConfig(name).problems.filter(({ message }) => isAboutFeature(message));
    assertEquals(
      about.map(({ message }) => message.split('"')[1]).filter((path) => features.includes(path ?? "")),
      features,
    );
  });
}
