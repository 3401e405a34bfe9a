import { assert, assertEquals, assertLess, assertLessOrEqual, assertThrows } from "../kit/assert.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { ChunkReader, defaultChunkLimits } from "../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import { setChunkSize } from "../../src/rtmp/control.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { wire } from "../kit/cases/amf0_cases.ts";
import { fill } from "../kit/cases/chunk_cases.ts";

/** A type 0 header with a three-byte csid. */
function header(csid: number, typeId: number, lengthBytes: number): Uint8Array {
  const id = csid - 64;
  return Uint8Array.of(
    1,
    id & 0xff,
    id >> 8,
    0,
    0,
    0,
    lengthBytes >> 16,
    lengthBytes >> 8,
    lengthBytes,
    typeId,
    1,
    0,
    0,
    0,
  );
}

function readerWithChunkSize(bytes: number, onMessage: (message: RtmpMessage) => void = () => {}): ChunkReader {
  const reader = new ChunkReader(onMessage);
  reader.push(encodeMessage(setChunkSize(bytes), 128));
  return reader;
}

Deno.test("ChunkReader allocates as bytes arrive: 16 MB announced and never sent cost 4 KiB", () => {
  const reader = readerWithChunkSize(0x7fffffff);
  reader.push(header(100, MessageType.Video, 0xffffff));
  assertEquals(reader.partialBytes, 0);
  reader.push(Uint8Array.of(0x17));
  assertLessOrEqual(reader.partialBytes, 4096);
});

Deno.test("ChunkReader holds at most twice the bytes it got, and nothing once the message is whole", () => {
  const messages: RtmpMessage[] = [];
  const reader = readerWithChunkSize(0x7fffffff, (message) => messages.push(message));
  const length = 1_000_000;
  reader.push(header(100, MessageType.Video, length));
  const piece = new Uint8Array(1000).fill(7);
  for (let sent = 0; sent < length; sent += piece.length) {
    assertLessOrEqual(reader.partialBytes, Math.max(4096, 2 * sent));
    reader.push(piece);
  }
  assertEquals(reader.partialBytes, 0);
  assertEquals(messages.length, 1);
  assertEquals(messages[0]?.payload, new Uint8Array(length).fill(7));
});

Deno.test("ChunkReader reads the longest media message there is", () => {
  for (const typeId of [MessageType.Audio, MessageType.Video, MessageType.Aggregate]) {
    const messages: RtmpMessage[] = [];
    const reader = readerWithChunkSize(0xffffff, (message) => messages.push(message));
    reader.push(header(100, typeId, 0xffffff));
    reader.push(new Uint8Array(0xffffff));
    assertEquals(messages[0]?.payload.length, 0xffffff);
  }
});

Deno.test("ChunkReader refuses a message over 1 MiB that is not media by its header alone", () => {
  const { Command, CommandAmf3, Data, DataAmf3, UserControl, SetChunkSize, SharedObject } = MessageType;
  for (const typeId of [Command, CommandAmf3, Data, DataAmf3, UserControl, SetChunkSize, SharedObject, 99]) {
    const limit = defaultChunkLimits.maxCommandBytes;
    new ChunkReader(() => {}).push(header(100, typeId, limit));
    const error = assertThrows(
      () => new ChunkReader(() => {}).push(header(100, typeId, limit + 1)),
      ProtocolError,
      `type ${typeId} on chunk stream 100 announces 1048577 bytes`,
    );
    assertEquals(error.codeName, "RtmpPacketSize");
  }
});

Deno.test("ChunkReader refuses a video message that turns into a command in the middle", () => {
  const reader = new ChunkReader(() => {});
  reader.push(wire(`04 000000 200000 09 01000000 ${fill(128)}`));
  assertThrows(() => reader.push(wire("44 000000 200000 14")), ProtocolError, "type 20 on chunk stream 4 announces");
});

Deno.test("ChunkReader reads 64 chunk streams and refuses the next, however many are asked for", () => {
  const reader = new ChunkReader(() => {});
  const opened: number[] = [];
  const error = assertThrows(
    () => {
      for (let csid = 320; csid < 60_320; csid++) {
        reader.push(header(csid, MessageType.Video, 0xffffff));
        reader.push(new Uint8Array(128));
        opened.push(csid);
      }
    },
    ProtocolError,
    "more than 64 chunk streams",
  );
  assertEquals(error.codeName, "RtmpChunkStart");
  assertEquals(opened.length, 64);
  assertLessOrEqual(reader.partialBytes, 64 * 4096);
});

Deno.test("ChunkReader goes on with the chunk streams it knows when 64 are open", () => {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader((message) => messages.push(message));
  for (let round = 0; round < 3; round++) {
    for (let csid = 320; csid < 384; csid++) {
      reader.push(header(csid, MessageType.Video, 1));
      reader.push(Uint8Array.of(round));
    }
  }
  assertEquals(messages.length, 3 * 64);
});

Deno.test("ChunkReader bounds the unfinished messages of all chunk streams together", () => {
  const reader = readerWithChunkSize(0xffffff);
  const error = assertThrows(
    () => {
      for (let csid = 320; csid < 340; csid++) {
        // A chunk of 15 MiB of a 16 MiB message, then the next: only chunk size keeps chunks of others out.
        reader.push(encodeMessage(setChunkSize(15 << 20), reader.chunkSize));
        reader.push(header(csid, MessageType.Video, 0xffffff));
        reader.push(new Uint8Array(15 << 20));
      }
    },
    ProtocolError,
    "bytes of unfinished messages",
  );
  assertEquals(error.codeName, "RtmpPacketSize");
  assertLess(reader.partialBytes, defaultChunkLimits.maxPartialBytes + (16 << 20) + 1);
});

Deno.test("ChunkReader frees what was held when a message is aborted, finished or begun anew", () => {
  const reader = new ChunkReader(() => {});
  const partial = wire(`04 000000 0000ff 09 01000000 ${fill(128)}`);
  reader.push(partial);
  assert(reader.partialBytes > 0);
  reader.push(wire("02 000000 000004 02 00000000 00000004"));
  assertEquals(reader.partialBytes, 0);
  for (let i = 0; i < 5; i++) reader.push(partial);
  assertEquals(reader.partialBytes, 255);
  reader.push(wire(`c4 ${fill(127)}`));
  assertEquals(reader.partialBytes, 0);
});

Deno.test("ChunkReader takes a million empty messages without a callback", () => {
  const reader = new ChunkReader(() => {
    throw new Error("an empty message was handed on");
  });
  reader.push(wire("04 000001 000000 08 01000000"));
  reader.push(new Uint8Array(1_000_000).fill(0xc4));
  assertEquals(reader.partialBytes, 0);
});
