import { loadConfig } from "../../../src/config/mod.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { envNames } from "./env_names.ts";

function unknownNames(names: readonly string[]): string[] {
  return names.filter((name) => {
    const { problems } = loadConfig({ path: "x.conf", text: "listen 1;\nvhost a { }", env: { [name]: "1" } });
    return problems.some(({ message }) => message.startsWith("unknown environment variable"));
  });
}

Deno.test("loadConfig knows every environment variable of SRS", () => {
  assertEquals(unknownNames(envNames), []);
  assertEquals(unknownNames(["SRS_NOTHING", "SRS_LOG_TANKS"]).length, 2);
});

/** `SRS_SOURCES`: the folder `trunk/src` of a version of SRS. */
const sources = Deno.env.get("SRS_SOURCES") ?? "";

Deno.test({
  name: `loadConfig knows every environment variable in the sources of SRS${sources === "" ? " (SRS_SOURCES)" : ""}`,
  ignore: sources === "",
  async fn() {
    const found = new Set<string>();
    for await (const file of sourceFiles(sources)) {
      const text = await Deno.readTextFile(file);
      for (const [, name = ""] of text.matchAll(/(?:SRS_OVERWRITE_BY_ENV_\w+|getenv)\("([^"]+)"/g)) {
        const variable = name.toUpperCase().replaceAll(".", "_");
        if (variable.startsWith("SRS_")) found.add(variable);
      }
    }
    assert(found.size > 100, `only ${found.size} names in ${sources}`);
    assertEquals(unknownNames([...found]), []);
    assertEquals([...found].filter((name) => !envNames.includes(name)), [], "those of env_names.ts are all");
  },
});

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sourceFiles(`${folder}/${name}`);
    else if (/\.[ch]pp$/.test(name)) yield `${folder}/${name}`;
  }
}

Deno.test("SRS_LOG_TANK is srs_log_tank, unless SRS_SRS_LOG_TANK is set", () => {
  const tankOf = (env: Record<string, string>) =>
    loadConfig({ path: "x.conf", text: "listen 1;", env }).config.srsLogTank;
  assertEquals(tankOf({ SRS_LOG_TANK: "console" }), "console");
  assertEquals(tankOf({ SRS_LOG_TANK: "console", SRS_SRS_LOG_TANK: "file" }), "file");
});
