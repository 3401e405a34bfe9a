import { createScreen } from "../../../../src/cli/demo/screen.ts";
import { type DemoView, formatLine, formatTable, wrapLine } from "../../../../src/cli/demo/table.ts";
import { assert, assertEquals, assertStringIncludes } from "../../../kit/assert.ts";
import { RecordedIo } from "../../../kit/memory/recorded_io.ts";

const view: DemoView = {
  elapsedMs: 12_345,
  leftMs: null,
  stream: "live/livestream",
  publisher: "srs-ts push to 127.0.0.1:19350, 400 kbit/s, 25 fps",
  servers: [
    {
      name: "origin A",
      rtmpPort: 19350,
      stream: "published here, H264 640x360",
      players: 12,
      recvKbps: 400,
      sendKbps: 12_000,
    },
    {
      name: "edge",
      rtmpPort: 1935,
      stream: "pulled from origin A (via origin B)",
      players: null,
      recvKbps: null,
      sendKbps: null,
    },
  ],
  players: [{
    name: "origin B",
    frames: 123_456,
    kbps: 10_000,
    state: "playing from origin A, redirected by origin B",
  }],
  hints: [["Watch", "ffplay rtmp://127.0.0.1/live/livestream"], ["", "vlc rtmp://127.0.0.1/live/livestream"]],
};

Deno.test("formatTable() aligns its columns within 80", () => {
  const lines = formatTable(view);
  assertEquals(lines.slice(0, 8), [
    "srs-ts demo: two origins and an edge, watching for 12 s; Ctrl-C to stop",
    "",
    "server     port  live/livestream                      players  in kbit/s    out",
    "origin A  19350  published here, H264 640x360              12        400  12000",
    "edge       1935  pulled from origin A (via origin B)        -          -      -",
    "",
    "player of  frames  kbit/s",
    "origin B   123456   10000  playing from origin A, redirected by origin B",
  ]);
  assert(lines.every((line) => line.length < 80));
  assertStringIncludes(formatTable({ ...view, leftMs: 4100 })[0] ?? "", "stops in 5 s");
});

Deno.test("formatTable() and wrapLine() fit a narrow terminal, and lose nothing but the rates", () => {
  const lines = formatTable(view, 60);
  assertEquals(lines[2], "server     port  live/livestream                      players");
  for (
    const line of [...lines, `Publish    ffmpeg -re -i FILE -c copy -f flv rtmp://127.0.0.1/live/${"x".repeat(90)}`]
  ) {
    const parts = wrapLine(line, 59);
    assert(parts.every((part) => part.length <= 59), line);
    assertEquals(parts.join("").replace(/ /g, ""), line.replace(/ /g, ""));
  }
  assertEquals(wrapLine("Watch      ffplay rtmp://h/live/s", 25), [
    "Watch      ffplay",
    "           rtmp://h/live/",
    "           s",
  ]);
});

Deno.test("formatLine() tells everything in one line", () => {
  assertEquals(
    formatLine(view),
    "  12 s  publisher: srs-ts push to 127.0.0.1:19350, 400 kbit/s, 25 fps; " +
      "origin A: published here, H264 640x360, players 12, in 400 out 12000 kbit/s; " +
      "edge: pulled from origin A (via origin B), players -; " +
      "player of origin B: 123456 frames, 10000 kbit/s, playing from origin A, redirected by origin B",
  );
});

Deno.test("createScreen() without a terminal prints the hints once, then a line every five seconds", () => {
  const io = new RecordedIo();
  const screen = createScreen(io);
  for (const elapsedMs of [0, 500, 4900, 5000, 5500, 10_100]) screen.show({ ...view, elapsedMs });
  screen.close();
  const lines = io.stdout.trimEnd().split("\n");
  assertEquals(lines.slice(0, 2).map((text) => text.trim().split(/\s+/)[0]), ["Watch", "vlc"]);
  assertEquals(lines.slice(2).map((text) => text.slice(0, 6)), ["   5 s", "  10 s"]);
  assert(!io.stdout.includes("\x1b"));
});

Deno.test("createScreen() on a terminal draws over the old table, keeps warnings below and wraps what is too long", () => {
  const io = new RecordedIo({ isTerminal: true });
  const screen = createScreen(io);
  screen.show(view);
  const height = formatTable(view).length;
  io.stdout = "";
  const warning = `edge: ${"long ".repeat(100)}\x1b[2J`;
  const warningLines = wrapLine(warning.replace("\x1b", "\\x1b"), 79).length;
  screen.warn(warning);
  assert(io.stdout.startsWith(`\x1b[${height}A\r`), JSON.stringify(io.stdout.slice(0, 20)));
  assertStringIncludes(io.stdout, "edge: long");
  assert(!io.stdout.includes("\x1b[2J"), "what a peer sent steers the terminal");
  io.stdout = "";
  screen.print("a log line");
  assert(
    io.stdout.startsWith(`\x1b[${height + 1 + warningLines}A\r\x1b[Ja log line\n`),
    JSON.stringify(io.stdout.slice(0, 30)),
  );
  screen.close();
  assert(io.stdout.endsWith("\x1b[?25h"));
});
