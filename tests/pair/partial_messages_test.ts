/** What clients may leave unfinished: little until they publish, and so much together. */
import { ProtocolError } from "../../src/base/errors.ts";
import { ByteBudget } from "../../src/rtmp/byte_budget.ts";
import { ChunkReader, defaultChunkLimits, UNBUDGETED_BYTES } from "../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import { setChunkSize } from "../../src/rtmp/control.ts";
import { MessageType } from "../../src/rtmp/message.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../kit/assert.ts";
import { acceptConnect, carry, RawClient, TestServer } from "../kit/peers/peers.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const PIECE_BYTES = 4 * KiB;
const LONGEST_BYTES = 0xffffff;

/** The beginning of a video message, up to `bytes` of its payload, in pieces as a socket gives them. */
function* unfinished(bytes: number): Generator<Uint8Array> {
  yield encodeMessage(setChunkSize(0x7fffffff), 128);
  yield Uint8Array.of(6, 0, 0, 0, 0xff, 0xff, 0xff, MessageType.Video, 1, 0, 0, 0);
  for (let sent = 0; sent < bytes; sent += PIECE_BYTES) yield new Uint8Array(Math.min(PIECE_BYTES, bytes - sent));
}

function sendTo(receive: (bytes: Uint8Array) => void, pieces: Iterable<Uint8Array>): void {
  for (const piece of pieces) receive(piece);
}

function connected(): { server: TestServer; client: RawClient; receive: (bytes: Uint8Array) => void } {
  const server = new TestServer(acceptConnect);
  const client = RawClient.connected(server);
  return { server, client, receive: (bytes) => server.session.receive(bytes) };
}

Deno.test("a client that does not publish is cut off at 1 MiB of unfinished messages", () => {
  const { receive } = connected();
  sendTo(receive, unfinished(512 * KiB));
  const error = assertThrows(() => sendTo(receive, [new Uint8Array(MiB)]), ProtocolError);
  assertEquals(error.message, "more than 1048576 bytes of unfinished messages on one connection");
});

Deno.test("a publisher may send the longest message there is, and after its end no more", () => {
  const { server, client, receive } = connected();
  carry(client.call("publish", 2, null, "s"), server.session);
  server.session.accept(server.last.id);
  sendTo(receive, unfinished(LONGEST_BYTES));
  assertEquals(server.media.map(({ payload }) => payload.length), [LONGEST_BYTES]);
  sendTo(receive, [encodeMessage(setChunkSize(128), 128)]);
  carry(client.call("FCUnpublish", 3, null, "s"), server.session);
  assertThrows(() => sendTo(receive, unfinished(2 * MiB)), ProtocolError, "more than 1048576 bytes");
});

Deno.test("a long frame behind an open publish waits for the answer: no more is to be read meanwhile", () => {
  const { server, client, receive } = connected();
  carry(client.call("publish", 2, null, "s"), server.session);
  let left = LONGEST_BYTES;
  const pieces = unfinished(LONGEST_BYTES);
  for (let next = pieces.next(); !next.done && !server.session.isCongested; next = pieces.next()) {
    receive(next.value);
    left -= next.value.length;
  }
  assert(server.session.isCongested);
  assertLess(MiB, left);
  server.session.accept(server.last.id);
  assert(!server.session.isCongested);
});

Deno.test("readers of one budget hold no more than that together, beyond a share of each", () => {
  const budget = new ByteBudget(2 * MiB);
  const readers = Array.from({ length: 6 }, () => new ChunkReader(() => {}, defaultChunkLimits, budget));
  const fill = (reader: ChunkReader, bytes: number) => sendTo((piece) => reader.push(piece), unfinished(bytes));
  for (const reader of readers.slice(0, 2)) fill(reader, MiB);
  assertEquals(budget.usedBytes, 2 * (MiB - UNBUDGETED_BYTES));
  const text = "the unfinished messages of all connections take more than 2097152 bytes";
  assertThrows(() => fill(readers[2]!, MiB), ProtocolError, text);
  fill(readers[3]!, UNBUDGETED_BYTES);
  for (const reader of readers) reader.close();
  assertEquals(budget.usedBytes, 0);
});

Deno.test("a message that became whole is given back to the budget", () => {
  const budget = new ByteBudget(32 * MiB);
  const reader = new ChunkReader(() => {}, defaultChunkLimits, budget);
  sendTo((piece) => reader.push(piece), unfinished(LONGEST_BYTES));
  assertEquals([budget.usedBytes, reader.partialBytes], [0, 0]);
});
