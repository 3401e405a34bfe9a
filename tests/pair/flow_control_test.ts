import { assert, assertEquals } from "../kit/assert.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import {
  readControlValue,
  setPeerBandwidth,
  userControl,
  UserControlEvent,
  windowAckSize,
} from "../../src/rtmp/control.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { carry, media, openReply, RawClient, RawServer, TestClient, TestServer } from "../kit/peers/peers.ts";

const { Acknowledgement, Video } = MessageType;

/** The totals that are acknowledged in `messages`. */
function acknowledged(messages: readonly RtmpMessage[]): number[] {
  return messages.filter(({ typeId }) => typeId === Acknowledgement).map(({ payload }) => readControlValue(payload));
}

/** A publisher of a server that acknowledges by a window of its own choice. */
function publisher(assumedWindowBytes: number): { server: TestServer; client: RawClient } {
  const server = new TestServer((request, session) => {
    if (request.kind === "connect") session.acceptConnect(request.id, { ...openReply, assumedWindowBytes });
    else session.accept(request.id);
  });
  const client = RawClient.connected(server);
  carry(client.call("publish", 2, null, "s"), server.session);
  client.messages.length = 0;
  return { server, client };
}

Deno.test("the server acknowledges all bytes so far, each time half the window has come", () => {
  const { server, client } = publisher(0);
  const packet = encodeMessage(media(Video, 0, new Uint8Array(100)), 128);
  assertEquals(packet.length, 112);
  carry(client.send(windowAckSize(1000)), server.session);
  assertEquals(acknowledged(client.messages).length, 0);
  for (let i = 0; i < 20; i++) carry(client.send(media(Video, i, new Uint8Array(100))), server.session);
  const totals = acknowledged(client.messages);
  assert(totals.length >= 4, `${totals}`);
  for (const [i, total] of totals.entries()) {
    // From one to the next: at least half the window, and less than one packet more.
    const grown = total - (totals[i - 1] ?? 0);
    assert(i === 0 || (grown >= 500 && grown < 500 + packet.length), `${totals}`);
  }
});

Deno.test("the server acknowledges nothing while nobody has named a window", () => {
  const { server, client } = publisher(0);
  for (let i = 0; i < 5; i++) carry(client.send(media(Video, i, new Uint8Array(100_000))), server.session);
  carry(client.send(windowAckSize(0)), server.session);
  assertEquals(acknowledged(client.messages), []);
});

Deno.test("in_ack_size makes the server acknowledge unasked; the client's own window replaces it", () => {
  const { server, client } = publisher(10_000);
  carry(client.send(media(Video, 0, new Uint8Array(5000))), server.session);
  assertEquals(acknowledged(client.messages).length, 1);
  carry(client.send(windowAckSize(1_000_000)), server.session);
  carry(client.send(media(Video, 0, new Uint8Array(100_000))), server.session);
  assertEquals(acknowledged(client.messages).length, 1);
});

Deno.test("the server counts the bytes behind the handshake", () => {
  const { server, client } = publisher(1);
  const before = acknowledged(client.messages).at(-1) ?? 0;
  carry(client.send(media(Video, 0, new Uint8Array(100))), server.session);
  carry(client.send(media(Video, 1, new Uint8Array(100))), server.session);
  const [first = 0, second = 0] = acknowledged(client.messages).slice(-2);
  assertEquals(second - first, 112);
  assert(first > before && first < 1000, `${first}`);
});

Deno.test("the client acknowledges what it plays by the server's window", () => {
  const server = new TestServer();
  const client = new TestClient("play");
  carry(client.session, server.session);
  const bytes = encodeMessage(media(Video, 0, new Uint8Array(50_000)), openReply.chunkSizeBytes);
  let sent = 0;
  const totals: number[] = [];
  const reader = new ChunkReader((message) => totals.push(...acknowledged([message])));
  for (; sent < 60; sent++) {
    client.session.receive(bytes);
    const out = client.session.takeOutput();
    if (out !== null) reader.push(out);
  }
  // 2,500,000 bytes: one acknowledgement per 25 messages of 50,012 bytes.
  assertEquals(totals.length, 2);
  assertEquals((totals[1] ?? 0) - (totals[0] ?? 0), 25 * 50_012);
});

Deno.test("pings are answered with their own number, by either side", () => {
  const server = new TestServer();
  const client = RawClient.connected(server);
  carry(client.send(userControl(UserControlEvent.PingRequest, 0xfedcba98)), server.session);
  assertEquals(client.heard(), ["t4 0007fedcba98"]);

  const raw = new RawServer();
  const session = new TestClient("play").session;
  carry(session, raw);
  raw.heard();
  carry(raw.send(userControl(UserControlEvent.PingRequest, 7)), session);
  assertEquals(raw.heard(), ["t4 000700000007"]);
});

Deno.test("pongs that nobody asked for, and pings cut short, are ignored", () => {
  const server = new TestServer();
  const client = RawClient.connected(server);
  client.send(userControl(UserControlEvent.PingResponse, 7));
  client.send({ ...userControl(UserControlEvent.PingRequest, 7), payload: Uint8Array.of(0, 6, 0, 0, 0) });
  carry(client, server.session);
  assertEquals(client.heard(), []);
});

Deno.test("a peer bandwidth is answered by a window when it differs from the one announced", () => {
  const server = new TestServer();
  const client = RawClient.connected(server);
  for (const bytes of [2_500_000, 0, 5000, 5000, 2_500_000]) {
    carry(client.send(setPeerBandwidth(bytes)), server.session);
  }
  assertEquals(client.heard(), ["t5 00001388", "t5 002625a0"]);
});
