import { MessageFields } from "../../../src/http1/message_fields.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

const given: [string, string][] = [
  ["Host", "h"],
  ["ACCEPT", "a"],
  ["x-a", ""],
  ["accept", "b"],
  ["__proto__", "x"],
  ["constructor", "y"],
  ["via", "\xe9"],
];

Deno.test("fields are those that Headers would have", () => {
  const [fields, headers] = [new MessageFields(given), new Headers(given)];
  assertEquals([...fields].toSorted(), [...headers].toSorted());
  for (const name of ["host", "HOST", "Accept", "x-a", "__proto__", "constructor", "toString", "none", "via"]) {
    assertEquals([fields.get(name), fields.has(name)], [headers.get(name), headers.has(name)], name);
  }
  fields.set("Accept", "c");
  assertEquals(fields.get("accept"), "c");
});

Deno.test("no value can begin another line", () => {
  const fields = new MessageFields();
  for (const value of ["a\r\nb: c", "a\nb", "\0", "\x7f", "€"]) {
    assertThrows(() => fields.set("x", value), TypeError);
    assertThrows(() => fields.append("x", value), TypeError);
  }
  assertThrows(() => new MessageFields([["x", "a\r\nb: c"]]), TypeError);
  assertEquals([...fields], []);
});
