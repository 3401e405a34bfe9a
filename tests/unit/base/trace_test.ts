import { readTraceparent } from "../../../src/base/trace.ts";
import { assertEquals } from "../../kit/assert.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const good = `00-${TRACE}-${SPAN}-01`;

Deno.test("readTraceparent() takes what W3C Trace Context says", () => {
  for (const text of [good, `00-${TRACE}-${SPAN}-00`]) assertEquals(readTraceparent(text), text);
});

const bad: unknown[] = [
  undefined,
  null,
  7,
  {},
  [good],
  "",
  good.toUpperCase(),
  ` ${good}`,
  `${good}\n`,
  `${good}-more`,
  `01-${TRACE}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}\r\nx: y-${SPAN}-01`,
];

for (const value of bad) {
  Deno.test(`readTraceparent() takes no ${JSON.stringify(value)}`, () => assertEquals(readTraceparent(value), null));
}
