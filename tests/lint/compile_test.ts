import { explainFailure, reduceLock, UNUSED_FILE, usedImports } from "../../conf/compile.ts";
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";

const top = new URL("../../", import.meta.url);
const read = async (name: string) => JSON.parse(await Deno.readTextFile(new URL(name, top)));

Deno.test("the executable has the packages that src imports, and not those of the tests", async () => {
  const imports = await usedImports((await read("deno.json")).imports);
  assertEquals(Object.keys(imports).filter((name) => /playwright|assert|yaml/.test(name)), []);
  const { specifiers, npm } = reduceLock(await read("deno.lock"), Object.values(imports));
  const names = (ids: object) => Object.keys(ids).map((id) => id.replace(/^npm:/, "").replace(/(.)@.*/, "$1")).sort();
  assertEquals(names(specifiers), [
    "@logtape/logtape",
    "@opentelemetry/api",
    "@redis/client",
    "deno-std",
    "prom-client",
  ]);
  // With what those need themselves.
  assertEquals(names(npm), [
    "@logtape/logtape",
    "@opentelemetry/api",
    "@redis/client",
    "bintrees",
    "deno-std",
    "prom-client",
    "tdigest",
  ]);
});

Deno.test("the executable has no files of packages that are for others than a server", () => {
  const unused = ["a/index.d.ts", "a/b.d.cts", "a/b.js.map", "a/README.md", "a/test/x.js", "a/dist/tests/y.js"];
  const used = ["a/index.js", "a/package.json", "a/latest.js", "a/lib/testing.js", "a/LICENSE", "a/contest/x.js"];
  assertEquals([...unused, ...used].filter((path) => UNUSED_FILE.test(`/${path}`)), unused);
});

Deno.test("compile says what is missing where denort cannot be downloaded", () => {
  const said = "error: Writing deno compile executable\n\nCaused by:\n    1: error sending request for url " +
    "(https://dl.deno.land/release/v2.9.6/denort-x86_64-unknown-linux-gnu.zip): client error (Connect): dns error";
  assertStringIncludes(explainFailure(said), "DENORT_BIN=/path/to/denort deno task compile");
  assertStringIncludes(
    explainFailure(said),
    "    https://dl.deno.land/release/v2.9.6/denort-x86_64-unknown-linux-gnu.zip\n",
  );
  assertEquals(explainFailure("error: no such file"), "error: no such file");
});
