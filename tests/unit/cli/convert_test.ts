import type { Command } from "../../../src/cli/command.ts";
import { convertCommand } from "../../../src/cli/convert.ts";
import { allOptions, parseCommandLine, UsageError } from "../../../src/cli/parse_args.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { RecordedIo } from "../../kit/memory/recorded_io.ts";

async function run(command: Command, ...args: string[]) {
  const io = new RecordedIo();
  const status = await command.run(parseCommandLine(args, allOptions(command.options)), io);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

/** Runs a test in a directory with some files. */
function withFiles(files: Record<string, string>, test: (path: (name: string) => string) => Promise<void>) {
  return async () => {
    const directory = await Deno.makeTempDir();
    try {
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${directory}/${name}`, text);
      }
      await test((name) => `${directory}/${name}`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  };
}

const conf = "# ports\nlisten 1935;\nclient_timeout 5000;\n\nvhost a {\n    play {\n        gop_cache off;\n    }\n}\n";
const toml =
  '# ports\nlisten = [1935]\nclient_timeout = 5000 # srs-ts only\n\n[[vhost]]\n  name = "a"\n\n  [vhost.play]\n    gop_cache = false\n';

Deno.test(
  "convert writes the other language to standard output, by the ending of the file",
  withFiles({ "x.conf": conf, "x.toml": toml }, async (path) => {
    assertEquals(await run(convertCommand, path("x.conf")), { status: 0, stdout: toml, stderr: "" });
    const back = await run(convertCommand, path("x.toml"));
    assertEquals(back, { status: 0, stdout: conf.replace("5000;", "5000; # srs-ts only"), stderr: "" });
  }),
);

Deno.test(
  "convert writes a file with -o, whose ending counts too",
  withFiles({ "x.conf": conf, x: conf }, async (path) => {
    assertEquals(await run(convertCommand, path("x.conf"), "-o", path("y.toml")), {
      status: 0,
      stdout: "",
      stderr: "",
    });
    assertEquals(await Deno.readTextFile(path("y.toml")), toml);
    assertEquals((await run(convertCommand, path("x"), "-o", path("z.toml"))).status, 0);
    assertEquals(await Deno.readTextFile(path("z.toml")), toml);
    assertEquals((await run(convertCommand, path("y.toml"), "-o", path("z.conf"))).status, 0);
    assertStringIncludes(await Deno.readTextFile(path("z.conf")), "listen 1935;\n");
    const { status, stderr } = await run(convertCommand, path("x.conf"), "-o", path("no/y.toml"));
    assertEquals(status, 1);
    assertStringIncludes(stderr, `cannot write ${path("no/y.toml")}: `);
  }),
);

Deno.test(
  "convert takes the languages of --from and --to",
  withFiles({ "x.txt": toml, "x.conf": conf }, async (path) => {
    assertStringIncludes((await run(convertCommand, "--from", "toml", path("x.txt"))).stdout, "listen 1935;");
    assertStringIncludes((await run(convertCommand, "--to=conf", path("x.conf"))).stdout, "listen 1935;");
    assertStringIncludes(
      (await run(convertCommand, "--from=toml", "--to=toml", path("x.txt"))).stdout,
      "listen = [1935]",
    );
  }),
);

Deno.test(
  "convert --check writes nothing and says ok, or what is wrong with status 1",
  withFiles(
    { "x.conf": conf, "y.toml": "listen = 1935\npid = 5\nlisen = 1\n[[vhost]]\nname = 'a'\n" },
    async (path) => {
      assertEquals(await run(convertCommand, "--check", path("x.conf")), {
        status: 0,
        stdout: `${path("x.conf")}: ok\n`,
        stderr: "",
      });
      assertEquals(await run(convertCommand, "--check", path("y.toml")), {
        status: 1,
        stdout: "",
        stderr: `${path("y.toml")}:2:7: "pid" takes text; put it in quotes: "5"\n  pid = 5\n        ^\n` +
          `${
            path("y.toml")
          }:3:1: unknown directive "lisen" at the top level; did you mean "listen"?\n  lisen = 1\n  ^^^^^\n`,
      });
    },
  ),
);

Deno.test(
  "convert --strict-srs refuses what SRS does not have, or writes it as comments",
  withFiles({ "x.toml": toml }, async (path) => {
    assertEquals(await run(convertCommand, "--strict-srs", path("x.toml")), {
      status: 1,
      stdout: "",
      stderr: `${
        path("x.toml")
      }:3:1: SRS has no directive "client_timeout"\n  client_timeout = 5000 # srs-ts only\n  ^^^^^^^^^^^^^^\n`,
    });
    const { status, stdout, stderr } = await run(convertCommand, "--strict-srs", "--comment-out", path("x.toml"));
    assertEquals({ status, stderr }, { status: 0, stderr: "" });
    assertEquals(stdout, conf.replace("client_timeout 5000;", "# client_timeout 5000;"));
  }),
);

