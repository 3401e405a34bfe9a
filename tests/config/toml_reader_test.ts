import { assertEquals } from "../kit/assert.ts";
import { formatProblem, loadConfig, sourceLineOf } from "../../src/config/mod.ts";
import { ProblemList } from "../../src/config/problem.ts";
import { printSrs } from "../../src/config/srs/printer.ts";
import { readToml } from "../../src/config/toml/reader.ts";

/** What a TOML text says, in SRS's language, and what there is to say about it. */
function read(text: string): { conf: string; problems: string[] } {
  const problems = new ProblemList();
  const conf = printSrs(readToml(text, { file: "x.toml", problems }), { problems, extensions: "mark" });
  return { conf, problems: problems.sorted([]).map((p) => formatProblem(p).replace("x.toml:", "")) };
}

const layouts: { name: string; toml: string; conf: string }[] = [
  { name: "keys", toml: "listen = 1935\npid = 'x y'\ndaemon = false", conf: 'listen 1935;\npid "x y";\ndaemon off;\n' },
  {
    name: "a list with one word and one without a list",
    toml: "listen = [1]\n[x]\nlisten = 1",
    conf: "listen 1;\n\nx {\n    listen 1;\n}\n",
  },
  { name: "a list", toml: 'listen = [1935, "[::1]:1936"]', conf: "listen 1935 [::1]:1936;\n" },
  { name: "a list without words", toml: "listen = []", conf: "listen;\n" },
  { name: "a list of lists", toml: "listen = [[1], [2, 3], []]", conf: "listen 1;\nlisten 2 3;\nlisten;\n" },
  {
    name: "numbers in other forms",
    toml: "a = [1_000, 0x10, +5, 1e3, 1.50, 1.0]",
    conf: "a 1000 16 5 1000 1.50 1.0;\n",
  },
  { name: "tables", toml: "[a]\n[b.c]\nx = 1", conf: "a {\n}\n\nb {\n    c {\n        x 1;\n    }\n}\n" },
  { name: "dotted keys", toml: "b.c.x = 1\nb.d = 2", conf: "b {\n    c {\n        x 1;\n    }\n    d 2;\n}\n" },
  { name: "inline tables", toml: "a = { x = 1, y.z = 2 }", conf: "a {\n    x 1;\n    y {\n        z 2;\n    }\n}\n" },
  {
    name: "a list of inline tables",
    toml: "a = [{ x = 1 }, { x = 2 }]",
    conf: "a {\n    x 1;\n}\n\na {\n    x 2;\n}\n",
  },
  {
    name: "a table whose own header comes late",
    toml: "[a.b]\nx = 1\n[a]\ny = 2",
    conf: "a {\n    b {\n        x 1;\n    }\n    y 2;\n}\n",
  },
  {
    name: "tables of one name, with others between them",
    toml: "[[v]]\nname = 'a'\n[h]\n[[v]]\nname = ['b', 'c']\n[v.p]",
    conf: "v a {\n}\n\nh {\n}\n\nv b c {\n    p {\n    }\n}\n",
  },
  {
    name: "security rules, as texts and as lists, in their order",
    toml:
      "[[vhost]]\n[vhost.security]\nrules = ['allow play all', ['deny', 'play', 'a b'], 'allow  publish\\t1.2.3.4']",
    conf:
      'vhost {\n    security {\n        allow play all;\n        deny play "a b";\n        allow publish 1.2.3.4;\n    }\n}\n'
        .replace("allow publish 1.2.3.4", "allow publish\\t1.2.3.4"),
  },
  {
    name: "include as a key and as a table",
    toml: "include = ['a', 'b']\n[x]\n[[x.include]]\nname = 'c'",
    conf: "include a b;\n\nx {\n    include c;\n}\n",
  },
];

for (const { name, toml, conf } of layouts) {
  Deno.test(`readToml reads ${name}`, () => assertEquals(read(toml), { conf, problems: [] }));
}

