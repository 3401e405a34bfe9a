import { StandstillWatch } from "../../../src/server/standstill_watch.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("StandstillWatch tells when the process went on after it stood still, and not of a busy moment", () => {
  let nowMs = 0;
  let fire: (() => void) | null = null;
  const after = (_ms: number, fn: () => void) => {
    fire = fn;
    return { cancel: () => void (fire = null) };
  };
  const heard: number[] = [];
  const watch = new StandstillWatch({ nowMs: () => nowMs, after }, (ms) => void heard.push(ms));
  for (const pauseMs of [500, 500, 2499, 500]) {
    nowMs += pauseMs;
    fire!();
  }
  assertEquals(heard, []);
  nowMs += 12_500;
  fire!();
  assertEquals(heard, [12_000]);
  watch[Symbol.dispose]();
  assertEquals(fire, null);
});
