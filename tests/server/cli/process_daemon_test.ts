import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { freePort, isListening, Program, programCommand, until } from "../../kit/launcher.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

const linuxOnly = { ignore: Deno.build.os !== "linux" };

/** No service manager around, whatever runs these tests. */
const env = { INVOCATION_ID: "" };

async function writeConfig(directory: string, port: number, more: string): Promise<void> {
  const text = `listen 127.0.0.1:${port};\npid objs/x.pid;\nmax_connections 100;\ndisable_daemon_for_docker off;\n` +
    `${more}\nvhost __defaultVhost__ { }\n`;
  await Deno.writeTextFile(`${directory}/x.conf`, text);
}

function start(directory: string, ...args: string[]): Program {
  return new Program(programCommand(...args, "-c", "x.conf"), { cwd: directory, env });
}

/** Ends the server whose pid file is in the directory, and waits until it is gone. */
async function endServer(directory: string): Promise<void> {
  const path = `${directory}/objs/x.pid`;
  const pid = Number(await Deno.readTextFile(path).catch(() => "0"));
  if (pid === 0) return;
  Deno.kill(pid, "SIGTERM");
  await until(() => Deno.stat(path).then(() => false, () => true), 5000, () => `the end of ${pid}`);
}

for (
  const [what, args, daemon] of [
    ["daemon on", ["origin"], "daemon on;"],
    ["no word of daemon, in place of SRS", [], ""],
  ] as const
) {
  Deno.test(
    `${what}: the command ends with 0 once the server listens, which lives on in a session of its own`,
    linuxOnly,
    () =>
      inDirectory(async (directory) => {
        const port = freePort();
        await writeConfig(directory, port, daemon);
        try {
          await using program = start(directory, ...args);
          assertEquals((await program.status(20_000)).code, 0, program.output);
          assert(await isListening(port), "it listens by then");
          const pid = Number(await Deno.readTextFile(`${directory}/objs/x.pid`));
          assertStringIncludes(program.output, `srs-ts: origin runs in the background, pid ${pid}\n`);
          const [, , , session] = (await Deno.readTextFile(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");
          assertEquals(Number(session), pid);
          Deno.kill(pid, "SIGHUP");
          const log = () => Deno.readTextFileSync(`${directory}/objs/srs.log`);
          await until(() => log().includes("reload: nothing has changed"), 5000, log);
          assertMatch(log(), /RTMP listens on/);
        } finally {
          await endServer(directory);
        }
      }),
  );
}

Deno.test(
  "daemon on: a server that cannot start says why, with its own status",
  linuxOnly,
  () =>
    inDirectory(async (directory) => {
      using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await writeConfig(directory, other.addr.port, "daemon on;");
      await using program = start(directory, "origin");
      assertEquals((await program.status(20_000)).code, 235);
      assertStringIncludes(program.output, `cannot listen on 127.0.0.1:${other.addr.port}`);
      await Deno.writeTextFile(`${directory}/x.conf`, "daemon on;\nlisten x;\n");
      await using wrong = start(directory, "origin");
      assertEquals((await wrong.status(20_000)).code, 255);
      assertStringIncludes(wrong.output, 'x.conf:2:8: "listen"');
    }),
);

Deno.test("daemon on: the server stays in the foreground where somebody watches it", linuxOnly, async (t) => {
  const cases: [string, string, Record<string, string>, RegExp][] = [
    ["under systemd", "daemon on;", { INVOCATION_ID: "a5b1" }, /stays in the foreground, because systemd/],
    ["in a container", "daemon on; in_docker on;", {}, /stays in the foreground, because it runs in a container/],
    ["by the environment", "daemon on;", { SRS_DAEMON: "off" }, /RTMP listens on/],
    ["where nothing is said of it", "", {}, /RTMP listens on/],
  ];
  for (const [what, more, variables, expected] of cases) {
    await t.step(what, () =>
      inDirectory(async (directory) => {
        const port = freePort();
        await writeConfig(directory, port, `srs_log_tank console; ${more}`);
        if (what === "in a container") {
          const path = `${directory}/x.conf`;
          await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("disable_daemon_for_docker off;", ""));
        }
        await using program = new Program(programCommand("origin", "-c", "x.conf"), {
          cwd: directory,
          env: { ...env, ...variables },
        });
        await until(() => isListening(port), 20_000, () => program.output);
        // What it prints comes by a pipe of its own.
        await until(() => expected.test(program.output), 5000, () => program.output);
        assertEquals(await Deno.readTextFile(`${directory}/objs/x.pid`), String(program.pid));
      }));
  }
});
