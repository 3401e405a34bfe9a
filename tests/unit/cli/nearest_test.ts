import { nearest } from "../../../src/cli/nearest.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("nearest() takes a beginning first, then a misspelling, else nothing", async (t) => {
  const names = ["--loop", "--no-loop", "--no-reconnect", "--input"];
  const cases: [string, string | null][] = [
    ["--inp", "--input"],
    ["--no-re", "--no-reconnect"],
    ["--no-", null],
    ["--loup", "--loop"],
    ["--no-lop", "--no-loop"],
    ["--i", null],
    ["--", null],
    ["--frobnicate", null],
  ];
  for (const [typed, expected] of cases) await t.step(typed, () => assertEquals(nearest(typed, names), expected));
});
