import { assertEquals } from "../assert.ts";
import { ConfReader, maxConfigChars } from "../../src/config/include.ts";
import { ProblemList } from "../../src/config/problem.ts";

/** Reads `main.conf` of the given files; names of the tree in order, `file:line:column message` of the problems. */
function read(
  files: Record<string, string>,
  main = "main.conf",
): { names: string[]; errors: string[]; codes: string[] } {
  const problems = new ProblemList();
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error("not there");
    return text;
  };
  const reader = new ConfReader({ readFile, problems });
  const names: string[] = [];
  const walk = (block: ReturnType<ConfReader["read"]>) => {
    for (const directive of block.directives) {
      names.push(`${directive.name.text}@${directive.file}`);
      if (directive.block) walk(directive.block);
    }
  };
  walk(reader.read(main));
  const found = problems.sorted(reader.sources.keys());
  return {
    names,
    errors: found.map((p) => `${p.file}:${p.line}:${p.column} ${p.message}`),
    codes: found.map((p) => p.codeName),
  };
}

Deno.test("ConfReader puts included files in place, in any block, nested", () => {
  const { names, errors } = read({
    "main.conf": "a; include b.conf c.conf; d { include c.conf; e; }",
    "b.conf": "b; include c.conf;",
    "c.conf": "c;",
  });
  const expected = "a@main.conf b@b.conf c@c.conf c@c.conf d@main.conf c@c.conf e@main.conf";
  assertEquals({ names: names.join(" "), errors }, { names: expected, errors: [] });
});

Deno.test("ConfReader takes paths from the working directory first, then from beside the including file", () => {
  const both = { "conf/main.conf": "include x.conf; include y.conf;", "x.conf": "here;", "conf/x.conf": "beside;" };
  const { names, errors } = read({ ...both, "conf/y.conf": "y;" }, "conf/main.conf");
  assertEquals({ names, errors }, { names: ["here@x.conf", "y@conf/y.conf"], errors: [] });
});

Deno.test("ConfReader accepts an empty included file", () => {
  assertEquals(read({ "main.conf": "a; include b.conf;", "b.conf": "" }).errors, []);
});

Deno.test("ConfReader reports a missing include with SRS's code for a missing file", () => {
  const { names, errors, codes } = read({ "main.conf": "include b.conf;\na;" });
  assertEquals(names, ["a@main.conf"]);
  assertEquals(errors, ['main.conf:1:9 cannot read "b.conf": not there']);
  assertEquals(codes, ["ConfigNotFound"]);
});

Deno.test("ConfReader reports a missing main file", () => {
  assertEquals(read({}).errors, ['main.conf:0:0 cannot read "main.conf": not there']);
});

Deno.test("ConfReader reports include without a file, and with a block", () => {
  assertEquals(read({ "main.conf": "include;\ninclude a { b; }\nc;" }), {
    names: ["c@main.conf"],
    errors: [
      'main.conf:1:1 "include" needs the name of a file',
      'main.conf:2:11 "include" has no block; end it with ";"',
    ],
    codes: ["ConfigInvalid", "ConfigInvalid"],
  });
});

Deno.test("ConfReader reports a } of an included file that closes nothing there", () => {
  const { errors } = read({ "main.conf": "a { include b.conf; }", "b.conf": "b; }" });
  assertEquals(errors, ['b.conf:1:4 unexpected "}"; no block is open']);
});

Deno.test("ConfReader reports include cycles by their way, however the path is written", () => {
  const { names, errors } = read({
    "main.conf": "a; include ./b.conf;",
    "./b.conf": "b; include x/../main.conf;",
    "x/../main.conf": "never;",
  });
  assertEquals(names, ["a@main.conf", "b@./b.conf"]);
  assertEquals(errors, ["./b.conf:1:12 include cycle: main.conf -> b.conf -> main.conf"]);
});

Deno.test("ConfReader stops at 64 levels of includes and at 8 MB in all", () => {
  const chain = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`${i}.conf`, `include ${i + 1}.conf;`]));
  assertEquals(read(chain, "0.conf").errors, [
    "64.conf:1:9 blocks and includes are nested deeper than 64 levels",
  ]);
  const half = "#".repeat(maxConfigChars / 2);
  assertEquals(read({ "main.conf": "include a.conf b.conf;", "a.conf": half, "b.conf": half }).errors, [
    "main.conf:1:16 the configuration is larger than 8 MB",
  ]);
});

Deno.test("ConfReader stays bounded when files include each other many times", () => {
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`${i}.conf`, `include ${i + 1}.conf ${i + 1}.conf;`.padEnd(9000, "#")]),
  );
  const { errors } = read({ ...files, "40.conf": "a;" }, "0.conf");
  assertEquals(errors.some((error) => error.endsWith("the configuration is larger than 8 MB")), true);
});
