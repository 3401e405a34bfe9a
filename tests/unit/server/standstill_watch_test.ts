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
  for (const pauseMs of [1000, 1000, 2999, 1000]) {
    nowMs += pauseMs;
    fire!();
  }
  assertEquals(heard, []);
  nowMs += 13_000;
  fire!();
  assertEquals(heard, [12_000]);
  watch[Symbol.dispose]();
  assertEquals(fire, null);
});
