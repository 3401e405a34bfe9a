import { HeldPlaces, MAX_HELD, type QuestionPlace } from "../../../../src/cluster/mesh/held_places.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";

function take(places: HeldPlaces, count: number, from: string): QuestionPlace[] {
  return Array.from({ length: count }, () => places.enter([from])).filter((place) => place !== null);
}

Deno.test("HeldPlaces gives all places to one who is alone, and takes them back for others, down to the same number", () => {
  const places = new HeldPlaces();
  const crowd = take(places, 1000, "crowd");
  assertEquals([crowd.length, places.count], [MAX_HELD, MAX_HELD]);
  const others = take(places, 1000, "other");
  assertEquals([others.length, places.count], [MAX_HELD / 2, MAX_HELD]);
  const displaced = crowd.filter(({ end }) => end === "displaced");
  assertEquals(displaced, crowd.slice(0, MAX_HELD / 2), "the oldest ones");
  assert(displaced.every(({ signal }) => signal.aborted));
  assertEquals(take(places, 1, "third").length, 1);
});

Deno.test("HeldPlaces charges a question to the one with the fewest of those that wait for it", () => {
  const places = new HeldPlaces();
  take(places, MAX_HELD, "crowd");
  const shared = places.enter(["crowd", "guest"]);
  assert(shared !== null);
  // It is the guest's: nobody has fewer.
  take(places, MAX_HELD, "another");
  assertEquals(shared.end, null);
});

Deno.test("HeldPlaces ends all of them once, and those that have left no more", () => {
  const places = new HeldPlaces();
  const [first, second] = take(places, 2, "a");
  first![Symbol.dispose]();
  first![Symbol.dispose]();
  assertEquals(places.count, 1);
  for (const place of places.all()) place.abort("lost");
  assertEquals([first!.end, second!.end, places.count], [null, "lost", 0]);
  assertEquals(take(places, 1, "a").length, 1);
});
