import { requestOf } from "../../kit/peers/http_request.ts";
import { assertEquals } from "../../kit/assert.ts";
import { readCall } from "../../../src/http/call.ts";
import { Query } from "../../../src/http/query.ts";

const values: [name: string, query: string, expected: string][] = [
  ["a plain value", "app=live&stream=s1", "s1"],
  ["an unencoded value as SRS sends it", 'stream=a:b/c?d=e|f"<>{}ü', 'a:b/c?d=e|f"<>{}ü'],
  ["an encoded value", "stream=a%26b%3D%C3%BC%25", "a&b=ü%"],
  ["the last of two", "stream=a&stream=b", "b"],
  ["an escape cut short", "stream=100%&x=1", "100%"],
  ["an escape that is not UTF-8", "stream=a%ffb%26", "a%ffb&"],
  ["a plus sign", "stream=a+b", "a+b"],
  ["nothing", "stream=", ""],
  ["a name without a value", "stream", ""],
  ["another parameter only", "streams=1", ""],
];

for (const [name, query, expected] of values) {
  Deno.test(`Query.get reads ${name}`, () => assertEquals(new Query(query).get("stream"), expected));
}

Deno.test("Query has no parameters that were not sent, and may have those of every object's names", () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    assertEquals([new Query("a=b").get(name), new Query("a=b").isOn(name)], ["", false], name);
    assertEquals(new Query(`${name}=1`).get(name), "1");
  }
});

Deno.test("Query.raw leaves escapes as they are", () => assertEquals(new Query("a=x%20y").raw("a"), "x%20y"));

Deno.test("Query.count reads numbers as atoi does, without a sign", () => {
  const counts = ["12", "12abc", "-3", "x", "", "99999999999999"].map((text) => new Query(`n=${text}`).count("n"));
  assertEquals(counts, [12, 12, 0, 0, 0, 999_999_999]);
});

const targets: [target: string, path: string, search: string][] = [
  ["/api/v1/x?a=b?c&d", "/api/v1/x", "a=b?c&d"],
  ["/", "/", ""],
  ["/?a=b", "/", "a=b"],
  ["/a/../b//c", "/a/../b//c", ""],
  ["/%61pi/", "/%61pi/", ""],
  ["/x#y?z", "/x", ""],
  ["*", "*", ""],
];

for (const [target, path, search] of targets) {
  Deno.test(`readCall finds path and query of ${target}`, () => {
    const call = readCall(requestOf(target), "10.0.0.1");
    assertEquals([call.path, call.search, call.target], [path, search, target]);
  });
}

const hosts: [host: string, hostname: string][] = [
  ["a.com", "a.com"],
  ["a.com:8080", "a.com"],
  ["127.0.0.1:80", "127.0.0.1"],
  ["[::1]:8080", "::1"],
  ["[::1]", "::1"],
  ["", ""],
];

for (const [host, hostname] of hosts) {
  Deno.test(`readCall finds the name in the host "${host}"`, () => {
    assertEquals(readCall(requestOf("/", { host }), "10.0.0.1").hostname, hostname);
  });
}
