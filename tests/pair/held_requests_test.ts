import { assert, assertEquals, assertLess, assertThrows } from "../kit/assert.ts";
import { ProtocolError, RequestDenied } from "../../src/base/errors.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import { setChunkSize } from "../../src/rtmp/control.ts";
import { MessageType } from "../../src/rtmp/message.ts";
import { acceptAll, acceptConnect, carry, media, openReply, RawClient, TestServer } from "../kit/peers/peers.ts";

const { Audio, Video, Data, Aggregate } = MessageType;

/** A server on which a publish is open. */
function openPublish(): { server: TestServer; client: RawClient; id: number } {
  const server = new TestServer(acceptConnect);
  const client = RawClient.connected(server);
  carry(client.call("publish", 2, null, "s"), server.session);
  return { server, client, id: server.last.id };
}

Deno.test("media that comes while a publish is open is delivered in order once it is accepted", () => {
  const { server, client, id } = openPublish();
  client.send(media(Data, 0, "d"), media(Audio, 1, "aa"), media(Video, 2, "vvv"), media(Audio, 3, "aaaa"));
  carry(client, server.session);
  assertEquals(server.log, ["connect", "publish"]);
  server.session.accept(id);
  assertEquals(server.log, ["connect", "publish", "media 1", "media 2", "media 3", "media 4"]);
  carry(client.send(media(Video, 4, "vvvvv")), server.session);
  assertEquals(server.log.at(-1), "media 5");
  assertEquals(server.media.map((message) => message.timestampMs), [0, 1, 2, 3, 4]);
});

Deno.test("held media keeps its bytes, whatever becomes of the buffer they came in", () => {
  const { server, id } = openPublish();
  const bytes = encodeMessage(media(Video, 0, "vvv"), 128);
  server.session.receive(bytes);
  bytes.fill(0);
  server.session.accept(id);
  assertEquals(server.media, [media(Video, 0, "vvv")]);
});

Deno.test("commands behind an open request wait for it, together with the media between them", () => {
  const { server, client, id } = openPublish();
  client.send(media(Video, 1, "v")).call("FCUnpublish", 3, null, "s");
  client.send(media(Video, 2, "lost")).call("publish", 4, null, "t").send(media(Video, 3, "vv")).call(
    "deleteStream",
    5,
    null,
    1,
  );
  carry(client, server.session);
  assertEquals(client.heard(), []);
  server.session.accept(id);
  // The second publish is open now, and holds up what is behind it.
  assertEquals(server.log, ["connect", "publish", "media 1", "unpublish", "publish"]);
  server.session.accept(server.last.id);
  assertEquals(server.log, ["connect", "publish", "media 1", "unpublish", "publish", "media 2", "unpublish"]);
  carry(client, server.session);
  assertEquals(client.heard(), [
    "onStatus 0 NetStream.Publish.Start",
    "onFCUnpublish 0 NetStream.Unpublish.Success",
    "_result 3 undefined",
    "onStatus 0 NetStream.Unpublish.Success",
    "onStatus 0 NetStream.Publish.Start",
  ]);
});

Deno.test("a whole dialogue sent at once is led step by step when the owner answers later", () => {
  const server = new TestServer(() => {});
  const client = new RawClient().call("connect", 1, { tcUrl: "rtmp://a.com/live" }).call("FCPublish", 2, null, "s");
  client.call("createStream", 3, null).call("publish", 4, null, "s").send(media(Video, 1, "v"));
  carry(client, server.session);
  assertEquals(server.log, ["connect"]);
  server.session.acceptConnect(server.last.id, openReply);
  assertEquals(server.log, ["connect", "publish"]);
  assertEquals(server.media, []);
  server.session.accept(server.last.id);
  assertEquals(server.log, ["connect", "publish", "media 1"]);
});

Deno.test("requests answered from within each other's draining keep the order", () => {
  let later = 0;
  const server = new TestServer((request, session) => {
    if (request.kind === "connect") later = request.id;
    else acceptAll(request, session);
  });
  const client = new RawClient().call("connect", 1, { tcUrl: "rtmp://a.com/live" });
  for (const name of ["s", "t", "u"]) client.call("publish", 2, null, name).send(media(Video, 1, name));
  client.call("play", 0, null, "v").send(media(Video, 1, "lost"));
  carry(client, server.session);
  assertEquals(server.log, ["connect"]);
  server.session.acceptConnect(later, openReply);
  const publish = ["publish", "media 1", "unpublish"];
  assertEquals(server.log, ["connect", ...publish, ...publish, ...publish, "play"]);
});

