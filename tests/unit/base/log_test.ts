import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import {
  createLogger,
  escapeControls,
  formatJsonLine,
  formatSrsLine,
  type LogLevel,
  setUpLogging,
} from "../../../src/base/log.ts";

const atMs = Date.UTC(2024, 9, 15, 12, 34, 56, 7);

Deno.test("formatSrsLine writes time, level, pid and context id in brackets", () => {
  const line = formatSrsLine(atMs, "info", 1234, "abcd1234", "client connected", true);
  assertEquals(line, "[2024-10-15 12:34:56.007][INFO][1234][abcd1234] client connected\n");
});

Deno.test("formatSrsLine writes local time unless told otherwise", () => {
  const date = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const local = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${
    two(date.getMinutes())
  }:56.007`;
  assertEquals(formatSrsLine(atMs, "warn", 1, "c", "t", false), `[${local}][WARN][1][c] t\n`);
});

Deno.test("formatSrsLine keeps a line a line, whatever a peer put into the text", () => {
  const line = formatSrsLine(atMs, "error", 1, "c", "a\r\nb\x1b[31m\x9b\u0000", true);
  assert(line.endsWith("] a\\x0d\\x0ab\\x1b[31m\\x9b\\x00\n"), line);
  const long = formatSrsLine(atMs, "error", 1, "c", "x".repeat(100_000), true);
  assertLess(long.length, 8192);
  assert(long.endsWith("x\n"));
});

Deno.test("formatJsonLine() writes one object that says the same, and no control character as such", () => {
  const text = 'a "b"\n\x1b[31m\x9b\x7f {c} \ud800';
  const line = formatJsonLine(atMs, "warn", 7, "abcd1234", text);
  assertEquals(JSON.parse(line), {
    time: "2024-10-15T12:34:56.007Z",
    level: "warn",
    pid: 7,
    cid: "abcd1234",
    text,
  });
  assertEquals(line.indexOf("\n"), line.length - 1);
  assertEquals(/(?!\n)\p{Cc}/u.test(line), false);
  assertLess(formatJsonLine(atMs, "warn", 7, "c", "x".repeat(100_000)).length, 8192);
});

Deno.test("escapeControls leaves other text alone", () => {
  assertEquals(escapeControls("live/直播?k=v {braces} %s"), "live/直播?k=v {braces} %s");
});

Deno.test("loggers write lines of their level and above, with their context id and braces as they are", () => {
  const lines: string[] = [];
  const levels: LogLevel[] = [];
  const write = (line: string, level: LogLevel) => {
    lines.push(line.slice(line.indexOf("][") + 1));
    levels.push(level);
  };
  const logger = createLogger("first");
  setUpLogging({ level: "warn", pid: 42, utc: true, write });
  logger.info("not shown");
  logger.warn("a {cid} b");
  logger.withCid("second").error("c");
  assertEquals(lines, ["[WARN][42][first] a {cid} b\n", "[ERROR][42][second] c\n"]);
  assertEquals(levels, ["warn", "error"]);

  lines.length = 0;
  setUpLogging({ level: "trace", pid: 42, utc: true, write });
  logger.trace("t");
  logger.debug("d");
  logger.info("i");
  assertEquals(lines, ["[TRACE][42][first] t\n", "[DEBUG][42][first] d\n", "[INFO][42][first] i\n"]);

  lines.length = 0;
  setUpLogging({ level: "off", pid: 42, utc: true, write });
  logger.error("not shown");
  assertEquals(lines, []);

  setUpLogging({ level: "info", pid: 42, utc: true, format: "json", write: (line) => lines.push(line) });
  logger.info("j {k}");
  assertEquals(JSON.parse(lines.at(-1) ?? "").text, "j {k}");
});

Deno.test("no name of a peer turns the rest of a line around or ends it, in either format", () => {
  const text = "live\u202e/\u2066a\u2028b\u200f";
  assertEquals(escapeControls(text), "live\\u202e/\\u2066a\\u2028b\\u200f");
  const line = formatJsonLine(atMs, "info", 1, "c", text);
  assertEquals(/[\u2028\u200f\u202e\u2066]/.test(line), false);
  assertEquals(JSON.parse(line).text, text);
});
