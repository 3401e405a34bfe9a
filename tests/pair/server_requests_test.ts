import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { type AmfValue, encodeAmf0 } from "../../src/amf/amf0.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ProtocolError, RequestDenied } from "../../src/base/errors.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { acceptConnect, carry, describe, media, openReply, RawClient, TestServer } from "../kit/peers/peers.ts";

Deno.test("RtmpServerSession answers calls on message stream 0 of chunk stream 3, statuses on stream 1 of chunk stream 5", () => {
  const server = new TestServer();
  const client = RawClient.connected(server);
  carry(client.call("FCPublish", 2, null).call("publish", 3, null, "s").call("FCUnpublish", 4, null), server.session);
  assertEquals(client.messages.map((m) => `${describe(m).split(" ")[0]} ${m.csid} ${m.msid} ${m.timestampMs}`), [
    "_result 3 0 0",
    "onFCPublish 5 1 0",
    "onStatus 5 1 0",
    "onFCUnpublish 5 1 0",
    "_result 3 1 0",
    "onStatus 5 1 0",
  ]);
});

const plays: [values: AmfValue[], durationMs: number][] = [
  [["s"], -1],
  [["s", -2], -1],
  [["s", -2000, 5000], 5000],
  [["s", 0, -1, true], -1],
  [["s", 0, "5000"], -1],
  [["s", 0, NaN], -1],
  [["s", null, Infinity], -1],
];

for (const [values, durationMs] of plays) {
  Deno.test(`play with ${JSON.stringify(values)} asks for ${durationMs} ms`, () => {
    const server = new TestServer();
    carry(RawClient.connected(server).call("play", NaN, null, ...values), server.session);
    assert(server.last.kind === "play");
    assertEquals([server.last.url.key, server.last.durationMs], ["a.com/live/s", durationMs]);
  });
}

const named: [command: string, name: AmfValue, status: string, code: string][] = [
  ["publish", "", "NetStream.Publish.Denied", "StreamNameEmpty"],
  ["publish", 42, "NetStream.Publish.Denied", "StreamNameEmpty"],
  ["publish", "../s", "NetStream.Publish.Denied", "RtmpTcUrl"],
  ["publish", "s".repeat(100_000), "NetStream.Publish.Denied", "RtmpTcUrl"],
  ["play", null, "NetStream.Play.Failed", "StreamNameEmpty"],
  ["play", { __proto__: null, a: 1 } as AmfValue, "NetStream.Play.Failed", "StreamNameEmpty"],
  ["play", "a\\b", "NetStream.Play.Failed", "RtmpTcUrl"],
];

for (const [command, name, status, code] of named) {
  Deno.test(`${command} of the name ${JSON.stringify(name).slice(0, 20)} is refused with a status, then by an error`, () => {
    const server = new TestServer();
    const client = RawClient.connected(server);
    const error = assertThrows(() => carry(client.call(command, 2, null, name), server.session), RequestDenied);
    assertEquals(error.codeName, code);
    carry(client, server.session);
    assertEquals(client.heard(), [`onStatus 0 ${status}`]);
    assert(client.messages.every(({ payload }) => payload.length < 500));
  });
}

const broken: [name: string, say: (client: RawClient) => void, code: string, text: string][] = [
  [
    "a command before connect",
    (client) => client.call("createStream", 2, null),
    "RtmpConnect",
    '"createStream" before connect',
  ],
  [
    "connect without tcUrl",
    (client) => client.call("connect", 1, { app: "live" }),
    "RtmpTcUrl",
    "connect without tcUrl",
  ],
  ["connect without an object", (client) => client.call("connect", 1), "RtmpTcUrl", "connect without tcUrl"],
  [
    "connect with a number for tcUrl",
    (client) => client.call("connect", 1, { tcUrl: 1 }),
    "RtmpTcUrl",
    "without tcUrl",
  ],
  [
    "a second connect",
    (client) => client.call("connect", 1, { tcUrl: "rtmp://h/a" }).call("connect", 2, { tcUrl: "rtmp://h/b" }),
    "RtmpConnect",
    "second connect",
  ],
  ["a command without a name", (client) => client.send(command(encodeAmf0(1, 2))), "RtmpAmf0Decode", "without a name"],
  ["a command that is no AMF0", (client) => client.send(command(Uint8Array.of(0x1f))), "RtmpAmf0Decode", "AMF0"],
];

function command(payload: Uint8Array, typeId: number = MessageType.Command): RtmpMessage {
  return { csid: 3, typeId, msid: 0, timestampMs: 0, payload };
}

for (const [name, say, code, text] of broken) {
  Deno.test(`RtmpServerSession refuses ${name}`, () => {
    const server = new TestServer();
    const client = new RawClient();
    carry(client, server.session);
    say(client);
    const error = assertThrows(() => carry(client, server.session), ProtocolError, text);
    assertEquals(error.codeName, code);
  });
}

Deno.test("RtmpServerSession reads commands framed for AMF3, with or without the format byte", () => {
  for (const prefix of [[0], []]) {
    const framed = (...values: AmfValue[]) =>
      command(concatBytes(Uint8Array.from(prefix), encodeAmf0(...values)), MessageType.CommandAmf3);
    const server = new TestServer();
    const client = new RawClient().send(
      framed("connect", 1, { tcUrl: "rtmp://a.com/live", objectEncoding: 3 }),
      framed("createStream", 2, null),
      framed("play", 0, null, "s"),
    );
    carry(client, server.session);
    assertEquals(server.log, ["connect", "play"]);
    assertEquals(client.heard().slice(-5), [
      "_result 2 1",
      "t4 000000000001",
      "onStatus 0 NetStream.Play.Reset",
      "onStatus 0 NetStream.Play.Start",
      "|RtmpSampleAccess true true",
    ]);
  }
});