const comments: { name: string; toml: string; conf: string }[] = [
  { name: "above and behind keys", toml: "# a\n\n# b\nx = 1 # c\n# d", conf: "# a\n\n# b\nx 1; # c\n# d\n" },
  {
    name: "in a file without indentation",
    toml: "# a\n[x] # b\n# c\ny = 1\n# d\n\n# e\n[z]",
    conf: "# a\nx { # b\n    # c\n    y 1;\n    # d\n}\n\n# e\nz {\n}\n",
  },
  { name: "that touch the next header", toml: "[x]\ny = 1\n# e\n[z]", conf: "x {\n    y 1;\n}\n\n# e\nz {\n}\n" },
  {
    name: "at the end of a file without indentation",
    toml: "[x]\ny = 1\n# d\n\n# e\n",
    conf: "x {\n    y 1;\n    # d\n}\n\n# e\n",
  },
  {
    name: "by their indentation",
    toml: "[x]\n  [x.y]\n    z = 1\n    # in y\n  # end of y\n\n  # in x\n# end of x\n\n# of the file\n",
    conf: "x {\n    y {\n        z 1;\n        # in y\n    } # end of y\n\n    # in x\n} # end of x\n\n# of the file\n",
  },
  {
    name: "in the list of a directive",
    toml: "x = [ # a\n  1, # b\n  # c\n  2,\n  # d\n] # e",
    conf: "# a\n# b\n# c\n# d\nx 1 2; # e\n",
  },
  {
    name: "in a list of directives",
    toml: "# a\nx = [\n  # b\n  [1], # c\n\n  # d\n  [2],\n  # e\n] # f\ny = 1",
    conf: "# a\n# b\nx 1; # c\n\n# d\nx 2;\n# e\n# f\ny 1;\n",
  },
  {
    name: "at the name of a block",
    toml: "[[x]]\n# a\nname = 'n' # b\ny = 1",
    conf: "x n {\n    # a\n    # b\n    y 1;\n}\n",
  },
  {
    name: "in a list of inline tables",
    toml: "x = [\n  # a\n  { y = 1 }, # b\n  # c\n] # d",
    conf: "# a\nx { # d\n    y 1;\n    # c\n}\n",
  },
];

for (const { name, toml, conf } of comments) {
  Deno.test(`readToml keeps comments ${name}`, () => assertEquals(read(toml), { conf, problems: [] }));
}

const mistakes: { name: string; toml: string; problems: string[] }[] = [
  { name: "a key twice", toml: "pid = 'a'\n\"pid\" = 'b'", problems: ['2:1: "pid" already has a value'] },
  {
    name: "a table twice",
    toml: "[a]\n[a]",
    problems: ['2:2: there is already a table "a"; to have several, write each as [[a]]'],
  },
  {
    name: "a table for a value",
    toml: "a = 1\n[a]\n[a.b]",
    problems: ['2:2: "a" already has a value', '3:2: "a" already has a value'],
  },
  { name: "a value for a table", toml: "[a.b]\n[a]\nb = 1", problems: ['3:1: there is already a table "b"'] },
  { name: "a dotted key into a table", toml: "[a.b]\n[a]\nb.c = 1", problems: ['3:1: there is already a table "b"'] },
  { name: "a header for a dotted table", toml: "a.b = 1\n[a]", problems: ['2:2: there is already a table "a"'] },
  {
    name: "more into an inline table",
    toml: "a = { b = 1 }\n[a.c]\nx = 1",
    problems: ['2:2: "a" already has a value'],
  },
  {
    name: "one of many for a table",
    toml: "[a]\n[[a]]",
    problems: ['2:3: there is already a table "a"; to have several, write each as [[a]]'],
  },
  { name: "a table for one of many", toml: "[[a]]\n[a]", problems: ['2:2: there is already a table "a"'] },
  { name: "a table in a list", toml: "a = [1, { b = 1 }]", problems: ["1:9: a table is not allowed in this list"] },
  {
    name: "a list in a list that is no list of lists",
    toml: "a = [[1], 2]",
    problems: ['1:11: "a" needs a list of lists, one per directive'],
  },
  { name: "lists three levels deep", toml: "a = [[[1]]]", problems: ["1:7: a list is not allowed in this list"] },
  {
    name: "a text for a path",
    toml: "pid = 5\nwork_dir = true",
    problems: ['1:7: "pid" takes text; put it in quotes: "5"', '2:12: "work_dir" takes text; put it in quotes: "true"'],
  },
  { name: "a number for a switch", toml: "daemon = 1", problems: ['1:10: "daemon" is a switch; write true or false'] },
  {
    name: "a switch for a number",
    toml: "max_connections = true",
    problems: ['1:19: "max_connections" takes a number; write one instead of true'],
  },
  {
    name: "one list for directives that repeat",
    toml: "[[vhost]]\n[vhost.exec]\npublish = ['a', 'b']",
    problems: [
      '3:12: "publish" needs a list of lists, one per directive',
      '3:17: "publish" needs a list of lists, one per directive',
    ],
  },
  {
    name: "no list for directives that repeat",
    toml: "[[vhost]]\n[vhost.exec]\npublish = 'a'",
    problems: ['3:11: "publish" needs a list'],
  },
  {
    name: "an empty list of directives",
    toml: "[[vhost]]\n[vhost.security]\nrules = []",
    problems: ['3:9: the list "rules" is empty'],
  },
  {
    name: "a rule of another kind",
    toml: "[[vhost]]\n[vhost.security]\nrules = ['permit play all', '']",
    problems: ['3:10: a rule begins with "allow" or "deny"', '3:29: a rule begins with "allow" or "deny"'],
  },
  {
    name: "rules outside the list",
    toml: "[[vhost]]\n[vhost.security]\nallow = 'play all'",
    problems: ['3:1: "allow" is not a key; put it in the list "rules"'],
  },
  {
    name: "more than a name in a table of include",
    toml: "[[include]]\nname = 'a'\nb = 1",
    problems: ['3:1: a table "include" can contain only "name"'],
  },
  {
    name: "a text that SRS cannot say",
    toml: 'pid = ""\nwork_dir = "a\\nb"\nserver_id = "a \'\\""',
    problems: [
      '1:7: SRS\'s language cannot express "": it has no empty words; remove the line',
      '2:12: SRS\'s language cannot express "a\\x0ab": a word cannot span several lines',
      '3:13: SRS\'s language cannot express "a \'"": a word cannot contain both kinds of quotes',
    ],
  },
];

