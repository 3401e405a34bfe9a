import { assertEquals } from "../../kit/assert.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { encodeFlvHeader, FlvTagType } from "../../../src/flv/tag.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { flvWireFormat, rtmpWireFormat, type TagFraming, type WireFormat } from "../../../src/stream/wire_format.ts";

function packet(kind: MediaPacket["kind"], timestampMs: number, bytes: number): MediaPacket {
  return { kind, timestampMs, payload: Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + bytes) & 255) };
}

function encode(format: WireFormat, ...packets: MediaPacket[]): Uint8Array {
  const out = new Uint8Array(packets.reduce((sum, each) => sum + format.wireBytes(each), 0));
  let at = 0;
  for (const each of packets) at = format.write(out, at, each);
  assertEquals(at, out.length);
  return out;
}

const CHUNK = 128;

const readable: [name: string, packet: MediaPacket][] = [
  ["an empty payload", packet("audio", 0, 0)],
  ["a byte", packet("audio", 1, 1)],
  ["one chunk, not quite full", packet("video", 2, CHUNK - 1)],
  ["one chunk", packet("video", 3, CHUNK)],
  ["one chunk and a byte", packet("video", 4, CHUNK + 1)],
  ["three chunks", packet("video", 5, 3 * CHUNK)],
  ["script data", packet("script", 6, 300)],
  ["the last time that needs no extension", packet("video", 0xfffffe, 3 * CHUNK + 5)],
  ["the first time that needs one", packet("video", 0xffffff, 3 * CHUNK + 5)],
  ["a time behind that", packet("audio", 0x1000000, CHUNK)],
  ["the last time of all", packet("video", 0xffffffff, 2 * CHUNK)],
];

for (const [name, original] of readable) {
  Deno.test(`rtmpWireFormat.read() gives back what write() wrote: ${name}`, () => {
    const format = rtmpWireFormat(CHUNK);
    const { kind, timestampMs, payload } = format.read(encode(format, original));
    assertEquals({ kind, timestampMs, payload }, original);
  });
}

Deno.test("rtmpWireFormat.read() copies no audio or video that lies in one piece, but script data always", () => {
  const format = rtmpWireFormat(CHUNK);
  const cases: [MediaPacket["kind"], bytes: number, isView: boolean][] = [
    ["video", CHUNK, true],
    ["audio", 10, true],
    ["video", CHUNK + 1, false],
    ["script", 10, false],
  ];
  for (const [kind, bytes, isView] of cases) {
    const encoded = encode(format, packet(kind, 0, bytes));
    assertEquals(format.read(encoded).payload.buffer === encoded.buffer, isView, `${kind} of ${bytes} bytes`);
  }
});

/** Marks where a tag begins and ends, to be seen in the output. */
const bracketFraming: TagFraming = {
  headBytes: (tagBytes) => tagBytes < 100 ? 1 : 2,
  tailBytes: 1,
  writeHead: (target, at, tagBytes) => target.fill(0x5b, at, at + (tagBytes < 100 ? 1 : 2)),
  writeTail: (target, at) => target.fill(0x5d, at, at + 1),
};

const bare: TagFraming = { headBytes: () => 0, tailBytes: 0, writeHead() {}, writeTail() {} };

Deno.test("flvWireFormat writes tags that a demuxer reads, with every kind and the full range of times", () => {
  const packets = [packet("script", 0, 40), packet("audio", 0xffffff, 3), packet("video", 0xfffffffe, 70_000)];
  const format = flvWireFormat({ framing: bare, audio: true, video: true });
  const demuxer = new FlvDemuxer();
  demuxer.push(encodeFlvHeader({ hasAudio: true, hasVideo: true }));
  const tags = demuxer.push(encode(format, ...packets));
  demuxer.end();
  assertEquals(tags.map(({ type }) => type), [FlvTagType.Script, FlvTagType.Audio, FlvTagType.Video]);
  assertEquals(tags.map(({ timestampMs }) => timestampMs), [0, 0xffffff, 0xfffffffe]);
  assertEquals(tags.map(({ payload }) => payload), packets.map(({ payload }) => payload));
});

Deno.test("flvWireFormat puts its framing around each tag", () => {
  const format = flvWireFormat({ framing: bracketFraming, audio: true, video: true });
  const out = encode(format, packet("audio", 1, 2), packet("video", 2, 200));
  assertEquals(out.length, 1 + 17 + 1 + 2 + 215 + 1);
  assertEquals([out[0], out[1], out[18], out[19], out[20], out[21], out.at(-1)], [0x5b, 8, 0x5d, 0x5b, 0x5b, 9, 0x5d]);
});

Deno.test("flvWireFormat leaves out what is not wanted, script data never", () => {
  const media = [packet("script", 0, 5), packet("audio", 1, 6), packet("video", 2, 7)];
  const kinds = (audio: boolean, video: boolean) => {
    const format = flvWireFormat({ framing: bracketFraming, audio, video });
    return media.filter((each) => format.wireBytes(each) > 0).map(({ kind }) => kind);
  };
  assertEquals(kinds(true, false), ["script", "audio"]);
  assertEquals(kinds(false, true), ["script", "video"]);
  assertEquals(kinds(false, false), ["script"]);
  const format = flvWireFormat({ framing: bracketFraming, audio: false, video: true });
  assertEquals(encode(format, ...media).length, (1 + 20 + 1) + (1 + 22 + 1));
});