Deno.test(
  "convert follows include, and --inline puts the files in its place",
  withFiles(
    { "x.conf": "listen 1;\ninclude *.inc;\n", "a.inc": "pid a; # one\n", "b.inc": "work_dir b;\n" },
    async (path) => {
      assertEquals(await run(convertCommand, path("x.conf")), {
        status: 0,
        stdout: 'listen = [1]\ninclude = "*.inc" # srs-ts only\n',
        stderr: `${
          path("x.conf")
        }: warning: "vhost" is missing: every client will be refused; add one named __defaultVhost__\n`,
      });
      const inlined = await run(convertCommand, "--inline", "--to", "conf", path("x.conf"));
      assertEquals(inlined.stdout, "listen 1;\npid a; # one\nwork_dir b;\n");
    },
  ),
);

Deno.test("convert says that a file is not there", async () => {
  const { status, stderr } = await run(convertCommand, "/nowhere/x.conf");
  assertEquals(status, 1);
  assertEquals(stderr, '/nowhere/x.conf: cannot read "/nowhere/x.conf": no such file or directory\n');
});

const senseless: { args: string[]; message: string }[] = [
  { args: [], message: "name the file to convert, or - for standard input" },
  { args: ["a", "b"], message: 'unexpected argument "b"' },
  { args: ["-"], message: 'cannot tell the language of "-" by its extension: add --from or --to' },
  { args: ["--from", "xml", "a"], message: '--from must be conf or toml, not "xml"' },
  { args: ["--comment-out", "a.toml"], message: "--comment-out needs --strict-srs" },
  { args: ["--strict-srs", "a.conf"], message: "--strict-srs works with --to conf only" },
];

for (const { args, message } of senseless) {
  Deno.test(`convert refuses the command line ${args.join(" ") || "without a file"}`, async () => {
    const error = await assertRejects(() => run(convertCommand, ...args), UsageError);
    assertEquals(error.message, message);
  });
}

Deno.test("convert reads standard input and writes standard output", async () => {
  const script = `import { convertCommand } from ${JSON.stringify(import.meta.resolve("../../../src/cli/convert.ts"))};
    import { RecordedIo } from ${JSON.stringify(import.meta.resolve("../../kit/memory/recorded_io.ts"))};
    const io = new RecordedIo();
    const status = await convertCommand.run({ positional: ["-"], flag: () => false, values: () => [],
      value: (name) => name === "to" ? "toml" : undefined }, io);
    await Deno.stdout.write(new TextEncoder().encode(JSON.stringify([status, io.stdout, io.stderr])));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=ts", script],
    cwd: new URL("../../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A character of two bytes in two pieces.
  await writer.write(new Uint8Array([...new TextEncoder().encode("\ufefflisten 1935;\nvhost a { } # "), 0xc3]));
  await writer.write(new Uint8Array([0xa9, 0x0a]));
  await writer.close();
  const { stdout } = await child.output();
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), [
    0,
    'listen = [1935]\n\n[[vhost]]\n  name = "a"\n# é\n',
    "",
  ]);
});
