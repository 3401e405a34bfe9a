import { encodeFrame, identify } from "../../kit/fault/numbered_media.ts";
import { assertEquals } from "../../kit/assert.ts";

const IDR = 5;
const NON_IDR = 1;
const identity = { number: 7, session: 2, sentMs: 4000 };

for (const bytes of [0, 200, 300, 5000]) {
  for (const isKeyframe of [true, false]) {
    const name = isKeyframe ? "a keyframe" : "an inter frame";
    Deno.test(`encodeFrame() makes ${name} of ${bytes} bytes whose NAL units add up, as servers that parse demand`, () => {
      const { payload } = encodeFrame({ kind: "video", isKeyframe, ...identity }, bytes);
      assertEquals(nalTypes(payload.subarray(5)), [isKeyframe ? IDR : NON_IDR]);
    });
  }
}

Deno.test("identify() reads back what encodeFrame() wrote, and notices a changed byte", () => {
  for (const kind of ["audio", "video"] as const) {
    const frame = { kind, isKeyframe: kind === "video", ...identity };
    const message = { csid: 4, msid: 1, ...encodeFrame(frame, 300) };
    assertEquals(identify(message), frame);
    message.payload[200]! ^= 1;
    assertEquals(identify(message), null);
  }
});

/** Types of the NAL units, each of which stands behind its length of 4 bytes (ISO/IEC 14496-15). */
function nalTypes(units: Uint8Array): number[] {
  const view = new DataView(units.buffer, units.byteOffset, units.length);
  const types: number[] = [];
  for (let at = 0; at < units.length;) {
    const length = view.getUint32(at);
    types.push(view.getUint8(at + 4) & 31);
    at += 4 + length;
    if (at > units.length) throw new RangeError(`a NAL unit of ${length} bytes ends behind the frame`);
  }
  return types;
}
