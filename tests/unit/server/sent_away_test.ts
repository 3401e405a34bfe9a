import { SentAway } from "../../../src/server/sent_away.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

Deno.test("SentAway knows whom it has sent away in the last ten seconds", () => {
  const timers = new ManualTimers();
  const sent = new SentAway(timers);
  assertEquals(sent.has("a"), false);
  sent.note("a");
  timers.advance(9000);
  assertEquals([sent.has("a"), sent.has("b")], [true, false]);
  sent.note("a");
  timers.advance(9000);
  assertEquals(sent.has("a"), true);
  timers.advance(1000);
  assertEquals(sent.has("a"), false);
});

Deno.test("SentAway forgets the one that was sent the longest ago when there are too many", () => {
  const sent = new SentAway(new ManualTimers());
  sent.note("first");
  sent.note("second");
  sent.note("first");
  for (let i = 0; i < 9999; i++) sent.note(`client ${i}`);
  assertEquals([sent.has("first"), sent.has("second"), sent.has("client 9998")], [true, false, true]);
});
