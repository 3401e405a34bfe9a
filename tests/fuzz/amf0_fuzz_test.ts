import { assert, assertEquals, assertInstanceOf } from "../kit/assert.ts";
import { type AmfValue, decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { amf0Cases } from "../kit/cases/amf0_cases.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

const rounds = 20_000;

Deno.test("decodeAmf0 survives damaged input, and what it reads can be written and read again", () => {
  const seeds = amf0Cases.filter((c) => c.bytes.length < 1000).map((c) => c.bytes);
  const prng = new Prng(1);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const values = tryDecode(round % 4 === 0 ? mutate(joined(seeds, prng), prng) : mutate(prng.pick(seeds), prng));
    if (values === null) continue;
    accepted++;
    assertEquals(decodeAmf0(encodeAmf0(...values)), values, `round ${round}`);
  }
  assert(accepted > rounds / 10 && accepted < rounds, `${accepted} accepted: the mutations no longer bite`);
});

Deno.test("decodeAmf0 survives random bytes that begin like a value", () => {
  const prng = new Prng(2);
  for (let round = 0; round < rounds; round++) {
    const bytes = prng.bytes(1 + prng.below(60));
    for (let i = 0; i < bytes.length; i += 1 + prng.below(5)) bytes[i] = prng.below(18);
    const values = tryDecode(bytes);
    if (values !== null) encodeAmf0(...values);
  }
});

function tryDecode(bytes: Uint8Array): AmfValue[] | null {
  try {
    return decodeAmf0(bytes);
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    return null;
  }
}

function joined(seeds: readonly Uint8Array[], prng: Prng): Uint8Array {
  return Uint8Array.from([...prng.pick(seeds), ...prng.pick(seeds), ...prng.pick(seeds)]);
}
