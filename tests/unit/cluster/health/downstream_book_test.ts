import { DownstreamBook } from "../../../../src/cluster/health/downstream_book.ts";
import { readNode } from "../../../../src/cluster/health/node_facts.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

function edge(instance: string, viewers = 0) {
  return readNode({ instance, role: "edge", load: { viewers } })!;
}

function bookOf(...taken: string[]) {
  const timers = new ManualTimers();
  const book = new DownstreamBook(timers, (instance) => taken.includes(instance));
  const states = () => book.all().map(({ facts, ip, isUp }) => `${facts.instance} ${ip} ${isUp ? "up" : "down"}`);
  return { timers, book, states };
}

Deno.test("DownstreamBook: a server is up while it reports, down after 6 s of silence, forgotten after 10 min", () => {
  const { timers, book, states } = bookOf();
  const startMs = timers.nowMs();
  book.hear(edge("a", 1), "10.0.0.3");
  timers.advance(5000);
  book.hear(edge("a", 2), "10.0.0.3");
  assertEquals([book.all()[0]?.sinceMs, book.all()[0]?.facts.load?.viewers], [startMs, 2]);
  timers.advance(5900);
  assertEquals(states(), ["a 10.0.0.3 up"]);
  timers.advance(200);
  assertEquals(states(), ["a 10.0.0.3 down"]);
  assertEquals(book.all()[0]?.sinceMs, startMs + 5000);
  book.hear(edge("a"), "10.0.0.3");
  assertEquals([states(), book.all()[0]?.sinceMs], [["a 10.0.0.3 up"], timers.nowMs()]);
  timers.advance(600_000);
  assertEquals(states(), ["a 10.0.0.3 down"]);
  timers.advance(1000);
  assertEquals(states(), []);
});

Deno.test("DownstreamBook: a connection that cannot report holds its server, once, however often it is disposed", () => {
  const { timers, book, states } = bookOf();
  const first = book.hold(edge("a"), "10.0.0.3");
  const second = book.hold(edge("a"), "10.0.0.3");
  timers.advance(3_600_000);
  assertEquals(states(), ["a 10.0.0.3 up"]);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  timers.advance(60_000);
  assertEquals(states(), ["a 10.0.0.3 up"]);
  second[Symbol.dispose]();
  timers.advance(7000);
  assertEquals(states(), ["a 10.0.0.3 down"]);
});

Deno.test("DownstreamBook: one that only came to ask for a stream is not missed", () => {
  const { timers, book, states } = bookOf();
  book.greet(edge("a"), "10.0.0.3");
  book.greet(edge("b"), "10.0.0.4");
  book.hold(edge("c"), "10.0.0.5")[Symbol.dispose]();
  const held = book.hold(edge("d"), "10.0.0.6");
  assertEquals(states().length, 4);
  timers.advance(5000);
  book.hear(edge("b"), "10.0.0.4");
  held[Symbol.dispose]();
  timers.advance(6500);
  assertEquals(states(), ["b 10.0.0.4 down", "d 10.0.0.6 down"]);
});

Deno.test("DownstreamBook: nobody is taken for a coworker, for this server, or for another server that is there", () => {
  const { timers, book, states } = bookOf("self", "coworker");
  book.hear(edge("self"), "10.0.0.66");
  book.hear(edge("coworker"), "10.0.0.66");
  using _held = book.hold(edge("coworker"), "10.0.0.66");
  book.hear(edge("a", 5), "10.0.0.3");
  book.hear(edge("a", 9999), "10.0.0.66");
  assertEquals(states(), ["a 10.0.0.3 up"]);
  assertEquals(book.all()[0]?.facts.load?.viewers, 5);
  // Its machine may get another address; while it is gone.
  timers.advance(7000);
  book.hear(edge("a"), "10.0.0.4");
  assertEquals(states(), ["a 10.0.0.4 up"]);
});

Deno.test("DownstreamBook: one that turns out to be a coworker is shown as such only", () => {
  const taken: string[] = [];
  const book = new DownstreamBook(new ManualTimers(), (instance) => taken.includes(instance));
  book.hear(edge("b"), "10.0.0.2");
  assertEquals(book.all().length, 1);
  taken.push("b");
  assertEquals(book.all(), []);
});

Deno.test("DownstreamBook: of one address 64 servers are believed, of all 2000, and those that are gone make room", () => {
  const { timers, book } = bookOf();
  for (let i = 0; i < 100; i++) book.hear(edge(`x${i}`), "10.0.0.66");
  assertEquals(book.all().length, 64);
  book.hear(edge("y"), "10.0.0.3");
  assertEquals(book.all().length, 65);
  timers.advance(7000);
  for (let i = 0; i < 10; i++) book.hear(edge(`z${i}`), "10.0.0.66");
  const fresh = book.all().filter(({ isUp }) => isUp).map(({ facts }) => facts.instance);
  assertEquals([book.all().length, fresh.length], [65, 10]);
  for (let i = 0; i < 5000; i++) book.hear(edge(`w${i}`), `10.1.${i >> 8}.${i & 255}`);
  assertEquals(book.all().length, 2000);
});
