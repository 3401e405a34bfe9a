import { DiscontinuityCount } from "../../../../src/hls/discontinuity_count.ts";
import { DiscontinuityBook, firstCount } from "../../../../src/server/hls/discontinuity_book.ts";
import { markHeader, readKnownCountHeader, readMarkHeader } from "../../../../src/stream/publish_facts.ts";
import { assert, assertEquals, assertLess } from "../../../kit/assert.ts";

const NOW_MS = Date.UTC(2026, 10, 28);

Deno.test("what a stream begins with whose count nobody knows grows with time, and stays small for decades", () => {
  assertEquals(firstCount(NOW_MS + 3_600_000) - firstCount(NOW_MS), 1);
  assertEquals(firstCount(0), 0);
  // hls.js 1.7 takes seconds for each segment with 200 million, and no time that can be measured with 60 thousand.
  assertLess(firstCount(Date.UTC(2080, 0, 1)), 1_000_000);
});

Deno.test("the highest count of a stream is remembered, of the latest streams, and none that makes no sense", () => {
  const book = new DiscontinuityBook({ wallMs: () => NOW_MS });
  assertEquals(book.of("/live/s"), null);
  book.note("/live/s", 7);
  book.hear("/live/s", 3);
  book.hear("/live/s", null);
  assertEquals(book.of("/live/s"), 7);
  book.hear("/live/s", 9);
  book.hear("/live/s", firstCount(NOW_MS) + 100_001);
  book.hear("/live/s", Number.MAX_SAFE_INTEGER);
  assertEquals(book.of("/live/s"), 9);
  for (let i = 0; i < 10_000; i++) book.hear(`/live/${i}`, 1);
  assertEquals([book.of("/live/s"), book.of("/live/0")], [null, 1]);
});

Deno.test("a mark counts from its time on, whether it comes before the change that it is of or after", () => {
  const count = new DiscontinuityCount();
  assertEquals([count.at(100, { count: 5, fromMs: 0 }), count.at(250, { count: 5, fromMs: 0 })], [5, 5]);
  // Word of a change comes before the change.
  assertEquals([count.at(250, { count: 6, fromMs: 300 }), count.at(300, { count: 6, fromMs: 300 })], [5, 6]);
  count.add(300);
  count.add(300);
  assertEquals(count.at(320, { count: 6, fromMs: 300 }), 6);
  count.add(400);
  assertEquals(count.at(400, { count: 6, fromMs: 300 }), 7);
  assertEquals(count.at(400, { count: 7, fromMs: 400 }), 7);
  // Whoever was told of it only afterwards counts back.
  const late = new DiscontinuityCount();
  late.expect();
  assertEquals(late.at(100, { count: 6, fromMs: 300 }), 5);
  late.add(300);
  assertEquals([late.at(100, { count: 6, fromMs: 300 }), late.at(300, { count: 6, fromMs: 300 })], [5, 6]);
});

Deno.test("headers tell marks and counts, and nothing that makes no sense", () => {
  const mark = { count: 7, fromMs: NOW_MS };
  assertEquals(readMarkHeader(markHeader(mark)), mark);
  for (const text of [null, "", "7", "7;", ";7", "-1;7", "7;7;7", "9999999999999999;7", "7; 7"]) {
    assertEquals(readMarkHeader(text), null, `${text}`);
  }
  assertEquals([readKnownCountHeader("7"), readKnownCountHeader("7;8"), readKnownCountHeader("1e3")], [7, null, null]);
  assert(readKnownCountHeader("9999999999999999") === null);
});
