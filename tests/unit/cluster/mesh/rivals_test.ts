import { DEAD_AFTER_MS, givesWay, type Rival } from "../../../../src/cluster/mesh/rivals.ts";
import { assertEquals } from "../../../kit/assert.ts";

const modes = ["first", "takeover"] as const;

Deno.test("givesWay(): of two publishers exactly one gives way, whichever origin computes", () => {
  const times = [1, 2, 1_700_000_000_000];
  const silences = [0, DEAD_AFTER_MS - 1, DEAD_AFTER_MS, 9e9];
  const rivals = ["a", "b"].map((instance) =>
    times.flatMap((sinceMs) =>
      silences.flatMap((silentMs) =>
        [0, 5, 6].map((epoch): Rival => ({ instance, sinceMs, silentMs, epoch: epoch && epoch + sinceMs % 2 }))
      )
    )
  );
  for (const mode of modes) {
    for (const a of rivals[0]!) {
      for (const b of rivals[1]!) assertEquals(givesWay(a, b, mode), !givesWay(b, a, mode));
    }
  }
});

const cases: { name: string; own: Partial<Rival>; other: Partial<Rival>; losesUnder: string[] }[] = [
  { name: "the newer one", own: { sinceMs: 20 }, other: { sinceMs: 10 }, losesUnder: ["first"] },
  { name: "the older one", own: { sinceMs: 10 }, other: { sinceMs: 20 }, losesUnder: ["takeover"] },
  {
    name: "the older one with the higher epoch",
    own: { sinceMs: 10, epoch: 9 },
    other: { sinceMs: 20, epoch: 8 },
    losesUnder: [],
  },
  {
    name: "the newer one with the lower epoch",
    own: { sinceMs: 20, epoch: 8 },
    other: { sinceMs: 10, epoch: 9 },
    losesUnder: [...modes],
  },
  { name: "one that tells no epoch", own: { sinceMs: 10 }, other: { sinceMs: 20, epoch: 9 }, losesUnder: ["takeover"] },
  { name: "one that is dead", own: { silentMs: DEAD_AFTER_MS, sinceMs: 10 }, other: {}, losesUnder: [...modes] },
  { name: "one whose rival is dead", own: {}, other: { silentMs: DEAD_AFTER_MS }, losesUnder: [] },
];

for (const { name, own, other, losesUnder } of cases) {
  Deno.test(`givesWay(): ${name} gives way under: ${losesUnder.join(", ") || "nothing"}`, () => {
    const rival = (instance: string, facts: Partial<Rival>): Rival => ({
      instance,
      sinceMs: 15,
      silentMs: 0,
      epoch: 0,
      ...facts,
    });
    const found = modes.filter((mode) => givesWay(rival("a", own), rival("b", other), mode));
    assertEquals(found.toSorted(), losesUnder.toSorted());
  });
}
