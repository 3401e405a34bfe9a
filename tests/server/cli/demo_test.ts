import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { isListening, Program, programCommand, until } from "../../kit/launcher.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

const ports = [1935, 19350, 19351, 9090, 9091, 9092];

/** An offset at which all ports of the demo are free: the usual ones may be in use, and tests run side by side. */
function freeOffset(): number {
  for (let tries = 0; tries < 50; tries++) {
    const offset = 2000 + Math.floor(Math.random() * 10_000);
    try {
      for (const port of ports) Deno.listen({ hostname: "0.0.0.0", port: port + offset }).close();
      return offset;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("no offset leads to free ports");
}

/** Runs a demo whose temporary files are in `directory`. */
function startDemo(directory: string, offset: number, ...args: string[]): Program {
  return new Program(programCommand("demo", "--port-offset", String(offset), ...args), { env: { TMPDIR: directory } });
}

async function assertNothingLeft(directory: string, offset: number): Promise<void> {
  assertEquals(await namesIn(directory), []);
  for (const port of ports) assertEquals(await isListening(port + offset), false, `port ${port + offset}`);
}

Deno.test("demo --for shows the cluster, finds that it works, and leaves nothing behind", () =>
  inDirectory(async (directory) => {
    const offset = freeOffset();
    await using demo = startDemo(directory, offset, "--for", "12");
    const { code } = await demo.status(40_000);
    assertEquals(code, 0, demo.output);
    assertMatch(demo.output, /origin A: published here, H264 640x360, players \d/);
    assertStringIncludes(demo.output, "origin B: not here, redirects to origin A");
    assertStringIncludes(demo.output, "edge: pulled from origin A");
    assertMatch(demo.output, new RegExp(`^Open +http://127.0.0.1:${9090 + offset}/console/\n`, "m"));
    assertStringIncludes(demo.output, `ffplay rtmp://127.0.0.1:${1935 + offset}/live/livestream`);
    for (const way of ["the edge", "the redirect of origin B"]) {
      const frames = Number(new RegExp(`^(\\d+) frames through ${way}`, "m").exec(demo.output)?.[1]);
      assert(frames > 25, demo.output);
    }
    await assertNothingLeft(directory, offset);
  }));

Deno.test("demo ends on SIGTERM and leaves nothing behind", () =>
  inDirectory(async (directory) => {
    const offset = freeOffset();
    await using demo = startDemo(directory, offset, "--verbose");
    await demo.prints("pull /live/livestream from", 30_000);
    demo.kill("SIGTERM");
    assertEquals((await demo.status(15_000)).code, 0, demo.output);
    assertMatch(demo.output, /^edge +\[.*\]\[INFO\]/m);
    await assertNothingLeft(directory, offset);
  }));

Deno.test(
  "demo killed by SIGKILL takes its programs along",
  { ignore: Deno.build.os === "windows" },
  () =>
    inDirectory(async (directory) => {
      const offset = freeOffset();
      await using demo = startDemo(directory, offset, "--verbose");
      await demo.prints("pull /live/livestream from", 30_000);
      demo.kill("SIGKILL");
      const isFree = async (port: number) => !await isListening(port + offset);
      await until(async () => (await Promise.all(ports.map(isFree))).every(Boolean), 10_000, () => "the end of all");
      // It cannot have removed them itself.
      const [name = ""] = await namesIn(directory);
      assertEquals(
        (await Array.fromAsync(Deno.readDir(`${directory}/${name}/objs`))).filter(({ name }) => name.endsWith(".pid")),
        [],
      );
    }),
);

Deno.test("demo ends with status 1, and names the process, when one of its processes dies", () =>
  inDirectory(async (directory) => {
    const offset = freeOffset();
    await using demo = startDemo(directory, offset, "--for", "60");
    let pid = 0;
    await until(
      async () => (pid = await pidOfOriginB(directory)) > 0,
      30_000,
      () => `origin B's pid file; ${demo.output}`,
    );
    await until(() => isListening(19351 + offset), 30_000, () => `origin B; ${demo.output}`);
    Deno.kill(pid, "SIGKILL");
    assertEquals((await demo.status(15_000)).code, 1, demo.output);
    assertStringIncludes(demo.output, "srs-ts demo: origin B was ended by SIGKILL");
    await assertNothingLeft(directory, offset);
  }));

Deno.test("demo goes on when a server is ended by somebody, and shows the end of one that fails", () =>
  inDirectory(async (directory) => {
    const offset = freeOffset();
    await using demo = startDemo(directory, offset);
    await demo.prints("origin A: published here", 40_000);
    Deno.kill(await pidOfOriginB(directory), "SIGKILL");
    await demo.prints("origin B was ended by SIGKILL", 10_000);
    await demo.prints("origin B: does not answer", 15_000);
    demo.kill("SIGTERM");
    assertEquals((await demo.status(15_000)).code, 0, demo.output);
    await assertNothingLeft(directory, offset);
  }));

Deno.test("demo names every port that is in use, what it is for, and starts nothing", () =>
  inDirectory(async (directory) => {
    const offset = freeOffset();
    using _rtmp = Deno.listen({ hostname: "127.0.0.1", port: 1935 + offset });
    using _api = Deno.listen({ hostname: "0.0.0.0", port: 9091 + offset });
    await using demo = startDemo(directory, offset);
    assertEquals((await demo.status(15_000)).code, 1);
    assertStringIncludes(demo.output, `port ${1935 + offset} (RTMP of edge) is in use`);
    assertStringIncludes(demo.output, `port ${9091 + offset} (HTTP API of origin B) is in use`);
    assertEquals(await namesIn(directory), []);
  }));

async function pidOfOriginB(directory: string): Promise<number> {
  for (const name of await namesIn(directory)) {
    try {
      return Number(await Deno.readTextFile(`${directory}/${name}/objs/origin.cluster.serverB.pid`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return 0;
}

/** Directories only: a compiled program caches its code in a file. */
async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).filter((entry) => entry.isDirectory).map(({ name }) => name);
}
