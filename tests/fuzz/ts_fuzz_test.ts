import { framingOf } from "../../src/http/live/carrier.ts";
import { TsWireFormat } from "../../src/http/format/ts_format.ts";
import type { MediaPacket } from "../../src/stream/packet.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { TsReader } from "../kit/cases/ts_reader.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

const avcHeader = Uint8Array.of(0x17, 0, 0, 0, 0, 1, 77, 0, 30, 0xff, 0xe1, 0, 4, 0x67, 1, 2, 3, 1, 0, 2, 0x68, 1);
const hevcHeader = Uint8Array.of(
  0x90,
  0x68,
  0x76,
  0x63,
  0x31,
  1,
  ...new Array<number>(20).fill(0),
  3,
  1,
  32,
  0,
  1,
  0,
  2,
  0x40,
  1,
);
const aacHeader = Uint8Array.of(0xaf, 0, 0x12, 0x10);
const payloads: [kind: MediaPacket["kind"], payload: Uint8Array][] = [
  ["video", Uint8Array.of(0x17, 1, 0, 0, 40, 0, 0, 0, 3, 0x65, 1, 2, 0, 0, 0, 2, 6, 1)],
  ["video", Uint8Array.of(0x27, 1, 0xff, 0xff, 0, 0, 0, 0, 2, 0x41, 1)],
  ["video", Uint8Array.of(0x93, 0x68, 0x76, 0x63, 0x31, 0, 0, 0, 2, 0x26, 1)],
  ["audio", Uint8Array.of(0xaf, 1, 1, 2, 3, 4, 5, 6)],
  ["audio", Uint8Array.of(0x2f, 0xff, 0xfb, 1, 2, 3)],
  ["script", Uint8Array.of(2, 0, 1, 65)],
];

Deno.test("whatever a publisher sends, a transport stream stays one", () => {
  const prng = new Prng(88);
  let units = 0;
  for (let round = 0; round < 400; round++) {
    const headers = {
      video: prng.below(4) === 0 ? null : mutate(prng.pick([avcHeader, hevcHeader]), prng),
      audio: prng.below(3) === 0 ? null : mutate(aacHeader, prng),
    };
    const source = {
      sequenceHeader: (kind: "audio" | "video") => headers[kind],
      hasAudio: () => headers.audio !== null,
    };
    const format = new TsWireFormat(source, { framing: framingOf("plain"), audio: true, video: true });
    const reader = new TsReader();
    for (let i = 0; i < 12; i++) {
      const [kind, payload] = prng.pick(payloads);
      const damaged = prng.below(3) === 0 ? mutate(payload, prng) : payload;
      const packet = { kind, timestampMs: prng.next(), payload: damaged };
      const bytes = new Uint8Array(format.wireBytes(packet));
      assertEquals(format.write(bytes, 0, packet), bytes.length);
      reader.push(bytes);
      if (prng.below(6) === 0) headers.video = prng.pick([avcHeader, hevcHeader]);
    }
    reader.end();
    units += reader.units.length;
  }
  assertGreater(units, 500);
});
