import { assertEquals } from "../kit/assert.ts";
import { TomlScanner } from "../../src/config/toml/scanner.ts";
import type { TomlKey, TomlStatement, TomlValue } from "../../src/config/toml/syntax.ts";

/** Statements as short text with their places; `!` for errors. */
function scan(text: string): string[] {
  const found: string[] = [];
  const scanner = new TomlScanner(text, ({ line, column }, message, suggestion) => {
    found.push(`!${line}:${column} ${message}${suggestion ? `; ${suggestion}` : ""}`);
  });
  for (;;) {
    const statement = scanner.next();
    if (!statement) return found;
    found.push(show(statement));
  }
}

function show(statement: TomlStatement): string {
  if (statement.kind === "comment") return `#${statement.text}@${statement.line}:${statement.column}`;
  if (statement.kind === "lostHeader") return "lost";
  const remark = statement.remark ? ` #${statement.remark.text}@${statement.remark.column}` : "";
  const keys = statement.keys.map(showKey).join(".");
  if (statement.kind === "header") return (statement.many ? `[[${keys}]]` : `[${keys}]`) + remark;
  return `${keys}=${showValue(statement.value)}${remark}`;
}

function showKey({ text, line, column }: TomlKey): string {
  return `${text}@${line}:${column}`;
}

function showValue(value: TomlValue): string {
  if (value.kind === "table") return `{${value.pairs.map(show).join(",")}}`;
  if (value.kind !== "array") return `${value.kind[0]}:${value.raw}@${value.line}:${value.column}`;
  const elements = value.elements.map(({ value: element, comments, remark }) =>
    comments.map(({ text }) => `#${text} `).join("") + showValue(element) + (remark ? ` #${remark.text}` : "")
  );
  return `[${[...elements, ...value.tail.map(({ text }) => `#${text}`)].join(",")}]`;
}

