import { describePushLine, EdgeLog, parseLogLine } from "../../../../src/cli/demo/log.ts";
import { formatSrsLine, type LogLevel } from "../../../../src/base/log.ts";
import { assertEquals } from "../../../kit/assert.ts";

function line(text: string, cid = "edge0001", level: LogLevel = "info"): string {
  return formatSrsLine(0, level, 42, cid, text, true).trimEnd();
}

Deno.test("parseLogLine() reads what the logger writes, and nothing else", () => {
  assertEquals(parseLogLine(line("a [b] c", "x1", "warn")), { level: "WARN", cid: "x1", text: "a [b] c" });
  for (const other of ["", "srs-ts edge: cannot listen", "[a] b", "[t][WARN][x][y] z"]) {
    assertEquals(parseLogLine(other), null);
  }
});

Deno.test("EdgeLog knows where the stream comes from and who plays", () => {
  const log = new EdgeLog();
  const state = () => [log.pulledFrom, log.redirectedBy, log.players];
  const read = (text: string, cid?: string, level?: LogLevel) => log.read(parseLogLine(line(text, cid, level))!);
  assertEquals(state(), ["", "", 0]);
  read("play /live/livestream from 127.0.0.1", "player01");
  read("pull /live/livestream: 127.0.0.1:19351 redirects to 127.0.0.1:19350");
  assertEquals(state(), ["", "", 1]);
  read("pull /live/livestream from 127.0.0.1:19350");
  assertEquals(state(), ["127.0.0.1:19350", "127.0.0.1:19351", 1]);
  read("play /live/livestream from 127.0.0.1", "player02");
  read("client 127.0.0.1 left after 1.0 s: peerClosed (in 1 B, out 2 B)", "player01");
  read("client 127.0.0.1 left after 1.0 s: peerClosed (in 1 B, out 2 B)", "unknown0");
  assertEquals(state(), ["127.0.0.1:19350", "127.0.0.1:19351", 1]);
  read("pull /live/livestream: the stream ended", "edge0001", "warn");
  assertEquals(state(), ["", "", 1]);
  read("pull /live/livestream from 127.0.0.1:19350 after 12 ms without media");
  // Another origin was asked at the same time and is not needed any more.
  read("pull /live/livestream: stopped", "edge0001", "warn");
  assertEquals(state(), ["127.0.0.1:19350", "", 1]);
});

Deno.test("describePushLine() puts the reports of a push into words", () => {
  const progress = { event: "progress", server: "127.0.0.1:19350", kbps: 400, fps: 25 };
  const cases: [string, string | null][] = [
    [JSON.stringify(progress), "srs-ts push to 127.0.0.1:19350, 400 kbit/s, 25 fps"],
    [JSON.stringify({ ...progress, server: "" }), "srs-ts push is not connected"],
    ['{"event":"note","text":"publishing"}', "publishing"],
    ['{"event":"end"}', null],
    ["no json", null],
    ["null", null],
    ["", null],
  ];
  for (const [text, expected] of cases) assertEquals(describePushLine(text), expected, text);
});
