import type { AmfObject, AmfValue } from "../../../../src/amf/amf0.ts";
import { playPathMember, readPlayPath } from "../../../../src/server/play/play_path.ts";
import { assertEquals } from "../../../kit/assert.ts";

Deno.test("playPathMember() is read back by readPlayPath(), this server first", () => {
  assertEquals(readPlayPath(playPathMember("me", [])), ["me"]);
  assertEquals(readPlayPath(playPathMember("me", ["b", "c"])), ["me", "b", "c"]);
  const many = Array.from({ length: 100 }, (_, i) => `server${i}`);
  assertEquals(readPlayPath(playPathMember("me", many)), ["me", ...many.slice(0, 15)]);
});

Deno.test("readPlayPath() takes nothing from clients that say nothing, or nonsense", () => {
  const cases: [value: AmfValue, expected: number][] = [[7, 0], [null, 0], ["", 0], [" ", 0], [{ a: 1 }, 0], [
    "x ".repeat(100_000),
    16,
  ]];
  assertEquals(readPlayPath({}), []);
  for (const [value, expected] of cases) {
    const args: AmfObject = { "srs_server": "SRS" };
    args.srs_ts_via = value;
    assertEquals(readPlayPath(args).length, expected);
  }
});
