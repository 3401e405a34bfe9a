import { assertEquals } from "../../kit/assert.ts";
import { editDistance, nearestName } from "../../../src/base/nearest_name.ts";
import { suggestDirective } from "../../../src/config/srs/suggest_directive.ts";

const distances: [a: string, b: string, distance: number][] = [
  ["", "", 0],
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["coworker", "coworkers", 1],
  ["lisen", "listen", 1],
  ["kitten", "sitting", 3],
  ["vhots", "vhost", 1],
  ["ab", "ba", 1],
  ["abcd", "badc", 2],
];

for (const [a, b, distance] of distances) {
  Deno.test(`editDistance between "${a}" and "${b}" is ${distance}`, () => {
    assertEquals([editDistance(a, b), editDistance(b, a)], [distance, distance]);
  });
}

Deno.test("nearestName finds near names only, the nearest of them", () => {
  const names = ["listen", "origin", "origin_cluster", "mode"];
  const found = ["lissten", "orign", "origincluster", "mod", "x", "chunk", ""].map((name) => nearestName(name, names));
  assertEquals(found, ["listen", "origin", "origin_cluster", "mode", null, null, null]);
});

const suggestions: [name: string, path: string, text: string | null][] = [
  ["coworker", "vhost.cluster", 'did you mean "coworkers"?'],
  ["coworkers", "vhost", "it belongs to vhost.cluster"],
  ["max_connections", "vhost", "it belongs to the top level"],
  ["gop_cache", "", "it belongs to vhost.play"],
  ["on_forward", "vhost.http_hooks", 'it is called "backend" in vhost.forward'],
  ["play", "vhost.play", "it belongs to vhost, vhost.refer, vhost.signed_url"],
  ["gop_cach", "vhost", 'did you mean "gop_cache" of vhost.play?'],
  ["max_conections", "vhost", 'did you mean "max_connections" of the top level?'],
  ["nonsense_directive", "vhost", null],
];

for (const [name, path, text] of suggestions) {
  Deno.test(`suggestDirective for ${name} in ${path || "the top level"}`, () => {
    const names = path === "vhost.cluster" ? ["mode", "coworkers"] : [];
    assertEquals(suggestDirective(name, path, names), text);
  });
}
