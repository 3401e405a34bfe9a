import { MAX_WAITING_PER_ADDRESS, WaitingPlays } from "../../../../src/server/play/waiting_plays.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";

Deno.test("WaitingPlays bounds the plays of one address, an IPv6 network being one", () => {
  const waiting = new WaitingPlays();
  const places = Array.from({ length: MAX_WAITING_PER_ADDRESS }, (_, i) => waiting.enter(`fd00::${i.toString(16)}`));
  assert(places.every((place) => place !== null));
  assertEquals(waiting.enter("fd00::ffff"), null);
  assert(waiting.enter("10.0.0.1") !== null);
  places[0]![Symbol.dispose]();
  places[0]![Symbol.dispose]();
  assert(waiting.enter("fd00::1") !== null);
  assertEquals(waiting.enter("fd00::1"), null, "a place is given back once");
});