const cases: { name: string; text: string; found: string[] }[] = [
  { name: "nothing", text: "", found: [] },
  { name: "empty lines", text: " \n\t\r\n\n", found: [] },
  { name: "a pair", text: "a = 1", found: ["a@1:1=n:1@1:5"] },
  { name: "blanks and line ends", text: "\ufeff a=1\r\n\tb\t=\t'x' \n", found: ["a@1:2=n:1@1:4", "b@2:2=s:'x'@2:6"] },
  {
    name: "comments",
    text: "#x\na = 1 # y\n  #z#",
    found: ["#x@1:1", "a@2:1=n:1@2:5 # y@7", "#z#@3:3"],
  },
  { name: "headers", text: "[a]\n[[ b . c ]] # d", found: ["[a@1:2]", "[[b@2:4.c@2:8]] # d@13"] },
  { name: "quoted keys", text: `"a b".'c#'."\\u0041" = 1`, found: ["a b@1:1.c#@1:7.A@1:12=n:1@1:23"] },
  { name: "numeric keys", text: "1.2 = 3", found: ["1@1:1.2@1:3=n:3@1:7"] },
  { name: "truth values", text: "a = true\nb = false", found: ["a@1:1=b:true@1:5", "b@2:1=b:false@2:5"] },
  {
    name: "numbers",
    text: "a = [0, -1, +2, 1_000, 1.5, -0.0, 1e3, 1.0E-3, 0xFf, 0o17, 0b1_0]",
    found: [
      "a@1:1=[n:0@1:6,n:-1@1:9,n:+2@1:13,n:1_000@1:17,n:1.5@1:24,n:-0.0@1:29,n:1e3@1:35,n:1.0E-3@1:40,n:0xFf@1:48," +
      "n:0o17@1:54,n:0b1_0@1:60]",
    ],
  },
  {
    name: "strings",
    text: `a = "x\\"#\\\\" # y\nb = ''\nc = ""\nd = 'x\\'`,
    found: [`a@1:1=s:"x\\"#\\\\"@1:5 # y@14`, "b@2:1=s:''@2:5", `c@3:1=s:""@3:5`, "d@4:1=s:'x\\'@4:5"],
  },
  {
    name: "strings of several lines",
    text: 'a = """\nx "" \\\n  y"""" # z\nb = \'\'\'\r\n\'\' x\'\'\'\nc = 1',
    found: [
      'a@1:1=s:"""\nx "" \\\n  y""""@1:5 # z@9',
      "b@4:1=s:'''\r\n'' x'''@4:5",
      "c@6:1=n:1@6:5",
    ],
  },
  {
    name: "lists with comments",
    text: "a = [ # one\n  # two\n  1, # three\n  [2], 3 # four\n  # five\n  ,\n  # six\n]",
    found: ["a@1:1=[# one # two n:1@3:3 # three,[n:2@4:4],n:3@4:8 # four,# five,# six]"],
  },
  { name: "an empty list", text: "a = []\nb = [ # x\n]", found: ["a@1:1=[]", "b@2:1=[# x]"] },
  {
    name: "inline tables",
    text: "a = { b = 1, c.d = [2] }\ne = {}",
    found: ["a@1:1={b@1:7=n:1@1:11,c@1:14.d@1:16=[n:2@1:21]}", "e@2:1={}"],
  },
  { name: "several pairs on a line", text: "a = 1 b = 2", found: ['!1:7 expected the end of the line, found "b"'] },
  {
    name: "a missing value",
    text: "a =\nb = 1",
    found: ["!1:4 expected a value, found the end of the line", "b@2:1=n:1@2:5"],
  },
  {
    name: "a missing =",
    text: "a 1\nb",
    found: ['!1:3 expected "=" after "a", found "1"', '!2:2 expected "=" after "b", found the end of the file'],
  },
  {
    name: "a missing key",
    text: "= 1\n[]",
    found: ['!1:1 expected a key, found "="', '!2:2 expected a key, found "]"', "lost"],
  },
  { name: "SRS's switches", text: "a = on", found: ["!1:5 this is not a number, true or false; write true"] },
  {
    name: "text without quotes",
    text: "a = x/y:1",
    found: ["!1:5 this is not a number, true or false; put it in quotes"],
  },
  {
    name: "numbers that TOML has not",
    text: "a = 01\nb = 1.\nc = .5\nd = 1__0\ne = inf\nf = 1979-05-27",
    found: [1, 2, 3, 4, 5, 6].map((line) => `!${line}:5 this is not a number, true or false; put it in quotes`),
  },
  {
    name: "wrong strings",
    text: `a = "x\nb = 'x\nc = "\\q"\nd = "\x01"\ne = "\\ud800"\nf = """x`,
    found: [
      '!1:5 the closing " is missing',
      "!2:5 the closing ' is missing",
      "!3:6 unknown escape \"\\q\"; write \\\\ for a backslash, or put the text between '...'",
      "!4:6 a control character must be written as \\u and four hexadecimal digits",
      "!5:6 unknown escape \"\\u\"; write \\\\ for a backslash, or put the text between '...'",
      '!6:5 the closing """ is missing',
    ],
  },
  {
    name: "a list that is not closed, up to the next pair",
    text: "a = [1,\n 2 3,\n 4,\n]\nb = [1,\nc = 2",
    found: [
      '!2:4 expected "," or "]", found "3"',
      "!6:1 this is not a number, true or false; put it in quotes",
    ],
  },
  {
    name: "control characters in comments",
    text: "# \x01\na = 1 # \x7f",
    found: ["!1:3 a comment cannot contain control characters", "!2:9 a comment cannot contain control characters"],
  },
  {
    name: "a carriage return alone",
    text: "a = 1\rb = 2",
    found: ["!1:6 expected the end of the line, found a carriage return alone"],
  },
  {
    name: "a list in brackets of a header",
    text: "[a\n[[b]\nc = 1",
    found: [
      '!1:3 expected "]", found the end of the line',
      "lost",
      '!2:4 expected "]]", found "]"',
      "lost",
      "c@3:1=n:1@3:5",
    ],
  },
];

for (const { name, text, found } of cases) {
  Deno.test(`TomlScanner reads ${name}`, () => assertEquals(scan(text), found));
}

Deno.test("TomlScanner stops at 64 levels", () => {
  assertEquals(scan(`a = ${"[".repeat(65)}${"]".repeat(65)}`), [
    "!1:69 keys and values are nested deeper than 64 levels",
  ]);
  assertEquals(scan(`${"a.".repeat(64)}a = 1`), ["!1:130 keys and values are nested deeper than 64 levels"]);
  assertEquals(scan(`a = ${"{a=".repeat(65)}`).length, 1);
});

Deno.test("TomlScanner gives up on a file with a thousand errors", () => {
  assertEquals(scan("= 1\n".repeat(5000)).length, 1000);
});
