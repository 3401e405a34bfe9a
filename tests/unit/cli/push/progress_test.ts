import { assertEquals, assertLess } from "../../../kit/assert.ts";
import type { CliIo } from "../../../../src/cli/command.ts";
import { PushProgress } from "../../../../src/cli/push/progress.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

function create(options: { isTerminal?: boolean; json?: boolean } = {}) {
  const { isTerminal = false, json = false } = options;
  const timers = new ManualTimers();
  const printed = { out: "", err: "" };
  const io: CliIo = {
    out: (text) => printed.out += text,
    err: (text) => printed.err += text,
    isTerminal,
    color: false,
    stop: new AbortController().signal,
  };
  const counters = { bytes: 0, videoFrames: 0, audioFrames: 0, droppedFrames: 0, mediaMs: 0 };
  const status = { server: "127.0.0.1:1935", reconnects: 0 };
  const progress = new PushProgress({ io, timers, json, counters, status: () => status });
  /** A stream of 1000 kbit/s and 25 frames/s. */
  const play = (seconds: number) => {
    for (let i = 0; i < seconds * 2; i++) {
      counters.bytes += 62_500;
      counters.videoFrames += 12.5;
      counters.mediaMs += 500;
      timers.advance(500);
    }
  };
  progress.start();
  return { progress, printed, counters, status, play, timers };
}

Deno.test("PushProgress prints a line every five seconds where nobody watches", () => {
  const { printed, play, progress, timers } = create();
  play(11);
  assertEquals(
    printed.err,
    "00:00:05  1000 kbit/s  25.0 fps  0 dropped  0 reconnects\n" +
      "00:00:10  1000 kbit/s  25.0 fps  0 dropped  0 reconnects\n",
  );
  progress.stop();
  assertEquals(timers.pendingCount, 0);
});

Deno.test("PushProgress redraws one line on a terminal, and puts what happens above it", () => {
  const { printed, play, progress, status, counters } = create({ isTerminal: true });
  play(1);
  progress.note("lost it");
  status.server = "";
  status.reconnects = 1;
  counters.droppedFrames = 3;
  play(0.5);
  progress.stop();
  assertEquals(printed.err.split(/(?=\r)/), [
    "\r00:00:00  0 kbit/s  0.0 fps  0 dropped  0 reconnects\x1b[K",
    "\r00:00:01  1000 kbit/s  25.0 fps  0 dropped  0 reconnects\x1b[K",
    "\r\x1b[Klost it\n",
    "\r00:00:01  not connected  3 dropped  1 reconnect\x1b[K",
    "\r\x1b[K",
  ]);
  assertEquals(printed.out, "");
});

Deno.test("PushProgress fits a terminal of 80 columns after days of a fast stream", () => {
  const { printed, counters, status, timers, progress } = create({ isTerminal: true });
  counters.droppedFrames = 1_000_000;
  status.reconnects = 10_000;
  progress.stop();
  timers.advance(400 * 3_600_000);
  progress.start();
  counters.bytes = 1e12;
  timers.advance(500);
  progress.stop();
  for (const line of printed.err.split("\r")) assertLess(line.replaceAll("\x1b[K", "").length, 80, line);
});

Deno.test("PushProgress escapes what a server says", () => {
  const { printed, progress } = create();
  progress.note("NetStream.Publish.Denied \x1b[2Jgo away\n");
  assertEquals(printed.err, "NetStream.Publish.Denied \\x1b[2Jgo away\\x0a\n");
  progress.stop();
});

Deno.test("PushProgress writes one JSON object a line on request", () => {
  const { printed, play, progress } = create({ json: true, isTerminal: true });
  progress.note("publishing");
  play(5);
  progress.stop();
  progress.summarize(0);
  assertEquals(printed.err, "");
  const lines = printed.out.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  const state = { server: "127.0.0.1:1935", reconnects: 0, kbps: 1000, fps: 25 };
  const counted = { bytes: 625_000, videoFrames: 125, audioFrames: 0, droppedFrames: 0, mediaMs: 5000 };
  assertEquals(lines, [
    { event: "note", elapsedMs: 0, text: "publishing" },
    { event: "progress", elapsedMs: 5000, ...state, ...counted },
    { event: "end", elapsedMs: 5000, ...state, ...counted, status: 0 },
  ]);
});
