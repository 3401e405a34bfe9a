import { commandTable } from "../../../src/cli/command_table.ts";
import { runCli } from "../../../src/cli/mod.ts";
import { VERSION } from "../../../src/base/version.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { RecordedIo } from "../../kit/memory/recorded_io.ts";

const commands = Object.keys(commandTable);

async function run(...args: string[]) {
  const io = new RecordedIo();
  const status = await runCli(args, io);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

Deno.test("runCli() prints the version for each spelling of the wish", async (t) => {
  for (
    const args of [["version"], ["--version"], ["-v"], ["-V"], ["origin", "-v"], ["edge", "-V"], ["push", "--version"]]
  ) {
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
      for (const name of commands) assertMatch(stdout, new RegExp(`^ {4}${name} +[A-Z]`, "m"));
    });
  }
});

Deno.test("runCli() explains each command like a manual page", async (t) => {
  for (const name of commands) {
    await t.step(name, async () => {
      const { status, stdout, stderr } = await run(name, "--help");
      assertEquals([status, stderr], [0, ""]);
      const titles = stdout.split("\n").filter((line) => /^[A-Z]/.test(line));
      assertEquals(titles.slice(0, 4), ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"]);
      assertEquals(titles.slice(-3), ["EXIT STATUS", "EXAMPLES", "PERMISSIONS"]);
      assertStringIncludes(stdout, `NAME\n    srs-ts ${name} - `);
      assertStringIncludes(stdout, `SYNOPSIS\n    srs-ts ${name}`);
      assertMatch(stdout, /^OPTIONS\n( {4}.*\n)* {4}-h, --help\b/m);
      assertMatch(stdout, new RegExp(`^EXAMPLES\n    srs-ts ${name}`, "m"));
      assertMatch(stdout, /^PERMISSIONS\n {4}To run it from source: deno run (--allow-.*)?/m);
      assertEquals(stdout.split("\n").filter((line) => line.length > 88 && !line.startsWith("    srs-ts")), []);
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
    [["edge", "--tset"], 'srs-ts edge: unknown option "--tset"; did you mean "--test"? (see srs-ts edge --help)\n'],
    [["demo", "now"], 'srs-ts demo: unexpected argument "now" (see srs-ts demo --help)\n'],
    [["demo", "--for", "x"], 'srs-ts demo: --for must be a number from 1 to 86400, not "x" (see srs-ts demo --help)\n'],
  ];
  for (const [args, stderr] of cases) {
    await t.step(args.join(" "), async () => assertEquals(await run(...args), { status: 2, stdout: "", stderr }));
  }
});

Deno.test("runCli() without a command is SRS's own program, also in its exit statuses", async (t) => {
  const directory = await Deno.makeTempDir();
  const origin = `${directory}/origin.conf`;
  const edge = `${directory}/edge.conf`;
  await Deno.writeTextFile(origin, "listen 1935;\nvhost __defaultVhost__ { }\n");
  await Deno.writeTextFile(edge, "listen 1935; vhost a.com { cluster { mode remote; origin 10.0.0.1; } }\n");
  await Deno.writeTextFile(`${directory}/bad.conf`, "listn 1935;\n");
  const cases: [string[], number, RegExp][] = [
    [["-t", "-c", origin], 0, /origin\.conf: ok\n$/],
    [["-c", edge, "-t"], 0, /edge\.conf: ok\n$/],
    [[`-c${edge}`, "-t"], 0, /edge\.conf: ok\n$/],
    [["-t", "-c", `${directory}/bad.conf`], 255, /bad\.conf:1:1: unknown directive "listn"/],
    [["-t", "-c", `${directory}/no.conf`], 255, /no such file or directory/],
    [["-g"], 0, /^srs-ts\/[\d.]+\n$/],
    [["-G"], 0, /^srs-ts\/[\d.]+\n$/],
    [["-c"], 255, /^srs-ts: -c \(--config\) needs a value: FILE/],
    [["-x"], 255, /^srs-ts: unknown option "-x"/],
    [["--versoin"], 255, /^srs-ts: unknown option "--versoin"; did you mean "--version"\?/],
    [["-t", "x.conf"], 255, /^srs-ts: unexpected argument "x\.conf"/],
    [["-t", "--log-format", "xml"], 255, /^srs-ts: --log-format must be srs or json, not "xml"/],
  ];
  for (const [args, status, text] of cases) {
    await t.step(args.join(" "), async () => {
      const result = await run(...args);
      assertEquals(result.status, status, result.stderr);
      assertMatch(result.stdout + result.stderr, text);
    });
  }
  await Deno.remove(directory, { recursive: true });
});
