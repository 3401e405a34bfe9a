import { EpochBook, MAX_CLOCK_AHEAD_MS } from "../../../src/cluster/epoch_book.ts";
import { assertEquals } from "../../kit/assert.ts";

const START_MS = 1_700_000_000_000;

function stage() {
  const clock = { ms: START_MS, wallOffsetMs: 0 };
  const book = new EpochBook({ nowMs: () => clock.ms, wallMs: () => clock.ms + clock.wallOffsetMs });
  return { clock, book };
}

Deno.test("EpochBook.next() is the time, and higher than all before, whatever the clock does", () => {
  const { clock, book } = stage();
  assertEquals([book.next("k", 0), book.next("k", 0), book.next("other", 0)], [START_MS, START_MS + 1, START_MS]);
  clock.wallOffsetMs = -3_600_000;
  assertEquals(book.next("k", 0), START_MS + 2);
  assertEquals(book.next("k", START_MS + 99), START_MS + 100);
});

Deno.test("EpochBook accepts no older publish than the one that feeds a stream, nor for a while after that broke off", () => {
  const { clock, book } = stage();
  const hold = book.hold("k", START_MS);
  assertEquals([book.accepts("k", START_MS - 1), book.accepts("k", START_MS)], [false, true]);
  assertEquals(book.accepts("other", 1), true);
  hold.release(false);
  clock.ms += 29_999;
  assertEquals(book.accepts("k", START_MS - 1), false);
  clock.ms += 1;
  assertEquals(book.accepts("k", START_MS - 1), true);
});

Deno.test("EpochBook accepts an older publish where nobody has had a newer one since the older one was offered, for 5 s", () => {
  const { clock, book } = stage();
  book.hold("k", START_MS).release(false);
  assertEquals(book.accepts("k", START_MS - 9), false);
  clock.ms += 3000;
  // The newest one is back for a moment: what is older waits anew.
  book.hold("k", START_MS).release(false);
  assertEquals(book.accepts("k", START_MS - 9), false);
  clock.ms += 4999;
  assertEquals(book.accepts("k", START_MS - 9), false);
  clock.ms += 1;
  assertEquals(book.accepts("k", START_MS - 9), true);
  const older = book.hold("k", START_MS - 9);
  assertEquals([book.highest("k"), book.accepts("k", START_MS - 10)], [START_MS - 9, false]);
  // A newer one is welcome at any time.
  assertEquals(book.accepts("k", START_MS), true);
  older.release(false);
});

Deno.test("EpochBook accepts whoever has a stream once the newest publish of it has ended in order", () => {
  const { book } = stage();
  const older = book.hold("k", START_MS - 5);
  const newer = book.hold("k", START_MS);
  // The older one ended, not the one that counts.
  older.release(true);
  assertEquals(book.accepts("k", START_MS - 5), false);
  newer.release(true);
  newer.release(true);
  assertEquals(book.accepts("k", START_MS - 5), true);
});

Deno.test("EpochBook does not believe an epoch from far ahead", () => {
  const { book } = stage();
  book.hold("k", START_MS + MAX_CLOCK_AHEAD_MS + 1);
  assertEquals(book.accepts("k", START_MS), true);
  book.hold("k", START_MS + MAX_CLOCK_AHEAD_MS);
  assertEquals(book.accepts("k", START_MS), false);
});

Deno.test("EpochBook.next() is not below what a coworker could give whose clock is ahead", () => {
  const { clock, book } = stage();
  book.noteClock(40_000);
  book.noteClock(10_000);
  assertEquals(book.next("a", 0), START_MS + 40_000);
  // Its clock was set back: what it gave before still counts.
  clock.ms += 39_000;
  book.noteClock(0);
  assertEquals(book.next("b", 0), START_MS + 79_000);
  clock.ms += 31_000;
  assertEquals(book.next("c", 0), START_MS + 70_000);
  book.noteClock(MAX_CLOCK_AHEAD_MS + 1);
  assertEquals(book.next("d", 0), START_MS + 70_000);
});