Deno.test("pings and chunk sizes take effect while a request is open", () => {
  const { server, client, id } = openPublish();
  client.send({
    csid: 2,
    typeId: MessageType.UserControl,
    msid: 0,
    timestampMs: 0,
    payload: Uint8Array.of(0, 6, 0, 0, 0, 9),
  });
  carry(client, server.session);
  assertEquals(client.heard(), ["t4 000700000009"]);
  const big = media(Video, 0, new Uint8Array(5000));
  server.session.receive(encodeMessage(setChunkSize(4096), 128));
  server.session.receive(encodeMessage(big, 4096));
  server.session.accept(id);
  assertEquals(server.media, [big]);
});

Deno.test("what a client sends behind a refused request is dropped", () => {
  const { server, client, id } = openPublish();
  carry(client.send(media(Video, 1, "v")).call("FCUnpublish", 3, null), server.session);
  server.session.reject(id, "publishBadName", "busy");
  carry(client, server.session);
  assertEquals(client.heard(), ["onStatus 0 NetStream.Publish.BadName"]);
  assert(!server.session.isCongested);
  // A client that is not thrown out may ask again.
  carry(client.call("publish", 4, null, "t").send(media(Video, 2, "vv")), server.session);
  server.session.accept(server.last.id);
  assertEquals(server.log.slice(1), ["publish", "publish", "media 2"]);
});

Deno.test("a held command that is at fault throws out of the answer that reaches it", () => {
  const denied = openPublish();
  carry(denied.client.call("play", 0, null, "../s"), denied.server.session);
  assertThrows(() => denied.server.session.accept(denied.id), RequestDenied, "invalid name");

  const server = new TestServer(() => {});
  const client = new RawClient().call("connect", 1, { tcUrl: "rtmp://a.com/live" }).call("connect", 2, {});
  carry(client, server.session);
  assertThrows(() => server.session.acceptConnect(server.last.id, openReply), ProtocolError, "second connect");
});

Deno.test("isCongested asks the owner to stop reading at about 1 MiB, and ends with the answer", () => {
  const { server, id } = openPublish();
  const message = media(Video, 0, new Uint8Array(10_000));
  const bytes = encodeMessage(message, 128);
  let sent = 0;
  while (!server.session.isCongested) {
    server.session.receive(bytes);
    sent++;
  }
  assertEquals(Math.ceil((1 << 20) / 10_256), sent);
  server.session.accept(id);
  assert(!server.session.isCongested);
  assertEquals(server.media.length, sent);
});

Deno.test("small messages count by what they cost, not by their payload", () => {
  const { server } = openPublish();
  const bytes = encodeMessage(media(Audio, 0, "a"), 128);
  let sent = 0;
  for (; !server.session.isCongested; sent++) server.session.receive(bytes);
  assertLess(sent, 5000);
});

Deno.test("an owner that reads on regardless is stopped: held messages are bounded", () => {
  const { server } = openPublish();
  const bytes = encodeMessage(media(Video, 0, new Uint8Array(1 << 20)), 128);
  let sent = 0;
  assertThrows(
    () => {
      for (; sent < 100; sent++) server.session.receive(bytes);
    },
    ProtocolError,
    "bytes before its request was answered",
  );
  assertLess(sent, 33);
});

Deno.test("aggregates of very many parts do not get round the bound", () => {
  const { server } = openPublish();
  // Parts of one byte: 11 B header, payload, 4 B back pointer.
  const payload = new Uint8Array(16 * 65_536);
  for (let at = 0; at < payload.length; at += 16) {
    payload[at] = Video;
    payload[at + 3] = 1;
  }
  server.session.receive(encodeMessage(setChunkSize(0xffffff), 128));
  const aggregate = encodeMessage(media(Aggregate, 0, payload), 0xffffff);
  server.session.receive(aggregate);
  assertEquals(server.session.isCongested, true);
  // Of each only some thousand parts are kept, and of those only so many.
  assertThrows(
    () => {
      for (let i = 0; i < 40; i++) server.session.receive(aggregate);
    },
    ProtocolError,
    "bytes before its request was answered",
  );
});
