import { assertEquals, assertStrictEquals } from "../../../kit/assert.ts";
import { type Carrier, endOf, framePiece } from "../../../../src/http/live/carrier.ts";
import { streamFormat, type Tracks } from "../../../../src/http/format/stream_format.ts";
import { LiveSource } from "../../../../src/stream/live_source.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { sourceOptions } from "../../../kit/media/packets.ts";
import type { MediaPacket } from "../../../../src/stream/packet.ts";

const decoder = new TextDecoder("latin1");
const source = new LiveSource("/live/s", sourceOptions, new ManualTimers(), () => {});

function flvFormat(carrier: Carrier, tracks: Tracks) {
  return streamFormat(".flv")!.wire(source, carrier, tracks);
}

function encode(carrier: Carrier, payloadBytes: number): Uint8Array {
  const packet: MediaPacket = { kind: "video", timestampMs: 0, payload: new Uint8Array(payloadBytes).fill(65) };
  const format = flvFormat(carrier, { audio: true, video: true });
  const out = new Uint8Array(format.wireBytes(packet));
  assertEquals(format.write(out, 0, packet), out.length);
  return out;
}

Deno.test("FLV has a chunk of HTTP/1.1 for each tag", () => {
  for (const bytes of [0, 1, 241, 65_000, 0xfffff]) {
    const out = encode("chunks", bytes);
    assertEquals(decoder.decode(out.subarray(0, 9)), `${(bytes + 15).toString(16).padStart(7, "0")}\r\n`);
    assertEquals([out[9], decoder.decode(out.subarray(-2)), out.length], [9, "\r\n", bytes + 15 + 11]);
  }
});

Deno.test("FLV has a binary message of a WebSocket for each tag", () => {
  const heads = [110, 111, 65_520, 65_521].map((bytes) => {
    const out = encode("webSocket", bytes);
    return [...out.subarray(0, out.length - bytes - 15)];
  });
  assertEquals(heads, [
    [0x82, 125],
    [0x82, 126, 0, 126],
    [0x82, 126, 255, 255],
    [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0],
  ]);
});

Deno.test("FLV is written at an offset of a buffer that is a view itself", () => {
  const packet: MediaPacket = { kind: "audio", timestampMs: 5, payload: Uint8Array.of(1, 2, 3) };
  const format = flvFormat("webSocket", { audio: true, video: true });
  const whole = new Uint8Array(100);
  const end = format.write(whole.subarray(10), 7, packet);
  assertEquals([whole[16], whole[17], whole[18], whole[19], end], [0, 0x82, 18, 8, 7 + 20]);
});

Deno.test("StreamFormat.wire is the same object for the same question, by which viewers share a log", () => {
  assertStrictEquals(
    flvFormat("chunks", { audio: true, video: false }),
    flvFormat("chunks", { audio: true, video: false }),
  );
});

Deno.test("framePiece and endOf suit the carrier", () => {
  const piece = new TextEncoder().encode("FLV");
  assertEquals(decoder.decode(framePiece("chunks", piece)), "0000003\r\nFLV\r\n");
  assertEquals([...framePiece("webSocket", piece)], [0x82, 3, 70, 76, 86]);
  assertEquals(decoder.decode(framePiece("plain", piece)), "FLV");
  assertEquals(decoder.decode(endOf("chunks")), "0\r\n\r\n");
  assertEquals([...endOf("webSocket")], [0x88, 2, 3, 232]);
  assertEquals(endOf("plain").length, 0);
});
