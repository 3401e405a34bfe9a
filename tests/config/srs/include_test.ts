import { assertEquals } from "../../kit/assert.ts";
import { ConfigFiles, maxConfigChars } from "../../../src/config/files/config_files.ts";
import { readTree } from "../../../src/config/files/include.ts";
import { ProblemList } from "../../../src/config/problem.ts";
import type { ConfBlock } from "../../../src/config/srs/parser.ts";

const nothing: ConfBlock = { directives: [], tailComments: [] };

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
  const listDirectory = (path: string) => {
    const base = path === "." ? "" : path.endsWith("/") ? path : `${path}/`;
    const inside = Object.keys(files).filter((name) => name.startsWith(base));
    return [...new Set(inside.map((name) => name.slice(base.length).replace(/\/.*/, "")))];
  };
  const reader = new ConfigFiles({ readFile, listDirectory, problems });
  const names: string[] = [];
  const walk = (block: ConfBlock) => {
    for (const directive of block.directives) {
      names.push(`${directive.name.text}@${directive.file}`);
      if (directive.block) walk(directive.block);
    }
  };
  walk(reader.main(main, undefined, (file) => readTree(file, { files: reader, problems })) ?? nothing);
  const found = problems.sorted(reader.sources.keys());
  return {
    names,
    errors: found.map((p) => `${p.file}:${p.line}:${p.column} ${p.message}`),
    codes: found.map((p) => p.codeName),
  };
}

Deno.test("include puts files in place, in any block, nested", () => {
  const { names, errors } = read({
    "main.conf": "a; include b.conf c.conf; d { include c.conf; e; }",
    "b.conf": "b; include c.conf;",
    "c.conf": "c;",
  });
  const expected = "a@main.conf b@b.conf c@c.conf c@c.conf d@main.conf c@c.conf e@main.conf";
  assertEquals({ names: names.join(" "), errors }, { names: expected, errors: [] });
});

Deno.test("include takes paths from the working directory first, then from beside the including file", () => {
  const both = { "conf/main.conf": "include x.conf; include y.conf;", "x.conf": "here;", "conf/x.conf": "beside;" };
  const { names, errors } = read({ ...both, "conf/y.conf": "y;" }, "conf/main.conf");
  assertEquals({ names, errors }, { names: ["here@x.conf", "y@conf/y.conf"], errors: [] });
});

Deno.test("include accepts an empty file", () => {
  assertEquals(read({ "main.conf": "a; include b.conf;", "b.conf": "" }).errors, []);
});

Deno.test("include reports a missing file with SRS's code for a missing file", () => {
  const { names, errors, codes } = read({ "main.conf": "include b.conf;\na;" });
  assertEquals(names, ["a@main.conf"]);
  assertEquals(errors, ['main.conf:1:9 cannot read "b.conf": not there']);
  assertEquals(codes, ["ConfigNotFound"]);
});

Deno.test("a missing main file is reported", () => {
  assertEquals(read({}).errors, ['main.conf:0:0 cannot read "main.conf": not there']);
});

Deno.test("include without a file, and with a block, is an error", () => {
  assertEquals(read({ "main.conf": "include;\ninclude a { b; }\nc;" }), {
    names: ["c@main.conf"],
    errors: [
      'main.conf:1:1 "include" needs a file name',
      'main.conf:2:11 "include" takes no block',
    ],
    codes: ["ConfigInvalid", "ConfigInvalid"],
  });
});

Deno.test("include reports a } of an included file that closes nothing there", () => {
  const { errors } = read({ "main.conf": "a { include b.conf; }", "b.conf": "b; }" });
  assertEquals(errors, ['b.conf:1:4 unexpected "}": no block is open']);
});

Deno.test("include cycles are reported by their way, however the path is written", () => {
  const { names, errors } = read({
    "main.conf": "a; include ./b.conf;",
    "./b.conf": "b; include x/../main.conf;",
    "x/../main.conf": "never;",
  });
  assertEquals(names, ["a@main.conf", "b@./b.conf"]);
  assertEquals(errors, ["./b.conf:1:12 include cycle: main.conf -> b.conf -> main.conf"]);
});

