import { assertEquals, assertThrows } from "../kit/assert.ts";
import type { AmfValue } from "../../src/amf/amf0.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { encodeCommand } from "../../src/rtmp/command.ts";
import { userControl, UserControlEvent } from "../../src/rtmp/control.ts";
import { MessageType } from "../../src/rtmp/message.ts";
import { carry, media, RawServer, TestClient } from "../kit/peers/peers.ts";

/** A server and a client of it that has sent its connect. */
function dialled(role: "play" | "publish"): { server: RawServer; client: TestClient } {
  const server = new RawServer();
  const client = new TestClient(role);
  carry(client.session, server);
  return { server, client };
}

/** The same behind the answers to connect and createStream. */
function established(role: "play" | "publish", msid = 1): { server: RawServer; client: TestClient } {
  const { server, client } = dialled(role);
  carry(server.call("_result", 1, {}, {}), client.session);
  carry(server.call("_result", role === "play" ? 2 : 4, null, msid), client.session);
  server.heard();
  return { server, client };
}

function status(info: AmfValue): [string, number, AmfValue, AmfValue] {
  return ["onStatus", 0, null, info];
}

Deno.test("RtmpClientSession plays: connect, createStream, play, and nothing before its turn", () => {
  const { server, client } = dialled("play");
  assertEquals(server.heard(), [
    "connect 1 app,flashVer,swfUrl,tcUrl,fpad,capabilities,audioCodecs,videoCodecs,videoFunction,pageUrl,objectEncoding",
    "t5 002625a0",
  ]);
  assertEquals(client.heard, []);
  carry(server.call("_result", 1, {}, {}), client.session);
  assertEquals(server.heard(), ["createStream 2"]);
  assertEquals(client.heard, ["connected"]);
  carry(server.call("_result", 2, null, 1), client.session);
  assertEquals(server.heard(), ["play 0 s", "t4 000300000001000003e8"]);
  assertEquals(client.heard, ["connected", "ready"]);
});

Deno.test("RtmpClientSession publishes: releaseStream, FCPublish, createStream, publish", () => {
  const { server, client } = dialled("publish");
  server.heard();
  carry(server.call("_result", 1, {}, {}), client.session);
  assertEquals(server.heard(), ["releaseStream 2 s", "FCPublish 3 s", "createStream 4"]);
  carry(server.call("_error", 2, null, {}).call("_error", 3, null, {}).call("_result", 4, null, 5), client.session);
  assertEquals(server.messages.map(({ msid }) => msid), [5]);
  assertEquals(server.heard(), ["publish 5 s live"]);
  assertEquals(client.heard, ["connected"]);
  carry(server.call(...status({ level: "status", code: "NetStream.Publish.Start" })), client.session);
  assertEquals(client.heard, ["connected", "ready"]);
  client.session.publish(MessageType.Audio, 7, Uint8Array.of(1));
  carry(client.session, server);
  assertEquals(server.messages.map(({ typeId, msid, timestampMs }) => [typeId, msid, timestampMs]), [[8, 5, 7]]);
  server.heard();
  client.session.unpublish();
  carry(client.session, server);
  assertEquals(server.heard(), ["FCUnpublish 6 s", "deleteStream 7 5"]);
});

Deno.test("RtmpClientSession does each step once, however often the server answers", () => {
  for (const role of ["play", "publish"] as const) {
    const { server, client } = established(role);
    for (let i = 0; i < 3; i++) {
      server.call("_result", 1, {}, {}).call("_result", 2, null, 7).call("_result", 4, null, 7);
      server.call(...status({ level: "status", code: "NetStream.Publish.Start" }));
    }
    carry(server, client.session);
    assertEquals(server.heard(), []);
    assertEquals(client.heard.filter((kind) => !kind.startsWith("status")), ["connected", "ready"]);
  }
});

Deno.test("RtmpClientSession is not ready to publish on a stream it does not have", () => {
  const { server, client } = dialled("publish");
  carry(server.call(...status({ level: "status", code: "NetStream.Publish.Start" })), client.session);
  assertEquals(client.heard, ["status NetStream.Publish.Start"]);
});

Deno.test("RtmpClientSession takes any stream id, and 1 for what is none", () => {
  for (const [answer, msid] of [[1, 1], [7, 7], [0, 1], [NaN, 1], ["1", 1], [null, 1], [undefined, 1]] as const) {
    const { server, client } = dialled("play");
    carry(server.call("_result", 1, {}, {}).call("_result", 2, null, answer), client.session);
    assertEquals(server.messages.find(({ typeId, csid }) => typeId === 20 && csid === 5)?.msid, msid, String(answer));
  }
});

