import { assertEquals } from "../../../kit/assert.ts";
import { parseByteRange } from "../../../../src/http/files/byte_range.ts";

const cases: [header: string | null, expected: [number, number] | "all" | "outside"][] = [
  [null, "all"],
  ["", "all"],
  ["bytes=0-0", [0, 1]],
  ["bytes=0-9", [0, 10]],
  ["bytes=2-", [2, 10]],
  ["bytes=9-", [9, 10]],
  ["bytes=3-99999", [3, 10]],
  ["bytes=-3", [7, 10]],
  ["bytes=-10", [0, 10]],
  ["bytes=-999", [0, 10]],
  ["bytes= 1-2 ", [1, 3]],
  ["bytes=10-", "outside"],
  ["bytes=10-12", "outside"],
  ["bytes=-0", "outside"],
  ["bytes=5-4", "all"],
  ["bytes=-", "all"],
  ["bytes=a-b", "all"],
  ["bytes=0-1,3-4", "all"],
  ["items=0-1", "all"],
  ["bytes=99999999999999999999-", "all"],
  ["bytes=-99999999999999999999", "all"],
];

for (const [header, expected] of cases) {
  Deno.test(`parseByteRange: ${header} of 10 bytes`, () => {
    const range = parseByteRange(header, 10);
    assertEquals(typeof range === "string" ? range : [range.start, range.end], expected);
  });
}

Deno.test("parseByteRange: an empty file has no part", () => {
  assertEquals([parseByteRange("bytes=0-", 0), parseByteRange("bytes=-5", 0)], ["outside", "outside"]);
  assertEquals(parseByteRange(null, 0), "all");
});
