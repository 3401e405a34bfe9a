import { directivesCommand } from "../../../src/cli/directives.ts";
import { allOptions, parseCommandLine } from "../../../src/cli/parse_args.ts";
import { directivesMarkdown, directivesText, directiveTable } from "../../../src/config/directive_table.ts";
import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { RecordedIo } from "../../kit/memory/recorded_io.ts";

async function run(...args: string[]) {
  const io = new RecordedIo();
  const status = await directivesCommand.run(parseCommandLine(args, allOptions(directivesCommand.options)), io);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

Deno.test("directives prints the whole table as text, JSON or Markdown", async () => {
  assertEquals(await run(), { status: 0, stdout: directivesText(directiveTable()), stderr: "" });
  const { stdout } = await run("--json");
  assertEquals(JSON.parse(stdout), directiveTable());
  assertEquals((await run("--markdown")).stdout, directivesMarkdown());
});

const names: [wanted: string, found: string[]][] = [
  ["mw_latency", ["vhost.play.mw_latency"]],
  ["chunk_size", ["chunk_size", "vhost.chunk_size"]],
  ["vhost.refer", ["vhost.refer", "vhost.refer.enabled", "vhost.refer.all", "vhost.refer.play", "vhost.refer.publish"]],
  ["http_api.listen", ["http_api.listen"]],
];

for (const [wanted, found] of names) {
  Deno.test(`directives explains ${wanted}`, async () => {
    const { status, stdout } = await run("--json", wanted);
    const entries: { block: string; name: string }[] = JSON.parse(stdout);
    const paths = entries.map(({ block, name }) => block === "" ? name : `${block}.${name}`);
    assertEquals({ status, paths }, { status: 0, paths: found });
  });
}

Deno.test("directives explains several names at once", async () => {
  const { stdout } = await run("listen", "pid");
  assertGreater(stdout.split("\n").filter((line) => line.startsWith("  listen ")).length, 2);
  assertEquals(stdout.split("\n").filter((line) => line.startsWith("  pid ")).length, 1);
});

Deno.test("directives says that there is no such directive, with status 1", async () => {
  assertEquals(await run("mw_latenci"), {
    status: 1,
    stdout: "",
    stderr: 'unknown directive "mw_latenci"; did you mean "mw_latency"?\n',
  });
});
