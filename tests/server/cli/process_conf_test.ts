import { assert, assertEquals, assertGreater, assertMatch } from "../../kit/assert.ts";
import { run } from "../../kit/launcher.ts";
import { loadConfig } from "../../../src/config/mod.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

const top = new URL("../../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, top));
const unit = read("conf/srs-ts.service");

async function hasSystemd(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

/** Values of a key of the unit. */
function settings(key: string): string[] {
  return Array.from(unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm")), ([, value = ""]) => value);
}

Deno.test({
  name: "systemd-analyze verify finds nothing wrong with conf/srs-ts.service, and something with a wrong one",
  ignore: !await hasSystemd(),
  fn: () =>
    inDirectory(async (directory) => {
      const verify = async (text: string) => {
        const path = `${directory}/srs-ts.service`;
        // The program need not be installed here.
        await Deno.writeTextFile(path, text.replaceAll("/usr/local/bin/srs-ts", "/bin/true"));
        return await run(["systemd-analyze", "verify", path], 20_000);
      };
      assertEquals(await verify(unit), { code: 0, output: "" });
      assertMatch((await verify(unit.replace("KillSignal=", "KilSignal="))).output, /KilSignal/);
    }),
});

Deno.test("conf/srs-ts.service reloads and stops with the signals of the server, and starts what it checks", () => {
  const [start = ""] = settings("ExecStart");
  assertMatch(start, /^\/usr\/local\/bin\/srs-ts origin -c \/etc\/srs-ts\/srs\.conf$/);
  assertEquals(settings("ExecStartPre"), [start.replace(" -c", " -t -c")]);
  assertEquals([settings("ExecReload"), settings("KillSignal")], [["/bin/kill -HUP $MAINPID"], ["SIGTERM"]]);
  // SRS's default of max_connections, and what SRS keeps for itself, must fit.
  assert(Number(settings("LimitNOFILE")[0]) > 1000 + 128);
  assertEquals(settings("RestartPreventExitStatus"), ["2 11 255"]);
});

/** The instructions of the Dockerfile, in order, continued lines joined. */
function dockerInstructions(): [name: string, rest: string][] {
  const lines = read("conf/Dockerfile").replaceAll(/\\\n/g, " ").split("\n");
  return lines.filter((line) => line.trim() !== "" && !line.startsWith("#")).map((line) => {
    const [, name = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return [name, rest];
  });
}

Deno.test("conf/Dockerfile copies what is there, builds with the project's own task, and runs a file that is right", () => {
  const instructions = dockerInstructions();
  const known = ["FROM", "ARG", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"];
  assertEquals(instructions.filter(([name]) => !known.includes(name)), []);
  const of = (name: string) => instructions.filter(([each]) => each === name).map(([, rest]) => rest);
  assertEquals(of("FROM").length, 2);
  assertMatch(of("FROM")[0] ?? "", /^--platform=\$BUILDPLATFORM denoland\/deno:\d+\.\d+\.\d+ AS build$/);
  const copied = of("COPY").filter((rest) => !rest.startsWith("--from")).flatMap((rest) =>
    rest.split(" ").slice(0, -1)
  );
  assertEquals(copied, ["deno.json", "deno.lock", "main.ts", "src", "conf"]);
  for (const path of copied) assert(Deno.statSync(new URL(path, top)), path);
  assertMatch(of("RUN")[0] ?? "", /deno task compile --target "\$target-unknown-linux-gnu"$/);
  const task = JSON.parse(read("deno.json")).tasks.compile as string;
  // What compiles, and what is compiled in, must have been copied before.
  const [, script = ""] = /^deno run -A (\S+)$/.exec(task) ?? [];
  const included = Array.from(read(script).matchAll(/^ {2}"(\w+\/[\w/.]+)",$/gm), ([, path = ""]) => path);
  assertGreater(included.length, 2);
  assertEquals([script, ...included].filter((path) => !copied.includes(path.split("/")[0] ?? "")), []);
  assertEquals(JSON.parse(of("ENTRYPOINT")[0] ?? "[]"), ["/usr/local/bin/srs-ts"]);
  const [flag, path] = JSON.parse(of("CMD")[0] ?? "[]") as string[];
  assertEquals(flag, "-c");
  const { config, problems } = loadConfig({ path: path!, text: read(path!) });
  assertEquals([problems, config.daemon, config.srsLogTank], [[], false, "console"]);
  const exposed = of("EXPOSE")[0]?.split(" ").map(Number);
  assertEquals(exposed?.slice(0, 2), [config.listen[0]?.port, config.httpApi.listen.port]);
});
