import { assertEquals, assertNotEquals } from "../../kit/assert.ts";
import { findMutation } from "./find.ts";
import { mutations } from "./table.ts";

/** The others: `deno task sim:mutations`. */
const SAMPLE = ["time begins again", "start in mid-GOP", "do not end a source", "drop the FIN"];

for (const mutation of mutations.filter(({ name }) => SAMPLE.includes(name))) {
  Deno.test(`the simulation finds broken code: ${mutation.name}`, async () => {
    const { seed } = await findMutation(mutation, { seeds: 20, maxMs: 120_000 });
    assertNotEquals(seed, null, mutation.breaks);
  });
}

Deno.test("what each mutation replaces is in the code once", async () => {
  for (const { name, file, find } of mutations) {
    const text = await Deno.readTextFile(new URL(`../../../src/${file}`, import.meta.url));
    assertEquals(text.split(find).length, 2, `${name}: src/${file}`);
  }
});
