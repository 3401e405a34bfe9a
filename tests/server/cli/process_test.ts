import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "../../kit/assert.ts";
import { freePort, isListening, Program, programCommand, run, until } from "../../kit/launcher.ts";
import { CliServer, inDirectory } from "../../kit/server/cli_server.ts";

const unixOnly = { ignore: Deno.build.os === "windows" };
const linuxOnly = { ignore: Deno.build.os !== "linux" };

async function writeServer(directory: string, more = ""): Promise<number> {
  const port = freePort();
  const text = `listen 127.0.0.1:${port}; pid x.pid; max_connections 100; daemon off; srs_log_tank console;\n` +
    `${more}\nvhost __defaultVhost__ { }\n`;
  await Deno.writeTextFile(`${directory}/x.conf`, text);
  return port;
}

/** A program that starts the server, says its process id, and sleeps. */
function parentOf(command: readonly string[], cwd: string): Program {
  const script = `const child = new Deno.Command(${JSON.stringify(command[0])}, {
    args: ${JSON.stringify(command.slice(1))}, stdin: "null", stdout: "inherit", stderr: "inherit",
  }).spawn();
  console.log("child", child.pid);
  await child.status;`;
  return new Program([Deno.execPath(), "eval", script], { cwd });
}

for (
  const [what, args, more] of [
    ["asprocess on", [], "asprocess on;"],
    ["--asprocess", ["--asprocess"], ""],
  ] as const
) {
  Deno.test(
    `${what}: the server ends when its parent does, even by SIGKILL`,
    unixOnly,
    () =>
      inDirectory(async (directory) => {
        const port = await writeServer(directory, more);
        await using parent = parentOf(programCommand("origin", ...args, "-c", "x.conf"), directory);
        await until(() => isListening(port), 20_000, () => parent.output);
        parent.kill("SIGKILL");
        await until(async () => !await isListening(port), 5000, () => `the end of the server; ${parent.output}`);
        // Its output ends when both have ended.
        await parent.status(5000);
        assertMatch(parent.output, /the parent process \d+ has exited: stop/);
        assertEquals(await Deno.stat(`${directory}/x.pid`).then(() => true, () => false), false);
      }),
  );
}

Deno.test("the server_id is kept beside the pid file, over restarts", unixOnly, () =>
  inDirectory(async (directory) => {
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      const api = freePort();
      await using server = await CliServer.start(directory, {
        more: `srs_log_tank console; http_api { enabled on; listen 127.0.0.1:${api}; }`,
      });
      await until(() => isListening(api), 5000, () => server.program.output);
      const answer = await (await fetch(`http://127.0.0.1:${api}/api/v1/versions`)).json();
      ids.push(answer.server);
      server.program.kill("SIGTERM");
      assertEquals((await server.program.status(5000)).code, 0);
    }
    assertMatch(ids[0] ?? "", /^vid-\w{7}$/);
    assertEquals(ids[1], ids[0]);
    assertEquals(await Deno.readTextFile(`${directory}/objs/x.id`), ids[0]);
  }));

Deno.test(
  "too few open files for max_connections is an error, with SRS's status",
  linuxOnly,
  () =>
    inDirectory(async (directory) => {
      await writeServer(directory);
      const [file, ...args] = programCommand("origin", "-t", "-c", "x.conf");
      const shell = (limit: number) =>
        run(["sh", "-c", `ulimit -n ${limit} && cd "$0" && exec "$@"`, directory, file, ...args], 20_000);
      const tooFew = await shell(228);
      assertEquals(tooFew.code, 255, tooFew.output);
      assertMatch(
        tooFew.output,
        /max_connections 100 needs 229 open files, but ulimit -n allows 228; run "ulimit -n 229", or lower it/,
      );
      assertEquals((await shell(400)).code, 0);
    }),
);

Deno.test(
  "-e runs from the environment alone, as a container made for SRS does",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      const [port, api] = [freePort(), freePort()];
      const env = {
        SRS_LISTEN: `127.0.0.1:${port}`,
        SRS_HTTP_API_ENABLED: "on",
        SRS_HTTP_API_LISTEN: `127.0.0.1:${api}`,
        SRS_MAX_CONNECTIONS: "50",
        SRS_PID: "y.pid",
        SRS_LITSEN: "1935",
      };
      const cases: [string[], Record<string, string>][] = [[["-e"], {}], [["origin"], { SRS_ENV_ONLY: "on" }]];
      for (const [args, more] of cases) {
        await using program = new Program(programCommand(...args), { cwd: directory, env: { ...env, ...more } });
        await until(() => isListening(api), 20_000, () => program.output);
        assertEquals(await isListening(port), true);
        assertMatch(program.output, /\[WARN\].*unknown environment variable "SRS_LITSEN"; did you mean "SRS_LISTEN"\?/);
        assertEquals(await Deno.readTextFile(`${directory}/y.pid`), String(program.pid));
      }
    }),
);

