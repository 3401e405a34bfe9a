import { assertEquals, assertGreater, assertMatch } from "../../kit/assert.ts";
import { freePort, isListening, programCommand, run, until } from "../../kit/launcher.ts";
import { CliServer, inDirectory } from "../../kit/server/cli_server.ts";
import { runCli } from "../../../src/cli/mod.ts";
import { RecordedIo } from "../../kit/memory/recorded_io.ts";

async function drain(...args: string[]) {
  const io = new RecordedIo();
  return { status: await runCli(["drain", ...args], io), said: io.stderr };
}

/** An origin with its API, and a stop that takes a while. */
async function withServer(
  test: (server: CliServer, api: string) => Promise<void>,
  { api = "", waitMs = 800 } = {},
): Promise<void> {
  const port = freePort();
  const more = `srs_log_tank console; grace_start_wait ${waitMs}; grace_final_wait 100;
    http_api { enabled on; listen 127.0.0.1:${port}; ${api} }`;
  await inDirectory(async (directory) => {
    await using server = await CliServer.start(directory, { more });
    await until(() => isListening(port), 10_000, () => server.program.output);
    await test(server, `127.0.0.1:${port}`);
  });
}

Deno.test("drain ends a server gracefully, and returns when it has ended", () =>
  withServer(async (server, api) => {
    const startedMs = performance.now();
    const { status, said } = await drain("--api", api);
    assertEquals([status, said], [0, `${api} drains; waiting for its end\n`]);
    assertGreater(performance.now() - startedMs, 800);
    assertEquals(await isListening(server.port), false);
    assertEquals((await server.program.status(5000)).code, 0);
  }));

Deno.test("drain uses the password that the environment has for the server, and says when it lacks one", () =>
  withServer(async (server, api) => {
    assertEquals(await drain("--api", api), { status: 1, said: `${api} asks for a user name and password\n` });
    const env = ["SRS_HTTP_API_AUTH_USERNAME=admin", "SRS_HTTP_API_AUTH_PASSWORD=sécret"];
    const { code } = await run(["env", ...env, ...programCommand("drain", "--no-wait", "--api", api)], 20_000);
    assertEquals(code, 0);
    assertEquals((await server.program.status(10_000)).code, 0);
  }, { api: "auth { enabled on; username admin; password sécret; }" }));

Deno.test("drain says that a server has not ended in time", () =>
  withServer(async (_server, api) => {
    const { status, said } = await drain("--api", api, "--timeout", "1");
    assertEquals(status, 1);
    assertMatch(said, /has not ended within 1 s\n$/);
  }, { waitMs: 20_000 }));

Deno.test("drain tells what is no API, and a server that refuses", async () => {
  assertEquals((await drain("--api", `127.0.0.1:${freePort()}`)).status, 3);
  const answers: [Response, RegExp][] = [
    [new Response("<html>"), /does not answer as the HTTP API of srs-ts does/],
    [
      Response.json({ code: 403, message: "drain: this machine only" }, { status: 403 }),
      /refuses: drain: this machine/,
    ],
    [Response.json({ code: 1061 }), /refuses: code 1061/],
    [Response.json(null), /refuses: code undefined/],
  ];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => answers[at]![0]);
  let at = 0;
  for (; at < answers.length; at++) {
    const { status, said } = await drain("--api", `127.0.0.1:${server.addr.port}`);
    assertEquals(status, 1);
    assertMatch(said, answers[at]![1]);
  }
});

for (const api of ["nowhere", "http://127.0.0.1:1985", "user@host:1", "host:port", "a b:1", ":1985"]) {
  Deno.test(`drain --api ${api} is a wrong command line`, async () => {
    const { status, said } = await drain("--api", api);
    assertEquals([status, said.includes(`--api must be HOST:PORT, not "${api}"`)], [2, true], said);
  });
}
