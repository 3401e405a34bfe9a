import { assertEquals } from "../../kit/assert.ts";
import { SrsLexer } from "../../../src/config/srs/lexer.ts";

/** Tokens as short text: words as `a@line:column`, `!` for errors; ends without `eof`. */
function lex(text: string): string[] {
  const found: string[] = [];
  const lexer = new SrsLexer(text, (line, column, message) => found.push(`!${line}:${column} ${message}`));
  for (;;) {
    const token = lexer.next();
    if (token.kind === "eof") return found;
    if (token.kind === "word") found.push(`${token.word.text}@${token.word.line}:${token.word.column}`);
    else if (token.kind === "comment") {
      found.push(`#${token.comment.text}@${token.comment.line}:${token.comment.column}`);
    } else found.push(token.kind);
  }
}

const cases: { name: string; text: string; tokens: string[] }[] = [
  { name: "words, spaces and tabs", text: "a \t b;", tokens: ["a@1:1", "b@1:5", ";"] },
  { name: "; and { end a word", text: "a{b;c;}", tokens: ["a@1:1", "{", "b@1:3", ";", "c@1:5", ";", "}"] },
  { name: "} does not end a word", text: "on};", tokens: ["on}@1:1", ";"] },
  { name: "} at the start of a token", text: "on;}", tokens: ["on@1:1", ";", "}"] },
  { name: "a comment where a directive begins", text: "#x y;\na;", tokens: ["#x y;@1:1", "a@2:1", ";"] },
  {
    name: "a comment after ; { and }",
    text: "a;#1\nb{#2\n}#3",
    tokens: "a@1:1 ; #1@1:3 b@2:1 { #2@2:3 } #3@3:2".split(" "),
  },
  { name: "# inside a word", text: "a#b c#;", tokens: ["a#b@1:1", "c#@1:5", ";"] },
  { name: "# between arguments hides the ;", text: "a b #c;\n", tokens: ["a@1:1", "b@1:3", "#c;@1:5", "lineEnd"] },
  { name: "double quotes", text: `a "b ;{}#c" d;`, tokens: ["a@1:1", "b ;{}#c@1:3", "d@1:13", ";"] },
  { name: "single quotes", text: `a 'b "x" c';`, tokens: ["a@1:1", `b "x" c@1:3`, ";"] },
  { name: "a quoted word then {", text: `a "b"{`, tokens: ["a@1:1", "b@1:3", "{"] },
  { name: "no escapes in quotes", text: `a "b\\" c;`, tokens: ["a@1:1", "b\\@1:3", "c@1:8", ";"] },
  { name: "a quote inside a word", text: `a b"c'd;`, tokens: ["a@1:1", `b"c'd@1:3`, ";"] },
  { name: "an empty quoted word does not exist", text: `a "" '' b;`, tokens: ["a@1:1", "b@1:9", ";"] },
  {
    name: "text after a closing quote",
    text: `a "b"c;`,
    tokens: [
      "a@1:1",
      `!1:6 unexpected "c" after a closing quote; a space, ";" or "{" must follow`,
      "b@1:3",
      "c@1:6",
      ";",
    ],
  },
  {
    name: "} after a closing quote",
    text: `a "b"}`,
    tokens: ["a@1:1", `!1:6 unexpected "}" after a closing quote; a space, ";" or "{" must follow`, "b@1:3", "}"],
  },
  { name: "quotes over lines in a name", text: `"a\nb" c;`, tokens: ["a\nb@1:1", "c@2:4", ";"] },
  {
    name: "quotes over lines in an argument",
    text: `a "b\nc";`,
    tokens: ["a@1:1", `!1:3 the closing " is missing`, "b@1:4", "lineEnd", `c"@2:1`, ";"],
  },
  {
    name: "a quote that is never closed",
    text: `a 'b;`,
    tokens: ["a@1:1", "!1:3 the closing ' is missing", "b@1:4", ";"],
  },
  { name: "a line end in a directive", text: "a\nb;\nc;", tokens: ["a@1:1", "lineEnd", "b@2:1", ";", "c@3:1", ";"] },
  { name: "LF", text: "a;\n\nb;\n", tokens: ["a@1:1", ";", "b@3:1", ";"] },
  { name: "CR LF", text: "a;\r\n\r\nb;\r\n", tokens: ["a@1:1", ";", "b@3:1", ";"] },
  { name: "CR alone", text: "#x\ra;\r\rb;\r", tokens: ["#x@1:1", "a@2:1", ";", "b@4:1", ";"] },
  { name: "no line end at the end", text: "a;\nb;", tokens: ["a@1:1", ";", "b@2:1", ";"] },
  { name: "a byte order mark", text: "\ufeffa;", tokens: ["a@1:1", ";"] },
  { name: "letters of any script", text: "名 é;", tokens: ["名@1:1", "é@1:3", ";"] },
  { name: "nothing", text: "", tokens: [] },
];

for (const { name, text, tokens } of cases) {
  Deno.test(`SrsLexer reads ${name}`, () => assertEquals(lex(text), tokens));
}

Deno.test("SrsLexer gives eof again and again", () => {
  const lexer = new SrsLexer("a", () => {});
  assertEquals([lexer.next().kind, lexer.next().kind, lexer.next().kind], ["word", "eof", "eof"]);
});
