import { relativeTo, segmentPath, streamPath } from "../../../../src/server/hls/segment_path.ts";
import { assertEquals } from "../../../kit/assert.ts";

const names = { vhost: "v", app: "live/a", stream: "s" };
const segment = { number: 12, startMs: Date.UTC(2026, 10, 7, 5, 4, 3, 21), durationMs: 2001.4 };

Deno.test("segmentPath() replaces SRS's variables", () => {
  const path = segmentPath(
    "/[vhost]/[app]/[2006]-[01]-[02]/[15][04][05].[999]-[stream]-[seq]-[timestamp]-[duration].ts",
    names,
    segment,
    true,
  );
  assertEquals(path, `v/live/a/2026-11-07/050403.021-s-12-${segment.startMs}-2001.ts`);
  assertEquals(streamPath("[app]/[stream]/[seq].m3u8", names), "live/a/s/[seq].m3u8");
});

Deno.test("names of streams stay names: none leads out of its folder, none is a variable", () => {
  for (const stream of ["..", ".", ".x", "../x", "a/../../x", "a\\b", "a\0b", "x".repeat(201)]) {
    assertEquals(streamPath("[app]/[stream]", { ...names, stream }), null, stream);
  }
  assertEquals(streamPath("[app]/[stream].m3u8", { ...names, stream: "[app]" }), "live/a/[app].m3u8");
});

Deno.test("relativeTo() finds the way from a playlist to a file", () => {
  assertEquals(relativeTo("live/s.m3u8", "live/s-1.ts"), "s-1.ts");
  assertEquals(relativeTo("live/s.m3u8", "live/2026/s 1.ts"), "2026/s%201.ts");
  assertEquals(relativeTo("live/s/index.m3u8", "live/s-1.ts"), "../s-1.ts");
  assertEquals(relativeTo("s.m3u8", "a/b.ts"), "a/b.ts");
});
