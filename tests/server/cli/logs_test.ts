import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../../kit/assert.ts";
import { isListening, Program, programCommand, until } from "../../kit/launcher.ts";
import { CliServer, inDirectory } from "../../kit/server/cli_server.ts";

const unixOnly = { ignore: Deno.build.os === "windows" };

/** Connects, says nonsense, and waits for the end. */
async function visit(port: number): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode("\x07 this is not RTMP at all"));
  await conn.read(new Uint8Array(10)).catch(() => null);
}

/** Shakes hands and leaves in good order: when it is done, the server has surely seen it. */
async function greet(port: number): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const c0c1 = new Uint8Array(1537);
  c0c1[0] = 3;
  await conn.write(c0c1);
  for (let left = 3073; left > 0;) {
    const count = await conn.read(new Uint8Array(left));
    if (count === null) throw new Error("closed in the handshake");
    left -= count;
  }
}

async function times(count: number, fn: () => Promise<void>): Promise<void> {
  for (let left = count; left > 0; left -= 20) await Promise.all(Array.from({ length: Math.min(20, left) }, fn));
}

/** Lines, and those that they say were left out. */
function countLines(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + 1 + Number(/\((\d+) more like this/.exec(line)?.[1] ?? 0), 0);
}

Deno.test("a rotation under load loses no line of the log", unixOnly, () =>
  inDirectory(async (directory) => {
    const rounds = 6;
    const visits = 300;
    await using server = await CliServer.start(directory, { more: "srs_log_tank file; srs_log_file srs.log;" });
    const path = `${directory}/srs.log`;
    for (let i = 0; i < rounds; i++) {
      const visiting = times(visits, () => greet(server.port));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Deno.rename(path, `${path}.${i}`);
      server.program.kill("SIGUSR1");
      await visiting;
      await until(() => Deno.stat(path).then(() => true, () => false), 5000, () => "the next file");
    }
    // The last of them may still be on their way out.
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.program.kill("SIGTERM");
    assertEquals((await server.program.status(5000)).code, 0);
    const files = [path, ...Array.from({ length: rounds }, (_, i) => `${path}.${i}`)];
    const texts = files.map((file) => Deno.readTextFileSync(file));
    assertEquals(texts.every((text) => text.endsWith("\n")), true);
    const lines = texts.join("").split("\n").filter((line) => line !== "");
    const left = lines.filter((line) => / left after .* s: peerClosed \(in 1537 B, out 3073 B\)/.test(line));
    assertEquals(countLines(left), rounds * visits);
    assertEquals(lines.filter((line) => !/^\[[\d: .-]{23}\]\[[A-Z]+\]\[\d+\]\[\w{8}\] \S/.test(line)), []);
    assertEquals(lines.filter((line) => line.includes("log file reopened")).length, rounds);
  }));

Deno.test(
  "clients that speak nonsense cost one line a second, with their number",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      await using server = await CliServer.start(directory);
      await times(400, () => visit(server.port));
      await server.program.prints("more like this", 5000);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      server.program.kill("SIGTERM");
      assertEquals((await server.program.status(5000)).code, 0);
      const warnings = server.program.output.split("\n").filter((line) => /\[WARN\].*protocolError/.test(line));
      assertLess(warnings.length, 20);
      assertEquals(countLines(warnings), 400);
    }),
);

Deno.test("--log-format json writes one object a line", unixOnly, () =>
  inDirectory(async (directory) => {
    const port = await startPort(directory);
    const command = programCommand("origin", "-c", "x.conf", "--log-format", "json");
    await using program = new Program(command, { cwd: directory });
    await until(() => isListening(port), 20_000, () => program.output);
    await visit(port);
    await program.prints("protocolError", 5000);
    program.kill("SIGTERM");
    assertEquals((await program.status(5000)).code, 0);
    const entries = program.output.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertGreater(entries.length, 4);
    for (const { time, level, pid, cid, text, ...others } of entries) {
      assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert(["trace", "debug", "info", "warn", "error"].includes(level), level);
      assertEquals(pid, program.pid);
      assertMatch(cid, /^\w{8}$/);
      assertEquals(typeof text, "string");
      assertEquals(others, {});
    }
    assertEquals(entries.at(-1).text, "stopped");
  }));

/** Writes a file for a server that is not started yet. @returns Its port. */
async function startPort(directory: string): Promise<number> {
  await using server = await CliServer.launch(directory);
  return server.port;
}

Deno.test(
  "both vocabularies of the log level, and a file of its own, change with a reload",
  unixOnly,
  () =>
    inDirectory(async (directory) => {
      await using server = await CliServer.start(directory, { more: "srs_log_tank console; srs_log_level warn;" });
      const { program, port } = server;
      assertEquals(program.output, "");
      const change = async (more: string) => {
        const text =
          `listen 127.0.0.1:${port};\npid objs/x.pid;\nmax_connections 100;\n${more}\nvhost __defaultVhost__ { }\n`;
        await Deno.writeTextFile(`${directory}/x.conf`, text);
        program.kill("SIGHUP");
      };
      // "info" is debug in today's words.
      await change("srs_log_tank console; srs_log_level info;");
      await program.prints("reload: applied: srs_log_level", 5000);
      await visit(port);
      await program.prints("[DEBUG]", 5000);
      await change("srs_log_tank console; srs_log_level_v2 error;");
      await until(
        async () => {
          const before = program.output.length;
          await visit(port);
          await new Promise((resolve) => setTimeout(resolve, 100));
          return program.output.length === before;
        },
        5000,
        () => `silence; ${program.output}`,
      );
      await change("srs_log_tank file; srs_log_file one/srs.log; srs_log_level_v2 info;");
      const read = (path: string) => Deno.readTextFile(`${directory}/${path}`).catch(() => "");
      await until(async () => (await read("one/srs.log")).includes(": done"), 5000, () => program.output);
      assertMatch(await read("one/srs.log"), /reload: applied: srs_log_tank\n[^]*reload: applied: srs_log_file\n/);
      await change("srs_log_tank file; srs_log_file /proc/no/such.log; srs_log_level_v2 info;");
      await until(async () => (await read("one/srs.log")).includes("stays in force"), 5000, () => program.output);
      assert(await isListening(port));
      await change("srs_log_tank file; srs_log_file two.log; srs_log_level_v2 info;");
      await until(async () => (await read("two.log")).includes(": done"), 5000, () => program.output);
      assertMatch(await read("one/srs.log"), /the log continues in two\.log\n$/);
    }),
);
