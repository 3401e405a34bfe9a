import { assertEquals } from "../../kit/assert.ts";
import { findMutation } from "./find.ts";
import { mutations } from "./table.ts";

/** The others: `deno task sim:mutations`. */
const SAMPLE = [
  "skip the epoch check",
  "rebase twice",
  "drop the last packet of a flush",
  "forget to cancel a timer",
  "release another's claim",
];

for (const mutation of mutations.filter(({ name }) => SAMPLE.includes(name))) {
  Deno.test(`the simulation finds broken code: ${mutation.name}`, async () => {
    const { seed } = await findMutation(mutation, { seeds: 0, maxMs: 120_000 });
    assertEquals(seed, mutation.seed, mutation.breaks);
  });
}

Deno.test("what each mutation replaces is in the code once", async () => {
  for (const { name, file, find } of mutations) {
    const text = await Deno.readTextFile(new URL(`../../../src/${file}`, import.meta.url));
    assertEquals(text.split(find).length, 2, `${name}: src/${file}`);
  }
});

Deno.test("a seed is known for each mutation", () => {
  assertEquals(mutations.filter(({ seed }) => seed === null).map(({ name }) => name), []);
});
