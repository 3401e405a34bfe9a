import { runCli } from "../../../src/cli/mod.ts";
import { VERSION } from "../../../src/server/identity.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../assert.ts";
import { RecordedIo } from "./recorded_io.ts";

const commands = ["origin", "edge", "push", "probe", "demo"];

async function run(...args: string[]) {
  const io = new RecordedIo();
  const status = await runCli(args, io);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

Deno.test("runCli() prints the version for each spelling of the wish", async (t) => {
  for (const args of [["--version"], ["-v"], ["-V"], ["origin", "-v"], ["edge", "-V"], ["push", "--version"]]) {
    await t.step(args.join(" "), async () => {
      assertEquals(await run(...args), { status: 0, stdout: `${VERSION}\n`, stderr: "" });
    });
  }
});

Deno.test("runCli() shows the commands when none is given or help is asked for", async (t) => {
  for (const args of [[], ["--help"], ["-h"], ["-?"], ["help"]]) {
    await t.step(args.join(" ") || "(nothing)", async () => {
      const { status, stdout, stderr } = await run(...args);
      assertEquals([status, stderr], [0, ""]);
      for (const name of commands) assertMatch(stdout, new RegExp(`^  ${name} +[A-Z]`, "m"));
    });
  }
});

Deno.test("runCli() explains each command: usage, options, examples, permissions", async (t) => {
  for (const name of commands) {
    await t.step(name, async () => {
      const { status, stdout, stderr } = await run(name, "--help");
      assertEquals([status, stderr], [0, ""]);
      assertStringIncludes(stdout, `Usage: srs-ts ${name}`);
      assertMatch(stdout, /^Options:\n( {2}.*\n)* {2}-h, --help /m);
      assertMatch(stdout, new RegExp(`^Examples:\n  srs-ts ${name}`, "m"));
      assertMatch(stdout, /^Permissions:\n.*--allow-/m);
      assertEquals(stdout.split("\n").filter((line) => line.length > 88 && !line.startsWith("  srs-ts")), []);
      assertEquals(await run("help", name), { status, stdout, stderr });
      assertEquals(await run(name, "-?"), { status, stdout, stderr });
    });
  }
});

Deno.test("runCli() refuses a wrong command line in one line, with status 2", async (t) => {
  const cases: [string[], string][] = [
    [["orign"], 'srs-ts: unknown command "orign"; did you mean "origin"? (see srs-ts --help)\n'],
    [["dem"], 'srs-ts: unknown command "dem"; did you mean "demo"? (see srs-ts --help)\n'],
    [["xyzzy"], 'srs-ts: unknown command "xyzzy" (see srs-ts --help)\n'],
    [["toString"], 'srs-ts: unknown command "toString" (see srs-ts --help)\n'],
    [["help", "pusch"], 'srs-ts: unknown command "pusch"; did you mean "push"? (see srs-ts --help)\n'],
    [["--versoin"], 'srs-ts: unknown option "--versoin"; did you mean "--version"? (see srs-ts --help)\n'],
    [["edge", "--tset"], 'srs-ts edge: unknown option "--tset"; did you mean "--test"? (see srs-ts edge --help)\n'],
    [["demo", "now"], 'srs-ts demo: unexpected argument "now" (see srs-ts demo --help)\n'],
    [["demo", "--for", "x"], 'srs-ts demo: --for needs a number from 1 to 86400, not "x" (see srs-ts demo --help)\n'],
  ];
  for (const [args, stderr] of cases) {
    await t.step(args.join(" "), async () => assertEquals(await run(...args), { status: 2, stdout: "", stderr }));
  }
});

Deno.test("runCli() points from an option without a command to the commands", async () => {
  const { status, stderr } = await run("-c", "conf/x.conf");
  assertEquals(status, 2);
  assertMatch(stderr, /^srs-ts: unknown option "-c"; a command comes first: origin, edge, .*\n$/);
});
