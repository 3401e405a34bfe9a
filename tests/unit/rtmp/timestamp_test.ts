import { assertEquals } from "../../kit/assert.ts";
import { timestampAdd, timestampDiff } from "../../../src/rtmp/timestamp.ts";

const steps: [from: number, deltaMs: number, to: number][] = [
  [0, 0, 0],
  [10, 5, 15],
  [15, -5, 10],
  [0xfffffff0, 0x20, 0x10],
  [0x10, -0x20, 0xfffffff0],
  [0, -1, 0xffffffff],
  [0x7fffffff, 1, 0x80000000],
  [0, 0x7fffffff, 0x7fffffff],
  [0x80000000, 0x7fffffff, 0xffffffff],
];

for (const [from, deltaMs, to] of steps) {
  Deno.test(`from ${from} ms, ${deltaMs} ms lead to ${to} ms`, () => {
    assertEquals(timestampAdd(from, deltaMs), to);
    assertEquals(timestampDiff(to, from), deltaMs);
  });
}