const refusals: [role: "play" | "publish", name: string, call: [string, number, ...AmfValue[]], heard: string][] = [
  [
    "play",
    "_error to connect",
    ["_error", 1, null, { level: "error", code: "NetConnection.Connect.Rejected" }],
    "refused NetConnection.Connect.Rejected",
  ],
  ["play", "_error without level", ["_error", 1, null, { code: "x" }], "refused x"],
  ["play", "_error without anything", ["_error", 1], "refused "],
  [
    "play",
    "an error status",
    status({ level: "error", code: "NetStream.Play.StreamNotFound" }),
    "refused NetStream.Play.StreamNotFound",
  ],
  [
    "play",
    "redirect2",
    status({ level: "error", code: "x", ex: { code: 302, redirect: "rtmp://h/a", redirect2: "rtmp://h/a/s" } }),
    "redirect",
  ],
  ["play", "redirect alone", status({ level: "error", code: "x", ex: { redirect: "rtmp://h/a" } }), "redirect"],
  [
    "play",
    "redirect by _error to connect",
    ["_error", 1, null, { code: "x", ex: { redirect: "rtmp://h/a" } }],
    "redirect",
  ],
  ["play", "ex without an address", status({ level: "error", code: "x", ex: { code: 302 } }), "refused x"],
  ["play", "ex of the wrong type", status({ level: "error", code: "x", ex: "rtmp://h/a" }), "refused x"],
  ["play", "an address of the wrong type", status({ level: "error", code: "x", ex: { redirect2: 1 } }), "refused x"],
  ["play", "ex that is no error", status({ level: "status", code: "x", ex: { redirect: "rtmp://h/a" } }), "status x"],
  [
    "play",
    "a request to move",
    status({ level: "status", code: "NetConnection.Connect.ReconnectRequest", tcUrl: "rtmp://h/a" }),
    "reconnectRequest",
  ],
  [
    "play",
    "a request to move anywhere",
    status({ level: "status", code: "NetConnection.Connect.ReconnectRequest" }),
    "reconnectRequest",
  ],
  ["play", "a status of nothing", ["onStatus", 0], "status "],
  ["play", "a status of null", status(null), "status "],
  ["play", "a status of an array", status([1]), "status "],
  [
    "publish",
    "a name that is taken",
    status({ level: "error", code: "NetStream.Publish.BadName" }),
    "refused NetStream.Publish.BadName",
  ],
  [
    "publish",
    "_error to publish",
    ["_error", 5, null, { code: "NetStream.Publish.Denied" }],
    "refused NetStream.Publish.Denied",
  ],
];

for (const [role, name, call, heard] of refusals) {
  Deno.test(`RtmpClientSession hears ${name}`, () => {
    const { server, client } = established(role);
    client.events.length = 0;
    carry(server.call(...call), client.session);
    assertEquals(client.heard, [heard]);
  });
}

Deno.test("RtmpClientSession gives the address of the stream before that of the app", () => {
  const { server, client } = established("play");
  const ex = { code: 302, redirect: "rtmp://h/a", redirect2: "rtmp://h/a/s" };
  carry(server.call(...status({ level: "error", ex })), client.session);
  carry(server.call(...status({ level: "error", ex: { redirect: "rtmp://h/a", redirect2: "" } })), client.session);
  carry(server.call(...status({ level: "status", code: "NetConnection.Connect.ReconnectRequest" })), client.session);
  assertEquals(client.events.slice(-3), [
    { kind: "redirect", url: "rtmp://h/a/s" },
    { kind: "redirect", url: "rtmp://h/a" },
    { kind: "reconnectRequest", tcUrl: "" },
  ]);
});

Deno.test("RtmpClientSession ignores calls, unknown answers and strange control messages", () => {
  const { server, client } = established("play");
  client.events.length = 0;
  server.call("onBWDone", 0).call("onBWDone", 0, null, 8192).call("onFCSubscribe", 0, null, {}).call(
    "_result",
    77,
    null,
    1,
  );
  server.call("_error", 77, null, { code: "x" }).call("", 0).call("close", 0, null).call("_checkbw", 3, null);
  for (const event of [26, 27, 31, 32, 99]) server.send(userControl(event, 1));
  carry(server.send(userControl(UserControlEvent.StreamEof, 2)), client.session);
  assertEquals(client.heard, []);
  assertEquals(server.heard(), []);
});

Deno.test("RtmpClientSession hears the end of its stream by status or by user control", () => {
  const { server, client } = established("play");
  client.events.length = 0;
  server.call(...status({ level: "status", code: "NetStream.Play.UnpublishNotify" }));
  server.call(...status({ level: "status", code: "NetStream.Play.Stop" }));
  carry(server.send(userControl(UserControlEvent.StreamEof, 1)), client.session);
  assertEquals(client.heard, ["streamEnd", "streamEnd", "streamEnd"]);
});

Deno.test("RtmpClientSession hands on media at any time and from any message stream, aggregates in parts", () => {
  const { server, client } = established("play");
  const part = Uint8Array.of(9, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0);
  server.send(media(8, 1, "a"), { ...media(9, 2, "v"), msid: 0, csid: 900 }, media(18, 3, "d"), media(22, 4, part));
  carry(server, client.session);
  assertEquals(client.media.map(({ typeId, timestampMs }) => [typeId, timestampMs]), [[8, 1], [9, 2], [18, 3], [9, 4]]);
});

Deno.test("RtmpClientSession gives up on a server that talks nonsense", () => {
  const { server, client } = established("play");
  const malformed = { ...encodeCommand({ csid: 3, msid: 0 }, "x", 0), payload: Uint8Array.of(1, 1) };
  const error = assertThrows(() => carry(server.send(malformed), client.session), ProtocolError);
  assertEquals(error.codeName, "RtmpAmf0Decode");
});

Deno.test("RtmpClientSession bounds what it holds for a server that never reads", () => {
  const { client } = established("publish");
  const payload = new Uint8Array(1 << 20);
  const error = assertThrows(
    () => {
      for (let i = 0; i < 9; i++) client.session.publish(MessageType.Video, i, payload);
    },
    ProtocolError,
    "peer does not read",
  );
  assertEquals(error.codeName, "RtmpMsgInvalidSize");
});
