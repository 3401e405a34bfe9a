import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { convertConfig, type ConvertOptions, formatProblem, loadConfig } from "../../src/config/mod.ts";
import { inTomlOrder, shapeOf } from "./check/shape.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, root));

/** Pairs of files that are the conversion of each other. */
const pairs = [
  "conf/origin.cluster.serverA",
  "conf/origin.cluster.serverB",
  "conf/origin.cluster.edge",
  "tests/config/golden/comments",
  "tests/config/golden/order",
  "tests/config/golden/old_spellings",
];

for (const path of pairs) {
  Deno.test(`convertConfig turns ${path}.conf and ${path}.toml into each other`, () => {
    const conf = read(`${path}.conf`);
    const toml = read(`${path}.toml`);
    // The comment that tells how to start with the file names the file.
    const named = (text: string | null) => (text ?? "").replace(/(# Start it with: .*)\.conf$/m, "$1.toml");
    assertEquals(named(convertConfig({ path: `${path}.conf`, text: conf, to: "toml" }).text), toml);
    const back = convertConfig({ path: `${path}.toml`, text: toml, to: "conf" }).text ?? "";
    assertEquals(shapeOf(named(back)), inTomlOrder(shapeOf(named(conf))));
    assertEquals(convertConfig({ path: `${path}.conf`, text: back, to: "toml" }).text, toml);
  });

  Deno.test(`loadConfig reads the same from ${path}.conf and ${path}.toml`, () => {
    const load = (file: string) => loadConfig({ path: file, text: read(file) });
    assertEquals(load(`${path}.toml`).config, load(`${path}.conf`).config);
    assertEquals(
      load(`${path}.toml`).problems.map((p) => p.severity),
      load(`${path}.conf`).problems.map((p) => p.severity),
    );
  });
}

type Given = { files: Record<string, string> } & Partial<ConvertOptions> & Pick<ConvertOptions, "path" | "to">;

/** Converts one of some files; errors as text. */
function convert({ files, ...options }: Given): { text: string | null; errors: string[] } {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error("not there");
    return text;
  };
  const { text, problems } = convertConfig({ readFile, listDirectory: () => Object.keys(files), ...options });
  return { text, errors: problems.filter((p) => p.severity === "error").map((p) => formatProblem(p)) };
}

const included = {
  "a.conf": "pid x; # a\n# end of a\n",
  "v.conf": "play { gop_cache off; }\n",
  "t.toml": "# t\nwork_dir = 'y'\n",
};

Deno.test("convertConfig keeps include in its place: a key before the first block, a table behind it", () => {
  const conf = "include a.conf;\nlisten 1;\nvhost b {\n    include v.conf; # why\n}\n";
  const toml = 'include = "a.conf"\nlisten = [1]\n\n[[vhost]]\n  name = "b"\n  include = "v.conf" # why\n';
  const files = { ...included, "x.conf": conf, "x.toml": toml };
  assertEquals(convert({ files, path: "x.conf", to: "toml" }), { text: toml, errors: [] });
  const tidy = "include a.conf;\nlisten 1;\n\nvhost b {\n    include v.conf; # why\n}\n";
  assertEquals(convert({ files, path: "x.toml", to: "conf" }), { text: tidy, errors: [] });
  const last = "listen 1;\n\nvhost b {\n}\n\n# more\ninclude a.conf a.conf;\n";
  const lastToml = 'listen = [1]\n\n[[vhost]]\n  name = "b"\n\n# more\n[[include]]\n  name = ["a.conf", "a.conf"]\n';
  const two = { ...included, "y.conf": last, "y.toml": lastToml };
  assertEquals(convert({ files: two, path: "y.conf", to: "toml" }), { text: lastToml, errors: [] });
  assertEquals(convert({ files: two, path: "y.toml", to: "conf" }), { text: last, errors: [] });
});

Deno.test("convertConfig puts included files in the place of include on wish, with their comments", () => {
  const conf =
    "# before\ninclude a.conf; # why\nlisten 1;\nvhost b {\n    include v.conf;\n}\ninclude t.toml;\n# last\n";
  const { text, errors } = convert({
    files: { ...included, "x.conf": conf },
    path: "x.conf",
    to: "conf",
    inline: true,
  });
  assertEquals(errors, []);
  assertEquals(
    text,
    "# before\n# why\npid x; # a\n# end of a\nlisten 1;\n\nvhost b {\n    play {\n        gop_cache off;\n    }\n}\n" +
      "# t\nwork_dir y;\n# last\n",
  );
});

const unsayable: { name: string; conf: string; errors: string[] }[] = [
  {
    name: "an include that keys would move past",
    conf: "http_api { }\ninclude a.conf;\nlisten 1;",
    errors: [
      "x.conf:2:1: TOML puts keys before tables, which would move this include past other directives; " +
      "use --inline, or put it between the last directive and the first block",
    ],
  },
  {
    name: "includes before and behind a block",
    conf: "include a.conf;\nhttp_api { }\ninclude a.conf;",
    errors: [
      'x.conf:3:1: in TOML, "include" cannot be both a value and a table; put every include before the first block, or use --inline',
    ],
  },
  {
    name: "a name that is a value and a block",
    conf: "vhost a { refer b; refer { enabled on; } }",
    errors: ['x.conf:1:20: in TOML, "refer" cannot be both a value and a table'],
  },
  {
    name: "a directive called name in a block",
    conf: "threads { name 1; }",
    errors: ['x.conf:1:11: TOML needs the name "name" for the words before "{"'],
  },
  {
    name: "control characters in comments",
    conf: "# \x01\nlisten 1; # \x02\nhttp_api { # \x03\n# \x04\n} # \x05",
    errors: [
      "x.conf:1:1: a comment in TOML cannot contain control characters",
      "x.conf:2:1: a comment in TOML cannot contain control characters",
      "x.conf:3:1: a comment in TOML cannot contain control characters",
      "x.conf:3:1: a comment in TOML cannot contain control characters",
      "x.conf:4:1: a comment in TOML cannot contain control characters",
    ],
  },
];

for (const { name, conf, errors } of unsayable) {
  Deno.test(`convertConfig refuses to write ${name} as TOML`, () => {
    assertEquals(convert({ files: { ...included, "x.conf": conf }, path: "x.conf", to: "toml" }), {
      text: null,
      errors,
    });
  });
}

Deno.test("convertConfig writes nothing for a file with errors, and says them", () => {
  const { text, errors } = convert({
    files: { "x.conf": "lisen 1;\nlisten a;\nvhost b {" },
    path: "x.conf",
    to: "toml",
  });
  assertEquals(text, null);
  assertEquals(errors.length, 3);
});

const extensions =
  "listen 1935;\nworkers 2; # two\nvhost a {\n    # time\n    cluster {\n        linger 5;\n        mode local;\n    }\n}\n";

Deno.test("convertConfig marks what SRS refuses, and takes the mark for no comment of the author", () => {
  const marked = extensions.replace("# two", "# srs-ts only; two").replace("linger 5;", "linger 5; # srs-ts only")
    .replace("\nvhost", "\n\nvhost");
  assertEquals(convert({ files: { "x.conf": extensions }, path: "x.conf", to: "conf" }).text, marked);
  assertEquals(convert({ files: { "x.conf": marked }, path: "x.conf", to: "conf" }).text, marked);
  const toml = convert({ files: { "x.conf": marked }, path: "x.conf", to: "toml" }).text ?? "";
  assertStringIncludes(toml, "workers = 2 # srs-ts only; two\n");
  assertEquals(convert({ files: { "x.toml": toml }, path: "x.toml", to: "conf" }).text, marked);
});

Deno.test("convertConfig refuses what SRS refuses on wish, with lines", () => {
  const files = { "x.conf": `${extensions}include *.inc a.toml;`, "a.toml": "" };
  assertEquals(convert({ files, path: "x.conf", to: "conf", extensions: "refuse" }), {
    text: null,
    errors: [
      'x.conf:2:1: SRS has no directive "workers"',
      'x.conf:6:9: SRS has no directive "linger"',
      "x.conf:10:1: SRS does not support patterns in include",
    ],
  });
  assertEquals(
    convert({
      files: { ...files, "x.conf": "pid x; include a.toml;" },
      path: "x.conf",
      to: "conf",
      extensions: "refuse",
    }).errors,
    [
      "x.conf:1:8: SRS cannot read TOML",
    ],
  );
});

Deno.test("convertConfig turns what SRS refuses into comments on wish", () => {
  const { text, errors } = convert({
    files: { "x.conf": extensions },
    path: "x.conf",
    to: "conf",
    extensions: "comment",
  });
  assertEquals(errors, []);
  assertEquals(
    text,
    "listen 1935;\n# workers 2; # two\n\nvhost a {\n    # time\n    cluster {\n        # linger 5;\n        mode local;\n    }\n}\n",
  );
  const { problems } = loadConfig({ path: "y.conf", text: text ?? "" });
  assertEquals(problems, []);
});

Deno.test("convertConfig reads the language that it is told, whatever the name of the file", () => {
  const files = { "x.conf": "listen = 1", "x.toml": "listen 1;" };
  assertEquals(convert({ files, path: "x.conf", language: "toml", to: "conf" }).text, "listen 1;\n");
  assertEquals(convert({ files, path: "x.toml", language: "conf", to: "toml" }).text, "listen = [1]\n");
});

Deno.test("convertConfig keeps every kind of line end and mark at the beginning out of the result", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = `\ufeff# x${end}listen 1;${end}${end}# y${end}pid z;`;
    const found = convertConfig({ path: "x.conf", text, to: "toml" }).text;
    assertEquals(found, '# x\nlisten = [1]\n\n# y\npid = "z"\n');
    assert(found !== null);
    const back = convertConfig({ path: "x.toml", text: found.replaceAll("\n", "\r\n"), to: "toml" }).text;
    assertEquals(back, found);
  }
});
