import { assert, assertEquals, assertInstanceOf, assertLessOrEqual } from "../kit/assert.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { ClientHandshake, ServerHandshake } from "../../src/rtmp/handshake.ts";
import { cut } from "../kit/media/splits.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

const rounds = 1500;

function seeds(direction: "c2s" | "s2c"): Uint8Array[] {
  return ["srs-origin.ffmpeg-publish", "srs-edge.pull-direct", "srs-origin.rtmpdump-play"].map((pair) =>
    Deno.readFileSync(new URL(`../fixtures/captures/${pair}.${direction}.bin`, import.meta.url)).slice(0, 3200)
  );
}

/** Feeds bytes in pieces; says how it ended and how many bytes stayed behind the handshake. */
function feed(handshake: ServerHandshake | ClientHandshake, parts: Uint8Array[]): { end: string; restBytes: number } {
  let restBytes = 0;
  let sentBytes = 0;
  let end = "unfinished";
  try {
    for (const part of parts) {
      const rest = handshake.push(part);
      sentBytes += handshake.takeOutput()?.length ?? 0;
      if (rest === null) continue;
      end = "finished";
      restBytes += rest.length;
    }
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    assertEquals(error.codeName, "RtmpHandshake");
    return { end: error.message, restBytes: 0 };
  }
  assertLessOrEqual(sentBytes, 3073);
  return { end, restBytes };
}

const roles = [
  {
    role: "ServerHandshake",
    direction: "c2s",
    create: (prng: Prng) => new ServerHandshake({ random: (n) => prng.bytes(n) }),
  },
  {
    role: "ClientHandshake",
    direction: "s2c",
    create: (prng: Prng) => new ClientHandshake({ random: (n) => prng.bytes(n) }),
  },
] as const;

for (const { role, direction, create } of roles) {
  Deno.test(`${role} ends damaged handshakes the same way, however they are cut`, () => {
    const prng = new Prng(4);
    const inputs = seeds(direction);
    const ends = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const seed = prng.pick(inputs);
      // Damage near the start reaches the version byte and the PROXY prefix.
      const bytes = round % 3 === 0 ? prefixed(seed, prng) : mutate(seed, prng);
      const whole = feed(create(prng), [bytes]);
      assertEquals(feed(create(prng), cut(bytes, 1 + round % 7)), bytes.length === 0 ? feed(create(prng), []) : whole);
      ends.add(whole.end);
    }
    assert(ends.has("finished") && ends.has("unfinished") && ends.size > 3, `only ${[...ends]}`);
  });
}

function prefixed(seed: Uint8Array, prng: Prng): Uint8Array {
  const head = mutate(Uint8Array.of(0xf3, 0, 4, 192, 0, 2, 1), prng);
  return Uint8Array.from([...head, ...seed]);
}
