import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { programCommand, run } from "../../kit/launcher.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

const confDirectory = new URL("../../../conf/", import.meta.url).pathname;

/** Runs the program to its end. */
function cli(...args: string[]) {
  return run(programCommand(...args), 15_000);
}

Deno.test("srs-ts --version, --help and COMMAND --help answer without colour when nobody watches", async () => {
  const version = await cli("--version");
  assertEquals(version.code, 0);
  assertMatch(version.output, /^\d+\.\d+\.\d+\n$/);
  for (const args of [["--help"], ["origin", "--help"]]) {
    const { code, output } = await cli(...args);
    assertEquals(code, 0);
    assertStringIncludes(output, "srs-ts origin");
    assert(!output.includes("\x1b"), output);
  }
});

Deno.test("srs-ts ends with status 2 and one line for what it does not know", async () => {
  assertEquals(await cli("origin", "--confg", "x"), {
    code: 2,
    output: 'srs-ts origin: unknown option "--confg"; did you mean "--config"? (see srs-ts origin --help)\n',
  });
  assertEquals((await cli("orgin")).code, 2);
  assertEquals((await cli("edge", "conf/x.conf")).code, 2);
});

Deno.test("-t passes the files of conf/, and says what their APIs open to whom", async () => {
  const access = (port: number, name: string) =>
    `${confDirectory}origin.cluster.${name}.conf: HTTP API on 0.0.0.0:${port}: anyone may read; ` +
    "scripts anywhere may kick; drain: this machine only\n";
  const files = [
    ["origin", "serverA", access(9090, "serverA")],
    ["origin", "serverB", access(9091, "serverB")],
    ["edge", "edge", access(9092, "edge")],
  ] as const;
  await Promise.all(files.map(async ([role, name, open]) => {
    const path = `${confDirectory}origin.cluster.${name}.conf`;
    assertEquals(await cli(role, "-t", "-c", path), { code: 0, output: `${open}${path}: ok\n` });
    assertEquals((await cli(role, "-t", `-c${path}`)).code, 0);
  }));
});

Deno.test("-t prints every problem with its line and a caret, and ends with 255", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/bad.conf`;
    await Deno.writeTextFile(
      path,
      "listen 1935;\nmax_conections 10;\nvhost a.com {\n    coworkers 127.0.0.1:9091;\n}\n",
    );
    for (const args of [["-t"], []]) {
      const { code, output } = await cli("origin", ...args, "-c", path);
      assertEquals(code, 255, output);
      assertStringIncludes(output, `${path}:2:1: unknown directive "max_conections"`);
      assertStringIncludes(output, "\n  max_conections 10;\n  ^^^^^^^^^^^^^^\n");
      assertStringIncludes(output, `${path}:4:5: unknown directive "coworkers" in vhost`);
    }
  }));

Deno.test("-t prints warnings of a file that can be run", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/odd.conf`;
    await Deno.writeTextFile(path, "listen 1935;\ntcmalloc_release_rate 0.8;\nvhost __defaultVhost__ { }\n");
    const { code, output } = await cli("origin", "-t", "-c", path);
    assertEquals(code, 0);
    assertMatch(output, /odd\.conf:2:1: warning: .*\n.*odd\.conf: ok\n/);
  }));

Deno.test("a missing file ends with 255, as in SRS, and without -c with a word on what to do", () =>
  inDirectory(async (directory) => {
    const missing = await cli("origin", "-c", `${directory}/no.conf`);
    assertEquals(missing.code, 255);
    assertEquals(
      missing.output,
      `${directory}/no.conf: cannot read "${directory}/no.conf": no such file or directory\n`,
    );
    for (const [role, example] of [["origin", "serverA"], ["edge", "edge"]] as const) {
      const [file, ...args] = programCommand(role);
      const { code, stderr } = await new Deno.Command(file, { args, cwd: directory }).output();
      assertEquals(code, 255);
      const text = new TextDecoder().decode(stderr);
      assertStringIncludes(text, "conf/srs.conf: cannot read");
      assertStringIncludes(text, `srs-ts ${role} -c conf/origin.cluster.${example}.conf`);
    }
  }));

Deno.test("a file is run by the command that it is for; both kinds of vhost run under edge", () =>
  inDirectory(async (directory) => {
    const cluster = {
      local: "vhost a.com { }\n",
      remote: "vhost b.com { cluster { mode remote; origin 127.0.0.1:1; } }\n",
      off: "vhost c.com { enabled off; cluster { mode remote; origin 127.0.0.1:1; } }\n",
    };
    const cases: ["origin" | "edge", string, number][] = [
      ["origin", cluster.local, 0],
      ["origin", cluster.remote, 255],
      ["origin", cluster.local + cluster.remote, 0],
      ["origin", cluster.local + cluster.off, 0],
      ["edge", cluster.local, 255],
      ["edge", cluster.local + cluster.off, 255],
      ["edge", cluster.remote, 0],
      ["edge", cluster.local + cluster.remote, 0],
    ];
    await Promise.all(cases.map(async ([role, vhosts, expected], index) => {
      const path = `${directory}/${index}.conf`;
      await Deno.writeTextFile(path, `listen 1935;\n${vhosts}`);
      const { code, output } = await cli(role, "-t", "-c", path);
      assertEquals(code, expected, `${role} ${vhosts}: ${output}`);
      const other = role === "origin" ? "edge" : "origin";
      if (expected !== 0) assertStringIncludes(output, `run "srs-ts ${other} -c ${path}"`);
    }));
  }));
