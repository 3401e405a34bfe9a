import { RequestDenied } from "../../../../src/base/errors.ts";
import { checkRefer } from "../../../../src/server/access/refer.ts";
import { assertEquals, assertThrows } from "../../../kit/assert.ts";

const cases: [suffixes: string[], pageUrl: string, passes: boolean][] = [
  [[], "", true],
  [[], "http://a.com/", true],
  [["a.com"], "", false],
  [["a.com"], "http://a.com/page?x=http://b.com", true],
  [["a.com"], "https://www.a.com:8080/page", true],
  [["a.com"], "www.a.com", true],
  [["a.com"], "http://b.com/a.com", false],
  [["a.com"], "http://b.com?a.com", true], // SRS cuts only at `/` and `:`
  [["a.com"], "http://a.com.b.com/", false],
  // Only the first place where the suffix occurs counts.
  [["a.com"], "http://a.com.a.com/", false],
  [["a.com"], "http://A.COM/", false],
  [["b.com", "a.com"], "http://x.a.com/", true],
  [["a.com"], "ftp://x://a.com/", false],
];

for (const [suffixes, pageUrl, passes] of cases) {
  Deno.test(`checkRefer() ${passes ? "passes" : "refuses"} "${pageUrl}" for ${suffixes.join(" ") || "no list"}`, () => {
    if (passes) return checkRefer(suffixes, pageUrl);
    const error = assertThrows(() => checkRefer(suffixes, pageUrl), RequestDenied);
    assertEquals(error.code, 2015);
  });
}
