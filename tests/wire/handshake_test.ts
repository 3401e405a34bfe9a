import { assert, assertEquals } from "../kit/assert.ts";
import { ClientHandshake, type HandshakeKind, ServerHandshake } from "../../src/rtmp/handshake.ts";
import { findDigest, signAnswer, signBlock } from "../../src/rtmp/handshake_digest.ts";
import { concatBytes, equalBytes } from "../../src/base/bytes.ts";
import { Prng } from "../kit/media/mutate.ts";
import { splitsOf } from "../kit/media/splits.ts";

const blockBytes = 1536;
/** C0 C1 C2, and S0 S1 S2. */
const handshakeBytes = 1 + 2 * blockBytes;

const captures: { pair: string; kind: HandshakeKind; signedC2: boolean }[] = [
  { pair: "srs-edge.forward-publish", kind: "digest1", signedC2: true },
  { pair: "srs-edge.pull-direct", kind: "digest1", signedC2: true },
  { pair: "srs-edge.pull-redirect", kind: "digest1", signedC2: true },
  { pair: "srs-origin.ffmpeg-play", kind: "digest1", signedC2: false },
  { pair: "srs-origin.ffmpeg-publish", kind: "digest1", signedC2: false },
  { pair: "srs-origin.gst-rtmp2sink-publish", kind: "simple", signedC2: false },
  { pair: "srs-origin.gst-rtmp2src-play", kind: "simple", signedC2: false },
  { pair: "srs-origin.redirect-ffprobe", kind: "digest1", signedC2: false },
  { pair: "srs-origin.rtmpdump-play", kind: "simple", signedC2: false },
];

function read(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`../fixtures/captures/${name}.bin`, import.meta.url));
}

function random(seed: number): (count: number) => Uint8Array {
  const prng = new Prng(seed);
  return (count) => prng.bytes(count);
}

/** What a handshake made of bytes that came in pieces: its output, and all that is behind the handshake. */
interface Outcome {
  kind: HandshakeKind | null;
  output: Uint8Array;
  /** Bytes taken in when there was first something to send. */
  answeredAt: number;
  rest: Uint8Array;
}

function run(handshake: ServerHandshake | ClientHandshake, parts: Uint8Array[]): Outcome {
  const outputs: Uint8Array[] = [];
  const rests: Uint8Array[] = [];
  let taken = 0;
  let answeredAt = -1;
  for (const part of parts) {
    const rest = handshake.push(part);
    taken += part.length;
    if (rest !== null) rests.push(rest);
    const output = handshake.takeOutput();
    if (output === null) continue;
    if (answeredAt < 0) answeredAt = taken;
    outputs.push(output);
  }
  return { kind: handshake.kind, output: concatBytes(...outputs), answeredAt, rest: concatBytes(...rests) };
}

for (const { pair, kind, signedC2 } of captures) {
  const fromClient = read(`${pair}.c2s`);
  const fromServer = read(`${pair}.s2c`);

  Deno.test(`ServerHandshake reads ${pair}, however it is cut`, () => {
    const whole = run(new ServerHandshake({ random: random(1) }), [fromClient]);
    assertEquals(whole.output.length, handshakeBytes);
    for (const { name, parts } of splitsOf(fromClient)) {
      const outcome = run(new ServerHandshake({ random: random(1) }), parts);
      assertEquals(outcome.kind, kind, name);
      assert(equalBytes(outcome.output, whole.output), name);
      assert(equalBytes(outcome.rest, fromClient.subarray(handshakeBytes)), name);
      if (name === "byte by byte") assertEquals(outcome.answeredAt, 1 + blockBytes);
    }
  });

  Deno.test(`ClientHandshake reads ${pair}, however it is cut`, () => {
    for (const { name, parts } of splitsOf(fromServer)) {
      const client = new ClientHandshake({ random: random(2) });
      assertEquals(client.takeOutput()?.length, 1 + blockBytes);
      const outcome = run(client, parts);
      assertEquals(outcome.kind, kind, name);
      assertEquals(outcome.output.length, blockBytes, name);
      assert(equalBytes(outcome.rest, fromServer.subarray(handshakeBytes)), name);
      if (name === "byte by byte") assertEquals(outcome.answeredAt, 1 + blockBytes);
    }
  });

  if (kind === "simple") continue;
  Deno.test(`signatures are those of ${pair}`, () => {
    const [c1, c2] = [fromClient.subarray(1, 1 + blockBytes), fromClient.subarray(1 + blockBytes, handshakeBytes)];
    const [s1, s2] = [fromServer.subarray(1, 1 + blockBytes), fromServer.subarray(1 + blockBytes, handshakeBytes)];
    const ofC1 = findDigest(c1, "client");
    const ofS1 = findDigest(s1, "server");
    assert(ofC1 !== null && ofS1 !== null);
    assertEquals(signBlock(c1.slice(), ofC1.schema, "client"), ofC1.digest);
    assertEquals(signBlock(s1.slice(), ofS1.schema, "server"), ofS1.digest);
    assert(equalBytes(signedLike(s2, ofC1.digest, "server"), s2));
    assertEquals(equalBytes(signedLike(c2, ofS1.digest, "client"), c2), signedC2);
    if (!signedC2) assert(equalBytes(c2, s1));
  });
}

/** The same block with its last 32 bytes signed anew. */
function signedLike(block: Uint8Array, peerDigest: Uint8Array, signer: "client" | "server"): Uint8Array {
  const out = block.slice().fill(0, blockBytes - 32);
  signAnswer(out, peerDigest, signer);
  return out;
}