Deno.test("RtmpServerSession takes media only of a publisher, on whatever message stream", () => {
  const { Audio, Video, Data, DataAmf3, Aggregate } = MessageType;
  const server = new TestServer();
  const client = RawClient.connected(server);
  const part = concatBytes(Uint8Array.of(Video, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0), new Uint8Array(7), new Uint8Array(4));
  client.send(media(Video, 0, "early")).call("publish", 2, null, "s");
  client.send(media(Audio, 1, "a"), { ...media(Video, 2, "vv"), msid: 0 }, {
    ...media(Video, 3, "vvv"),
    msid: 9,
    csid: 3,
  });
  client.send(media(Data, 4, "dddd"), media(DataAmf3, 5, "\0dddd"), media(Aggregate, 6, part));
  client.call("deleteStream", 0, null, 1).send(media(Video, 7, "late"));
  carry(client, server.session);
  assertEquals(server.log.slice(1), [
    "publish",
    "media 1",
    "media 2",
    "media 3",
    "media 4",
    "media 5",
    "media 7",
    "unpublish",
  ]);
  assertEquals(server.media.map((m) => m.timestampMs), [1, 2, 3, 4, 5, 6]);
});

Deno.test("RtmpServerSession ignores what means nothing to it: timecode data, shared objects, unknown types and events", () => {
  const server = new TestServer();
  const client = RawClient.connected(server).call("publish", 2, null, "s");
  client.send(command(Uint8Array.of(0, 0, 0, 0)), command(Uint8Array.of(0, 1, 2, 3), MessageType.CommandAmf3));
  for (const typeId of [MessageType.SharedObject, MessageType.SharedObjectAmf3, 7, 99, 255]) {
    client.send(command(Uint8Array.of(1, 2, 3), typeId));
  }
  for (
    const payload of [[0], [0, 31, 0, 0, 0, 1], [0, 32, 0, 0, 0, 1], [0, 26], [0, 3, 0, 0, 0, 1, 0, 0, 3, 232], [
      255,
      255,
      1,
    ]]
  ) {
    client.send(command(Uint8Array.from(payload), MessageType.UserControl));
  }
  client.send(
    command(Uint8Array.of(9), MessageType.Acknowledgement),
    command(Uint8Array.of(9), MessageType.WindowAckSize),
  );
  carry(client, server.session);
  assertEquals(client.heard(), ["onStatus 0 NetStream.Publish.Start"]);
  assertEquals(server.log, ["connect", "publish"]);
});

Deno.test("reject tells a client why: publish, play, connect", () => {
  const server = new TestServer(acceptConnect);
  const client = RawClient.connected(server);
  carry(client.call("publish", 2, null, "s"), server.session);
  server.session.reject(server.last.id, "publishBadName", "busy since noon");
  carry(client, server.session);
  assertEquals(client.messages.map((message) => message.msid), [1]);
  assertEquals(client.heard(), ["onStatus 0 NetStream.Publish.BadName"]);
  carry(client.call("play", 0, null, "s"), server.session);
  server.session.reject(server.last.id, "playStreamNotFound", "nobody publishes it");
  carry(client, server.session);
  assertEquals(client.heard(), ["onStatus 0 NetStream.Play.StreamNotFound"]);

  const strict = new TestServer(() => {});
  const other = RawClient.connected(strict);
  strict.session.reject(strict.last.id, "connectRejected", "no");
  carry(other, strict.session);
  assertEquals(other.heard(), ["_error 1 NetConnection.Connect.Rejected"]);
});

Deno.test("a request can be answered once, by its own id and in its own way", () => {
  const server = new TestServer(acceptConnect);
  const client = RawClient.connected(server);
  carry(client.call("play", 0, null, "s"), server.session);
  const { id } = server.last;
  assertThrows(() => server.session.accept(id + 1), TypeError, "not open");
  assertThrows(() => server.session.acceptConnect(id, openReply), TypeError, "not open");
  server.session.accept(id);
  assertThrows(() => server.session.accept(id), TypeError, "not open");
  assertThrows(() => server.session.reject(id, "playFailed", ""), TypeError, "not open");
});

Deno.test("a redirect is confirmed by the first call with a string, and nothing else is answered behind it", () => {
  const server = new TestServer();
  const client = RawClient.connected(server);
  carry(client.call("play", 0, null, "s"), server.session);
  client.heard();
  server.session.redirect("rtmp://h:1935/live/s?k=v");
  carry(client, server.session);
  assertEquals(client.messages.map(({ csid, msid }) => [csid, msid]), [[5, 0]]);
  assertEquals(client.heard(), ["onStatus 0 NetConnection.Connect.Rejected"]);
  carry(client.call("_checkbw", 4, null).call("call", 5, null, 1).call("ok", 6, null, "accepted"), server.session);
  carry(client.call("ok", 7, null, "accepted"), server.session);
  assertEquals(server.events, [{ kind: "redirectAnswered" }]);
});