for (const { name, toml, problems } of mistakes) {
  Deno.test(`readToml reports ${name}`, () => assertEquals(read(toml).problems, problems));
}

Deno.test("readToml and the checks report everything wrong in a file at once", () => {
  const text = [
    "listen = 1935",
    "daemon = off",
    "[http_api]",
    "enabled = true",
    "lisen = 1985",
    "[[vhost",
    "anything = 1",
    "[[vhost]]",
    'name = "a"',
    "cluster = { mode = 'remot', coworkers = ['b:99999'] }",
    "play.gop_cache = 'yes'",
    "__proto__ = 1",
  ].join("\n");
  const result = loadConfig({ path: "x.toml", text });
  assertEquals(
    result.problems.map((p) => formatProblem(p, { sourceLine: sourceLineOf(result, p) })).join("\n"),
    `\
x.toml:2:10: this is not a number, true or false; write false
  daemon = off
           ^^^
x.toml:5:1: unknown directive "lisen" in http_api; did you mean "listen"?
  lisen = 1985
  ^^^^^
x.toml:6:8: expected "]]", found the end of the line
  [[vhost
         ^
x.toml:10:20: warning: "mode": "remot" is not one of "local", "remote" and counts as "local"; did you mean "remote"?
  cluster = { mode = 'remot', coworkers = ['b:99999'] }
                     ^^^^^^^
x.toml:10:42: "coworkers": "b:99999" is not host, host:port, [ipv6]:port, dns+http://name:port or srv+http://name
  cluster = { mode = 'remot', coworkers = ['b:99999'] }
                                           ^^^^^^^^^
x.toml:11:18: warning: "gop_cache": "yes" is neither "on" nor "off" and counts as "on"
  play.gop_cache = 'yes'
                   ^^^^^
x.toml:12:1: unknown directive "__proto__" in vhost
  __proto__ = 1
  ^^^^^^^^^`,
  );
});

Deno.test("keys that objects have of themselves are keys like any other, or unknown", () => {
  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    for (
      const text of [`${key} = 1`, `${key}.a = 1`, `[${key}]\na = 1`, `[[${key}]]`, `x = { ${key} = 1 }`, `[x.${key}]`]
    ) {
      const { problems } = loadConfig({ path: "x.toml", text: `listen = 1\n${text}` });
      assertEquals(problems.filter((p) => p.message.startsWith("unknown directive")).length, 1, text);
    }
    const { config, problems } = loadConfig({
      path: "x.toml",
      text: `listen = 1\n[[vhost]]\nname = "${key}"\n[threads]\n${key} = 1`,
    });
    assertEquals(config.vhosts.map(({ name }) => name), [key]);
    assertEquals(problems.map(({ severity }) => severity), ["warning"]);
  }
  assertEquals(Reflect.get({}, "a"), undefined);
});