Deno.test(
  "SRS_CONFIG_FILE goes before -c, and variables over the file",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      const port = await writeServer(directory);
      const other = freePort();
      await using program = new Program(programCommand("-c", "no.conf"), {
        cwd: directory,
        env: { SRS_CONFIG_FILE: "x.conf", SRS_LISTEN: `127.0.0.1:${other}` },
      });
      await until(() => isListening(other), 20_000, () => program.output);
      assertEquals(await isListening(port), false);
    }),
);

Deno.test(
  "SIGHUP and rpc=reload take a changed file, also one that includes others and behind work_dir",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/work`);
      const [api, second] = [freePort(), freePort()];
      const more = `work_dir work; include more.conf; http_api { enabled on; listen 127.0.0.1:${api};
      raw_api { enabled on; allow_reload on; } }`;
      await Deno.writeTextFile(`${directory}/more.conf`, "chunk_size 4096;");
      const port = await writeServer(directory, more);
      await using program = new Program(programCommand("origin", "-c", "x.conf"), { cwd: directory });
      await until(() => isListening(api), 20_000, () => program.output);
      const raw = async (rpc: string) => await (await fetch(`http://127.0.0.1:${api}/api/v1/raw?rpc=${rpc}`)).json();
      assertEquals((await raw("reload-fetch")).data, { err: 0, msg: "", state: 0, rid: "" });

      await Deno.writeTextFile(`${directory}/more.conf`, `chunk_size 4096; grace_start_wait 1; pid z.pid;`);
      program.kill("SIGHUP");
      await program.prints(": done", 5000);
      assertStringIncludes(program.output, "reload: applied: grace_start_wait");
      const { data: first } = await raw("reload-fetch");
      assertEquals([first.err, first.msg, first.state], [0, "Success", 90]);

      const path = `${directory}/x.conf`;
      const text = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, text.replace(`127.0.0.1:${port}`, `127.0.0.1:${port} 127.0.0.1:${second}`));
      assertEquals(await raw("reload"), { code: 0 });
      await until(() => isListening(second), 5000, () => program.output);
      await until(async () => (await raw("reload-fetch")).data.rid !== first.rid, 5000, () => program.output);

      await Deno.writeTextFile(path, `${text}\nnonsense;\n`);
      assertEquals(await raw("reload"), { code: 0 });
      await program.prints('x.conf:6:1: unknown directive "nonsense"', 5000);
      const { data: failed } = await raw("reload-fetch");
      assertEquals([failed.err, failed.state], [1023, 90]);
      assertNotEquals(failed.rid, first.rid);
      await Deno.remove(path);
      program.kill("SIGHUP");
      await program.prints("no such file or directory", 5000);
      assertEquals([await isListening(port), await isListening(second)], [true, true]);
    }),
);

for (
  const [what, more] of [
    ["inotify_auto_reload on", "inotify_auto_reload on;"],
    ["in_docker on", "in_docker on;"],
  ] as const
) {
  Deno.test(
    `${what}: a file that is written or replaced is taken over`,
    unixOnly,
    () =>
      inDirectory(async (directory) => {
        const port = await writeServer(directory, more);
        await using program = new Program(programCommand("origin", "-c", "x.conf"), { cwd: directory });
        await until(() => isListening(port), 20_000, () => program.output);
        const path = `${directory}/x.conf`;
        const text = await Deno.readTextFile(path);
        await Deno.writeTextFile(`${directory}/other.conf`, "nonsense");
        await Deno.writeTextFile(path, `${text} grace_start_wait 1;`);
        await program.prints("by a change of its file", 5000);
        await program.prints("reload: applied: grace_start_wait", 5000);
        await Deno.writeTextFile(`${directory}/next.conf`, `${text} grace_final_wait 1;`);
        await Deno.rename(`${directory}/next.conf`, path);
        await program.prints("reload: applied: grace_final_wait", 8000);
        assertEquals(program.output.split("by a change of its file").length, 3, program.output);
      }),
  );
}
