import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { isListening, programCommand, until } from "../../kit/launcher.ts";
import { CliServer, inDirectory } from "../../kit/server/cli_server.ts";

const unixOnly = { ignore: Deno.build.os === "windows" };

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(
    `a server ends at once on ${signal}, with status 0 and without its pid file`,
    unixOnly,
    () =>
      inDirectory(async (directory) => {
        await using server = await CliServer.start(directory);
        assertEquals(await server.pidFile(), String(server.program.pid));
        using client = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
        server.program.kill(signal);
        assertEquals((await server.program.status(5000)).code, 0);
        assertEquals(await server.pidFile(), null);
        assertEquals(await client.read(new Uint8Array(1)).catch(() => null), null);
        assertMatch(server.program.output, /\[INFO\]\[\d+\]\[\w{8}\] stopped\n$/);
      }),
  );
}

Deno.test(
  "a second server with the same pid file is refused with status 11, a killed one leaves no harm",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      {
        await using first = await CliServer.start(directory);
        await using second = await CliServer.launch(directory);
        assertEquals((await second.program.status(15_000)).code, 11);
        assertStringIncludes(second.program.output, `process ${first.program.pid} holds the pid file objs/x.pid`);
        assertEquals(await first.pidFile(), String(first.program.pid));
        assert(await isListening(first.port));
      }
      await using third = await CliServer.start(directory);
      assertEquals(await third.pidFile(), String(third.program.pid));
    }),
);

Deno.test("a port in use is named, for RTMP and for the HTTP API, and the status is SRS's", () =>
  inDirectory(async (directory) => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr;
    const api = `srs_log_tank console; http_api { enabled on; listen 127.0.0.1:${port}; }`;
    for (const options of [{ port }, { more: api }]) {
      await using server = await CliServer.launch(directory, options);
      assertEquals((await server.program.status(15_000)).code, 235, server.program.output);
      assertStringIncludes(server.program.output, `cannot listen on 127.0.0.1:${port}`);
      assertStringIncludes(server.program.output, "in use by another program");
      if (Deno.build.os === "linux") assertStringIncludes(server.program.output, `ss -ltnp "sport = :${port}"`);
      assertEquals(await server.pidFile(), null);
    }
  }));

const graceful = "srs_log_tank console; grace_start_wait 100; grace_final_wait 100;";

Deno.test(
  "SIGQUIT refuses new clients and ends when the last one has left",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      await using server = await CliServer.start(directory, { more: graceful });
      const { program, port } = server;
      const client = await Deno.connect({ hostname: "127.0.0.1", port });
      program.kill("SIGQUIT");
      await until(async () => !await isListening(port), 5000, () => `no listener; ${program.output}`);
      await program.prints("waiting for clients", 5000);
      assertEquals(await server.pidFile(), String(program.pid));
      client.close();
      assertEquals((await program.status(5000)).code, 0);
      assertEquals(await server.pidFile(), null);
    }),
);

Deno.test("SIGTERM shortens a graceful stop", unixOnly, () =>
  inDirectory(async (directory) => {
    await using server = await CliServer.start(directory, { more: graceful });
    using _client = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    server.program.kill("SIGQUIT");
    await server.program.prints("waiting for clients", 5000);
    server.program.kill("SIGTERM");
    assertEquals((await server.program.status(3000)).code, 0);
    assertEquals(await server.pidFile(), null);
  }));

Deno.test(
  "force_grace_quit makes SIGTERM graceful, and a second one ends everything",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      await using server = await CliServer.start(directory, { more: `${graceful} force_grace_quit on;` });
      using _client = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      server.program.kill("SIGTERM");
      await server.program.prints("waiting for clients", 5000);
      server.program.kill("SIGTERM");
      assertEquals((await server.program.status(3000)).code, 143);
      assertEquals(await server.pidFile(), null);
    }),
);

Deno.test(
  "SIGHUP, SIGUSR1, SIGUSR2 and SIGPIPE do not end a server, and open no debugger",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      await using server = await CliServer.start(directory);
      const { program, port } = server;
      for (const signal of ["SIGHUP", "SIGUSR2", "SIGPIPE", "SIGUSR1"] as const) program.kill(signal);
      await program.prints("SIGHUP", 5000);
      await program.prints("SIGUSR1", 5000);
      // Deno opens its debugger half a second after the start at the earliest, and on SIGUSR1 only.
      await new Promise((resolve) => setTimeout(resolve, 700));
      const debuggerPort = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(program.output)?.[1];
      if (debuggerPort !== undefined) assertEquals(await isListening(Number(debuggerPort)), false);
      assert(await isListening(port));
      program.kill("SIGTERM");
      assertEquals((await program.status(5000)).code, 0);
    }),
);

Deno.test(
  "the log tank file is appended to, and reopened on SIGUSR1",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/logs/srs.log`;
      await using server = await CliServer.start(directory, { more: "srs_log_tank file; srs_log_file logs/srs.log;" });
      const listens = () => Deno.readTextFile(path).then((text) => text.includes("RTMP listens on"), () => false);
      await until(listens, 5000, () => "the line of the port, which may be open before");
      await Deno.rename(path, `${path}.1`);
      server.program.kill("SIGUSR1");
      await until(() => Deno.stat(path).then(() => true, () => false), 5000, () => "a new log file");
      server.program.kill("SIGTERM");
      assertEquals((await server.program.status(5000)).code, 0);
      assertStringIncludes(await Deno.readTextFile(`${path}.1`), "RTMP listens on");
      assertStringIncludes(await Deno.readTextFile(path), "stopped");
      assertStringIncludes(server.program.output, "logging to logs/srs.log");
      assert(!server.program.output.includes("RTMP listens on"));
    }),
);

Deno.test("warnings of the file stand in the log", () =>
  inDirectory(async (directory) => {
    await using server = await CliServer.start(directory, { more: "srs_log_tank console; ff_log_dir x;" });
    await server.program.prints('"ff_log_dir" has no effect here', 5000);
    assertMatch(server.program.output, /\[WARN\]\[\d+\]\[\w{8}\] x\.conf:4:\d+: warning: /);
  }));

Deno.test("work_dir is where the pid file and the log are made", () =>
  inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/elsewhere`);
    await using server = await CliServer.start(directory, { more: "srs_log_tank console; work_dir elsewhere;" });
    assertEquals(await Deno.readTextFile(`${directory}/elsewhere/objs/x.pid`), String(server.program.pid));
    assertEquals(await server.pidFile(), null);
  }));

Deno.test("a server goes on when nobody reads its output any more", unixOnly, () =>
  inDirectory(async (directory) => {
    await using server = await CliServer.start(directory);
    server.program.kill("SIGTERM");
    await server.program.status(5000);

    const [file, ...args] = programCommand("origin", "-c", "x.conf");
    const child = new Deno.Command(file, { args, cwd: directory, stdout: "piped", stderr: "null" }).spawn();
    try {
      const reader = child.stdout.getReader();
      await reader.read();
      await reader.cancel();
      for (let i = 0; i < 5; i++) await until(() => isListening(server.port), 5000, () => "a server without a reader");
    } finally {
      child.kill("SIGTERM");
    }
    assertEquals((await child.status).code, 0);
  }));