Deno.test("include stops at 64 levels of includes and at 8 MB in all", () => {
  const chain = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`${i}.conf`, `include ${i + 1}.conf;`]));
  assertEquals(read(chain, "0.conf").errors, [
    "64.conf:1:9 blocks and includes are nested deeper than 64 levels",
  ]);
  const half = "#".repeat(maxConfigChars / 2);
  assertEquals(read({ "main.conf": "include a.conf b.conf;", "a.conf": half, "b.conf": half }).errors, [
    "main.conf:1:16 the configuration is larger than 8 MB",
  ]);
});

Deno.test("include stays bounded when files include each other many times", () => {
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`${i}.conf`, `include ${i + 1}.conf ${i + 1}.conf;`.padEnd(9000, "#")]),
  );
  const { errors } = read({ ...files, "40.conf": "a;" }, "0.conf");
  assertEquals(errors.some((error) => error.endsWith("the configuration is larger than 8 MB")), true);
});

const many = { "d/b.conf": "b;", "d/a.conf": "a;", "d/.c.conf": "never;", "d/x.txt": "never;", "e/a.conf": "e;" };

const patterns: { name: string; text: string; names: string; errors?: string[] }[] = [
  { name: "a star, in the order of names", text: "include d/*.conf;", names: "a@d/a.conf b@d/b.conf" },
  { name: "a star in a directory", text: "include */a.conf;", names: "a@d/a.conf e@e/a.conf" },
  { name: "a question mark", text: "include d/?.conf;", names: "a@d/a.conf b@d/b.conf" },
  { name: "a set", text: "include d/[b-z].conf;", names: "b@d/b.conf" },
  { name: "a set of others", text: "include d/[!b].conf;", names: "a@d/a.conf" },
  { name: "a dot that is written", text: "include d/.*.conf;", names: "never@d/.c.conf" },
  { name: "a pattern in a block", text: "v { include d/a*; }", names: "v@main.conf a@d/a.conf" },
  {
    name: "nothing that is like it",
    text: "include q/*.conf d/z*;",
    names: "",
    errors: ['main.conf:1:9 no file matches "q/*.conf"', 'main.conf:1:18 no file matches "d/z*"'],
  },
];

for (const { name, text, names, errors = [] } of patterns) {
  Deno.test(`include finds ${name}`, () => {
    const found = read({ ...many, "main.conf": text });
    assertEquals({ names: found.names.join(" "), errors: found.errors }, { names, errors });
  });
}

Deno.test("include looks for a pattern beside the including file too, and reports cycles through one", () => {
  const beside = read({ "x/main.conf": "include d/*;", "x/d/a.conf": "a;" }, "x/main.conf");
  assertEquals([beside.names, beside.errors], [["a@x/d/a.conf"], []]);
  assertEquals(read({ "main.conf": "include *.conf;" }).errors, [
    "main.conf:1:9 include cycle: main.conf -> main.conf",
  ]);
});

Deno.test("include reads a name with pattern signs that is there", () => {
  assertEquals(read({ "main.conf": "include a[1].conf;", "a[1].conf": "x;" }).names, ["x@a[1].conf"]);
});

Deno.test("include mixes both languages, in both directions", () => {
  const { names, errors } = read({
    "main.conf": "a; include b.toml;",
    "b.toml":
      'b = 1\ninclude = ["c.conf"]\nd = 2\n[e]\ninclude = "c.conf"\n[f]\n[[f.include]]\nname = ["c.conf", "c.conf"]',
    "c.conf": "c;",
  });
  const expected = "a@main.conf b@b.toml c@c.conf d@b.toml e@b.toml c@c.conf f@b.toml c@c.conf c@c.conf";
  assertEquals({ names: names.join(" "), errors }, { names: expected, errors: [] });
});
