import { assertEquals, assertThrows } from "../kit/assert.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ProtocolError, type SrsCodeName } from "../../src/base/errors.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { type RtmpMessage } from "../../src/rtmp/message.ts";
import { wire } from "../kit/cases/amf0_cases.ts";
import { chunkCases, fill, follower, followerBytes, message } from "../kit/cases/chunk_cases.ts";
import { splitsOf } from "../kit/media/splits.ts";

/** Reads the parts; at the end nothing may be left over. */
function read(parts: readonly Uint8Array[]): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader((message) => messages.push(message));
  for (const part of parts) reader.push(part);
  assertEquals(reader.partialBytes, 0, "bytes of unfinished messages");
  return messages;
}

for (const { name, bytes, messages } of chunkCases) {
  Deno.test(`ChunkReader reads ${name}`, () => {
    for (const split of splitsOf(bytes)) assertEquals(read(split.parts), messages, split.name);
  });

  Deno.test(`ChunkReader reads on behind ${name}`, () => {
    for (const split of splitsOf(concatBytes(bytes, followerBytes), 3)) {
      assertEquals(read(split.parts), [...messages, follower], split.name);
    }
  });
}

Deno.test("ChunkReader hands on a message as soon as its own bytes decide that no extended timestamp stands before them", () => {
  for (const rest of ["50", "0101", "010001", "01000001"]) {
    const length = (128 + rest.length / 2).toString(16).padStart(6, "0");
    const bytes = wire(`04 ffffff ${length} 09 01000000 01000000 ${fill(128)} c4 ${rest}`);
    for (const split of splitsOf(bytes)) {
      assertEquals(read(split.parts), [message(4, 0x1000000, `${fill(128)} ${rest}`)], `${rest} ${split.name}`);
    }
  }
});

Deno.test("ChunkReader gives payloads of their own, not views on what was pushed", () => {
  const bytes = wire("04 000000 000003 09 01000000 'abc'");
  const messages: RtmpMessage[] = [];
  new ChunkReader((message) => messages.push(message)).push(bytes);
  bytes.fill(0);
  assertEquals(messages, [message(4, 0, "'abc'")]);
});

Deno.test("ChunkReader reports the chunk size in force", () => {
  const reader = new ChunkReader(() => {});
  assertEquals(reader.chunkSize, 128);
  reader.push(wire("02 000000 000004 01 00000000 0000ea60"));
  assertEquals(reader.chunkSize, 60_000);
});

const broken: [name: string, bytes: string, code: SrsCodeName, text: string][] = [
  ["type 2 on a new chunk stream", "84 000000 'a'", "RtmpChunkStart", "chunk stream 4 starts with a chunk of type 2"],
  ["type 3 on a new chunk stream", "c4", "RtmpChunkStart", "chunk stream 4 starts with a chunk of type 3"],
  ["type 3 on a new chunk stream of three bytes", "c1 ffff", "RtmpChunkStart", "chunk stream 65599 "],
  [
    "a shorter type 1 in the middle of a message",
    `04 000000 000100 09 01000000 ${fill(128)} 44 000000 000010 09`,
    "RtmpPacketSize",
    "from 256 to 16 in mid-message",
  ],
  [
    "a longer type 1 in the middle of a message",
    `04 000000 000100 09 01000000 ${fill(128)} 44 000000 ffffff 09`,
    "RtmpPacketSize",
    "from 256 to 16777215 in mid-message",
  ],
  ["chunk size 0", "02 000000 000004 01 00000000 00000000", "RtmpChunkSize", "chunk size 0"],
  ["chunk size with the high bit", "02 000000 000004 01 00000000 80000080", "RtmpChunkSize", "chunk size 2147483776"],
  ["a chunk size of three bytes", "02 000000 000003 01 00000000 001000", "RtmpChunkSize", "chunk size 0"],
];

for (const [name, bytes, code, text] of broken) {
  Deno.test(`ChunkReader refuses ${name}`, () => {
    for (const split of splitsOf(wire(bytes), 3)) {
      const error = assertThrows(() => read(split.parts), ProtocolError, text);
      assertEquals(error.codeName, code, split.name);
    }
  });
}
