import { assert, assertEquals } from "../../kit/assert.ts";
import { ProblemList } from "../../../src/config/problem.ts";
import { isDirectiveName } from "../../../src/config/schema/row_index.ts";
import { type ConfBlock, parseSrsConf } from "../../../src/config/srs/parser.ts";

/** The tree on one line, arguments with spaces in quotes. */
function show(block: ConfBlock): string {
  return block.directives.map((directive) => {
    const words = [directive.name, ...directive.args].map(({ text }) => /\s/.test(text) ? `"${text}"` : text);
    return words.join(" ") + (directive.block ? ` { ${show(directive.block)} }`.replace("{  }", "{ }") : ";");
  }).join(" ");
}

function parse(text: string): { tree: string; errors: string[] } {
  const problems = new ProblemList();
  const tree = show(parseSrsConf(text, { file: "x", problems, isName: isDirectiveName }));
  const errors = problems.sorted(["x"]).map((p) => `${p.line}:${p.column} ${p.message}`);
  return { tree, errors };
}

const valid: { text: string; tree: string }[] = [
  { text: "listen 1935;", tree: "listen 1935;" },
  { text: "a;b c d;", tree: "a; b c d;" },
  { text: "vhost a.com {\n}\n", tree: "vhost a.com { }" },
  { text: "a{b{c;}d;}", tree: "a { b { c; } d; }" },
  { text: "a {\n  b c;\n}\nd;", tree: "a { b c; } d;" },
  { text: `a "b c" '';`, tree: `a "b c";` },
  { text: "a; a; a {} a {}", tree: "a; a; a { } a { }" },
  { text: "a on; # the end", tree: "a on;" },
  { text: "a { b on;}", tree: "a { b on; }" },
  { text: `"" a;`, tree: "a;" },
  { text: "", tree: "" },
];

for (const { text, tree } of valid) {
  Deno.test(`parseSrsConf accepts ${JSON.stringify(text)}`, () => {
    assertEquals(parse(text), { tree, errors: [] });
  });
}

const broken: { name: string; text: string; tree: string; errors: string[] }[] = [
  {
    name: "a line end before ;",
    text: "listen 1935\nchunk_size 1;",
    tree: "listen 1935; chunk_size 1;",
    errors: ['1:12 ";" is missing after "listen 1935"'],
  },
  {
    name: "an argument on the next line",
    text: "listen\n1935;",
    tree: "listen 1935;",
    errors: ['1:7 the line ends in the middle of "listen"'],
  },
  {
    name: "arguments on several lines",
    text: "origin a\n  1.2.3.4\n  b.com:1;",
    tree: "origin a 1.2.3.4 b.com:1;",
    errors: ['1:9 the line ends in the middle of "origin a"'],
  },
  {
    name: "{ on the next line",
    text: "vhost a\n{\n}",
    tree: "vhost a { }",
    errors: ['1:8 "{" must be on the same line as "vhost a"'],
  },
  {
    name: "; on the next line",
    text: "listen 1\n;pid x;",
    tree: "listen 1; pid x;",
    errors: ['1:9 ";" must be on the same line as "listen 1"'],
  },
  {
    name: "CR as the line end before ;",
    text: "listen 1\rpid x;",
    tree: "listen 1; pid x;",
    errors: ['1:9 ";" is missing after "listen 1"'],
  },
  {
    name: "a comment before ;",
    text: "listen 1 # x;\npid x;",
    tree: "listen 1; pid x;",
    errors: ['1:9 ";" is missing after "listen 1"'],
  },
  {
    name: "} in the last word",
    text: "a {\n b on}\nc;",
    tree: "a { b on; } c;",
    errors: ['2:6 "}" ends a block only after ";"'],
  },
  {
    name: "}} in the last word of the file",
    text: "a { b { c on}}",
    tree: "a { b { c on; } }",
    errors: ['1:13 "}" ends a block only after ";"'],
  },
  {
    name: "}} in the last word of a line",
    text: "a { b { c on}}\n",
    tree: "a { b { c on; } }",
    errors: ['1:13 "}" ends a block only after ";"'],
  },
  {
    name: "} in the middle of a directive",
    text: "a { b c }",
    tree: "a { b c; }",
    errors: ['1:9 ";" is missing after "b c"'],
  },
  { name: "; without a word", text: "a; ; b;", tree: "a; b;", errors: ['1:4 unexpected ";"'] },
  { name: "; after an empty quoted word", text: `"";`, tree: "", errors: ['1:3 unexpected ";"'] },
  { name: "{ without a word", text: "{ a; } b;", tree: "b;", errors: ['1:1 unexpected "{"'] },
  { name: "} without a block", text: "a; } b;", tree: "a; b;", errors: ['1:4 unexpected "}": no block is open'] },
  { name: "the end in a directive", text: "a b", tree: "a b;", errors: ['1:4 ";" is missing after "a b"'] },
  {
    name: "the end in a block",
    text: "a {\n b;\n",
    tree: "a { b; }",
    errors: ['3:1 unexpected end of the file: the block "a" from line 1 is still open'],
  },
  {
    name: "a name over two lines without its ;",
    text: `"a\nb" \nlisten 1;`,
    tree: `"a\nb"; listen 1;`,
    errors: [`2:4 ";" is missing after "a\nb"`],
  },
  {
    name: "text after a quote, once",
    text: `a "b"c\nlisten 1;`,
    tree: "a b c; listen 1;",
    errors: ['1:6 unexpected "c" after a closing quote; a space, ";" or "{" must follow'],
  },
  {
    name: "an open quote, once",
    text: `pid "x\nlisten 1;`,
    tree: "pid x; listen 1;",
    errors: ['1:5 the closing " is missing'],
  },
];

for (const { name, text, tree, errors } of broken) {
  Deno.test(`parseSrsConf reports ${name} and goes on`, () => assertEquals(parse(text), { tree, errors }));
}

Deno.test("parseSrsConf keeps positions, comments and the line of the end", () => {
  const text = "# one\n# two\na 'b' { # three\n  c; # four\n  # five\n} # six\n";
  const { directives: [a], tailComments } = parseSrsConf(text, { file: "x", problems: new ProblemList() });
  assert(a?.block);
  assertEquals(a.comments.map((comment) => comment.text), [" one", " two"]);
  assertEquals(a.name, { text: "a", line: 3, column: 1, quoted: false });
  assertEquals(a.args, [{ text: "b", line: 3, column: 3, quoted: true }]);
  assertEquals([a.file, a.endLine, a.block.directives[0]?.endLine], ["x", 6, 4]);
  assertEquals(a.block.directives[0]?.comments, [{ text: " three", line: 3, column: 9 }]);
  assertEquals(a.block.tailComments.map((comment) => comment.text), [" four", " five"]);
  assertEquals(tailComments.map((comment) => comment.text), [" six"]);
});

Deno.test("parseSrsConf stops at 64 levels", () => {
  const nested = (levels: number) => parse("a {".repeat(levels) + "}".repeat(levels)).errors;
  assertEquals(nested(64), []);
  assertEquals(nested(65), ["1:195 blocks and includes are nested deeper than 64 levels"]);
  assertEquals(nested(100_000).length, 1);
});
