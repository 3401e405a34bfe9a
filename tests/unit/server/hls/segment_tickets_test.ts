import { SegmentTickets } from "../../../../src/server/hls/segment_tickets.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";

function ticketsAt() {
  let bytes = 0;
  const world = { now: 0, nowMs: () => world.now, randomBytes: (count: number) => numbered(count, ++bytes) };
  return { world, tickets: new SegmentTickets(world) };
}

Deno.test("SegmentTickets open one stream, while the play lasts and a minute after its publisher has ended it", () => {
  const { world, tickets } = ticketsAt();
  const ticket = tickets.issue("/live/a");
  world.now = 1_000_000;
  assert(tickets.opens(ticket.text, "/live/a"));
  assert(!tickets.opens(ticket.text, "/live/b"));
  assert(!tickets.opens("", "/live/a"));
  ticket.linger();
  world.now += 59_999;
  assert(tickets.opens(ticket.text, "/live/a"), "its last segments may still be wanted");
  world.now += 1;
  assert(!tickets.opens(ticket.text, "/live/a"));
});

Deno.test("SegmentTickets of plays that come and go are bounded, and those that are under way stay", () => {
  const { tickets } = ticketsAt();
  const lasting = tickets.issue("/live/a");
  const issue = () => {
    const ticket = tickets.issue("/live/a");
    ticket.linger();
    return ticket.text;
  };
  const texts = Array.from({ length: 200 }, issue);
  assertEquals(new Set(texts).size, 200);
  assert(texts.every((text) => tickets.opens(text, "/live/a")));
  const first = texts[0]!;
  for (let i = 0; i < 10_000; i++) tickets.issue(`/live/${i % 3}`).linger();
  assert(tickets.opens(lasting.text, "/live/a"));
  assert(!tickets.opens(first, "/live/a"));
});

Deno.test("SegmentTickets of those who were sent away open nothing any more", () => {
  const { tickets } = ticketsAt();
  const ticket = tickets.issue("/live/a");
  ticket.linger();
  ticket[Symbol.dispose]();
  assert(!tickets.opens(ticket.text, "/live/a"));
});

function numbered(count: number, number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}
