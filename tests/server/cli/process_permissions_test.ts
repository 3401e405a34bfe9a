import { commandTable } from "../../../src/cli/command_table.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { freePort, isListening, Program, until } from "../../kit/launcher.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

const main = new URL("../../../main.ts", import.meta.url).pathname;
// A compiled program has all permissions.
const ignore = Deno.build.os === "windows" || Deno.env.get("SRS_TS_BIN") !== undefined;

/** A command with exactly the permissions that its help names, and nobody to ask for more. */
function startBare(name: string, args: readonly string[], cwd: string): Program {
  const flags = commandTable[name]?.permissions.split(" ").filter((flag) => flag !== "") ?? [];
  const command = [Deno.execPath(), "run", "--no-prompt", "--no-check", ...flags, main, name, ...args];
  return new Program(command, { cwd });
}

const cases: Record<string, { args: string[]; status: number; output: RegExp }> = {
  push: { args: ["--no-reconnect", "rtmp://127.0.0.1:1/live/x"], status: 3, output: /connection refused/ },
  probe: { args: ["--seconds", "1", "rtmp://127.0.0.1:1/live/x"], status: 3, output: /connection refused/ },
  drain: { args: ["--api", "127.0.0.1:1"], status: 3, output: /127\.0\.0\.1:1 does not answer/ },
  status: { args: ["--api", "127.0.0.1:1"], status: 3, output: /srs-ts status: 127\.0\.0\.1:1: / },
  convert: { args: ["x.conf", "-o", "x.toml"], status: 0, output: /^$/ },
  directives: { args: ["mw_latency"], status: 0, output: /default 350/ },
  completions: { args: ["fish"], status: 0, output: /complete -c srs-ts/ },
};

Deno.test({
  name: "each command does with the permissions that its help names",
  ignore,
  fn: () =>
    inDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/x.conf`, "listen 1935;\nvhost __defaultVhost__ { }\n");
      await Promise.all(
        Object.entries(cases).map(async ([name, { args, status, output }]) => {
          await using program = startBare(name, args, directory);
          assertEquals((await program.status(20_000)).code, status, `${name}: ${program.output}`);
          assertMatch(program.output, output);
          assertEquals(program.output.includes("NotCapable"), false, program.output);
        }),
      );
      assertMatch(await Deno.readTextFile(`${directory}/x.toml`), /listen = \[1935\]/);
    }),
});

for (const name of ["origin", "edge"]) {
  Deno.test({
    name: `${name} lives, reloads and ends with the permissions that its help names`,
    ignore,
    fn: () =>
      inDirectory(async (directory) => {
        const [rtmp, api] = [freePort(), freePort()];
        const cluster = name === "edge"
          ? "mode remote; origin 127.0.0.1:1;"
          : "origin_cluster on; coworkers 127.0.0.1:1;";
        await Deno.writeTextFile(
          `${directory}/x.conf`,
          `listen 127.0.0.1:${rtmp}; daemon off; srs_log_tank file; srs_log_file srs.log; pid x.pid;\n` +
            `http_api { enabled on; listen 127.0.0.1:${api}; }\nvhost __defaultVhost__ { cluster { ${cluster} } }\n`,
        );
        await using server = startBare(name, ["-c", "x.conf"], directory);
        await until(() => isListening(api), 20_000, () => server.output);
        const paths = [
          "summaries",
          "rusages",
          "self_proc_stats",
          "system_proc_stats",
          "meminfos",
          "features",
          "clusters",
        ];
        for (const path of paths) {
          assertEquals((await (await fetch(`http://127.0.0.1:${api}/api/v1/${path}`)).json()).code, 0, path);
        }
        server.kill("SIGHUP");
        server.kill("SIGUSR1");
        const log = () => Deno.readTextFileSync(`${directory}/srs.log`);
        await until(() => log().includes(": done") && log().includes("reopened"), 5000, log);
        await using player = startBare("probe", ["--timeout", "300", `rtmp://127.0.0.1:${rtmp}/live/x`], directory);
        assertEquals((await player.status(20_000)).code, 1, player.output);
        server.kill("SIGTERM");
        assertEquals((await server.status(5000)).code, 0, server.output);
        assertEquals(/NotCapable|ERROR/.test(server.output + log()), false, server.output + log());
        assert(log().includes("stopped"));
      }),
  });
}

Deno.test("every command but the demo, which starts programs, does without --allow-all", () => {
  const greedy = Object.entries(commandTable).filter(([, { permissions }]) => permissions.includes("--allow-all"));
  assertEquals(greedy.map(([name]) => name), ["demo"]);
  const tested = [...Object.keys(cases), "origin", "edge", "load", "demo"];
  assertEquals(Object.keys(commandTable).toSorted(), tested.toSorted());
});
