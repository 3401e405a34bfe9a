import config from "../../../deno.json" with { type: "json" };
import { VERSION } from "../../../src/base/version.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("the program and deno.json name the same version", () => {
  assertEquals(VERSION, config.version);
});
