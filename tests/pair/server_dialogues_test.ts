import { assert, assertEquals, assertThrows } from "../assert.ts";
import { type AmfValue, encodeAmf0 } from "../../src/amf/amf0.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ProtocolError, RequestDenied } from "../../src/base/errors.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { acceptConnect, carry, describe, media, openReply, RawClient, TestServer } from "./peers.ts";

/** What the client says (name, transaction, values behind the null), and what it hears then. */
type Step = [said: [name: string, transactionId: number, ...values: AmfValue[]], heard: string[]];

interface Dialogue {
  name: string;
  steps: Step[];
  /** What the owner of the session gets to know behind `connect`. */
  log: string[];
  type?: string;
}

const started = "onStatus 0 NetStream.Publish.Start";
const fcStarted = "onFCPublish 0 NetStream.Publish.Start";
const playing = [
  "t4 000000000001",
  "onStatus 0 NetStream.Play.Reset",
  "onStatus 0 NetStream.Play.Start",
  "|RtmpSampleAccess true true",
];
const unpublished = [
  "onFCUnpublish 0 NetStream.Unpublish.Success",
  "_result 9 undefined",
  "onStatus 0 NetStream.Unpublish.Success",
];

const dialogues: Dialogue[] = [
  {
    name: "FMLE: releaseStream, FCPublish, createStream, publish",
    steps: [
      [["releaseStream", 2, "s"], ["_result 2 undefined"]],
      [["FCPublish", 3, "s"], ["_result 3 undefined"]],
      [["createStream", 4], ["_result 4 1"]],
      [["publish", 5, "s", "live"], [fcStarted, started]],
      [["FCUnpublish", 9, "s"], unpublished],
      [["deleteStream", 7, 1], ["_result 7"]],
    ],
    log: ["publish", "unpublish"],
    type: "fmle-publish",
  },
  {
    name: "FMLE without releaseStream",
    steps: [
      [["FCPublish", 3, "s"], ["_result 3 undefined"]],
      [["createStream", 4], ["_result 4 1"]],
      [["publish", 5, "s", "live"], [fcStarted, started]],
    ],
    log: ["publish"],
    type: "fmle-publish",
  },
  {
    name: "Flash: createStream, publish without a transaction",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 0, "s", "live"], [started]],
    ],
    log: ["publish"],
    type: "flash-publish",
  },
  {
    name: "Haivision: createStream, FCPublish, publish without a type",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["FCPublish", 3, "s"], ["_result 3 undefined"]],
      [["publish", 4, "s"], [fcStarted, started]],
      [["FCUnpublish", 9, "s"], unpublished],
    ],
    log: ["publish", "unpublish"],
    type: "haivision-publish",
  },
  {
    name: "an encoder that calls releaseStream late",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["releaseStream", 3, "s"], ["_result 3 undefined"]],
      [["FCPublish", 4, "s"], ["_result 4 undefined"]],
      [["publish", 5, "s"], [fcStarted, started]],
    ],
    log: ["publish"],
    type: "haivision-publish",
  },
  {
    name: "a camera that sends FCPublish behind publish, and again",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s", "live"], [started]],
      [["FCPublish", 4, "s"], ["_result 4 undefined"]],
      [["FCPublish", 5, "s"], ["_result 5 undefined"]],
    ],
    log: ["publish"],
    type: "flash-publish",
  },
  {
    name: "publish without createStream",
    steps: [[["publish", 0, "s"], [started]]],
    log: ["publish"],
    type: "flash-publish",
  },
  {
    name: "a stream is created over and over: it is always the same",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["createStream", 3], ["_result 3 1"]],
      [["createStream", 4], ["_result 4 1"]],
      [["play", 0, "s"], playing],
    ],
    log: ["play"],
  },
  {
    name: "Wirecast, which gives false for a name when it stops",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s"], [started]],
      [["FCUnpublish", 9, false], unpublished],
      [["deleteStream", 0, false], []],
      [["closeStream", 0], []],
    ],
    log: ["publish", "unpublish"],
  },
  {
    name: "publish anew with another name",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s"], [started]],
      [["publish", 4, "other"], [started]],
    ],
    log: ["publish", "unpublish", "publish"],
  },
  {
    name: "publish again behind FCUnpublish",
    steps: [
      [["FCPublish", 2, "s"], ["_result 2 undefined"]],
      [["publish", 3, "s"], [fcStarted, started]],
      [["FCUnpublish", 9, "s"], unpublished],
      [["FCPublish", 4, "s"], ["_result 4 undefined"]],
      [["createStream", 5], ["_result 5 1"]],
      [["publish", 6, "s"], [fcStarted, started]],
      [["deleteStream", 7, 1], []],
    ],
    log: ["publish", "unpublish", "publish", "unpublish"],
  },
  {
    name: "FCUnpublish of nothing",
    steps: [[["FCUnpublish", 9, "s"], ["_result 9 undefined"]]],
    log: [],
  },
  {
    name: "unknown calls: answered with nothing before a stream is created, and while one is played",
    steps: [
      [["_checkbw", 2], ["_result 2"]],
      [["FCSubscribe", 3, "s"], ["_result 3"]],
      [["getStreamLength", 0, "s"], []],
      [["createStream", 4], ["_result 4 1"]],
      [["_checkbw", 5], []],
      [["getStreamLength", 6, "s"], []],
      [["play", 7, "s"], playing],
      [["_checkbw", 8], ["_result 8"]],
      [["receiveAudio", 0, true], []],
      [["seek", 9, 1000], ["_result 9"]],
    ],
    log: ["play"],
  },
  {
    name: "unknown calls of a publisher",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s"], [started]],
      [["_checkbw", 4], []],
    ],
    log: ["publish"],
  },
  {
    name: "answers of the client to calls never made",
    steps: [
      [["_result", 2, 1], []],
      [["_error", 3, "x"], []],
      [["onStatus", 0, { code: "x" }], []],
      [["", 0], []],
    ],
    log: [],
  },
  {
    name: "play, pause, go on, stop, play another",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["play", 3, "s"], playing],
      [["pause", 0, true, 1000], ["onStatus 0 NetStream.Pause.Notify", "t4 000100000001"]],
      [["pause", 0, false, 1000], ["onStatus 0 NetStream.Unpause.Notify", "t4 000000000001"]],
      [["pause", 0], ["onStatus 0 NetStream.Unpause.Notify", "t4 000000000001"]],
      [["closeStream", 0], []],
      [["pause", 0, true], []],
      [["play", 0, "other"], playing],
      [["deleteStream", 5, 1], ["_result 5"]],
    ],
    log: ["play", "pause", "pause", "pause", "stopPlay", "play", "stopPlay"],
  },
  {
    name: "a player that turns publisher",
    steps: [
      [["play", 0, "s"], playing],
      [["publish", 3, "s"], [started]],
      [["play", 0, "s"], playing],
    ],
    log: ["play", "stopPlay", "publish", "unpublish", "play"],
  },
];

for (const { name, steps, log, type } of dialogues) {
  Deno.test(`RtmpServerSession leads the dialogue: ${name}`, () => {
    const server = new TestServer();
    const client = RawClient.connected(server);
    for (const [[call, transactionId, ...values], heard] of steps) {
      carry(client.call(call, transactionId, null, ...values), server.session);
      assertEquals(client.heard(), heard, call);
    }
    assertEquals(server.log, ["connect", ...log]);
    if (type === undefined) return;
    const publish = server.requests.find((request) => request.kind === "publish");
    assert(publish?.kind === "publish");
    assertEquals(publish.type, type);
  });
}

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
    assertEquals(client.heard().slice(-playing.length - 1), ["_result 2 1", ...playing]);
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
  assertEquals(client.heard(), [started]);
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
