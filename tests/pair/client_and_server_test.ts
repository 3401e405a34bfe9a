import { assert, assertEquals } from "../kit/assert.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { Prng } from "../kit/media/mutate.ts";
import {
  acceptAll,
  acceptConnect,
  carry,
  type Endpoint,
  media,
  openReply,
  TestClient,
  TestServer,
} from "../kit/peers/peers.ts";

const { Audio, Video, Data } = MessageType;

/** Media as a publisher sends it: kinds in turn, times that rise, from empty to several chunks. */
function mediaSequence(seed: number, count = 60): RtmpMessage[] {
  const prng = new Prng(seed);
  let timestampMs = prng.pick([0, 0xfffff0, 0xfffffff0]);
  return Array.from({ length: count }, () => {
    timestampMs = (timestampMs + prng.pick([0, 20, 20, 40])) >>> 0;
    return media(
      prng.pick([Audio, Video, Video, Data]),
      timestampMs,
      prng.bytes(1 + prng.below(prng.pick([10, 200, 9000]))),
    );
  });
}

/** Type, time and payload: what must arrive. Chunk stream and message stream are each side's own affair. */
function essence(messages: readonly RtmpMessage[]): [number, number, Uint8Array][] {
  return messages.map(({ typeId, timestampMs, payload }) => [typeId, timestampMs, payload]);
}

/** A server session whose media bytes go out behind its answers, as a player's connection sends them. */
function withMedia({ session }: TestServer, bytes: Uint8Array): Endpoint {
  let left: Uint8Array | null = bytes;
  return {
    receive: (input) => session.receive(input),
    takeOutput() {
      const answer = session.takeOutput();
      if (answer !== null || left === null) return answer;
      const out = left;
      left = null;
      return out;
    },
  };
}

for (const handshake of ["digest", "simple"] as const) {
  for (let seed = 1; seed <= 5; seed++) {
    Deno.test(`a published stream arrives whole, ${handshake} handshake, split ${seed}`, () => {
      const server = new TestServer();
      const client = new TestClient("publish", { handshake, name: "s?token=a/b" });
      const sent = mediaSequence(seed);
      const prng = new Prng(seed);
      carry(client.session, server.session, prng);
      assertEquals(client.heard, ["connected", "ready"]);
      for (const { typeId, timestampMs, payload } of sent) client.session.publish(typeId, timestampMs, payload);
      carry(client.session, server.session, prng);
      assertEquals(essence(server.media), essence(sent));

      assert(server.last.kind === "publish");
      assertEquals(server.last.type, "fmle-publish");
      assertEquals([server.last.url.key, server.last.url.query], ["a.com/live/s", "?token=a/b"]);
      client.session.unpublish();
      carry(client.session, server.session, prng);
      assertEquals(server.events, [{ kind: "unpublish" }]);
      assertEquals(client.heard.slice(2), ["status NetStream.Unpublish.Success"]);
    });

    Deno.test(`a played stream arrives whole, ${handshake} handshake, split ${seed}`, () => {
      const server = new TestServer();
      const client = new TestClient("play", { handshake, connectArgs: { srs_server: "me" } });
      const prng = new Prng(seed);
      carry(client.session, server.session, prng);
      assertEquals(client.heard, ["connected", "ready", "status NetStream.Play.Reset", "status NetStream.Play.Start"]);
      assertEquals(client.media.splice(0).length, 1); // |RtmpSampleAccess
      assertEquals(server.session.connectInfo?.args.srs_server, "me");

      const sent = mediaSequence(seed);
      const bytes = concatBytes(...sent.map((message) => encodeMessage(message, openReply.chunkSizeBytes)));
      carry(withMedia(server, bytes), client.session, prng);
      assertEquals(client.media, sent);
    });
  }
}

Deno.test("a client publishes at once when the server answers late, and nothing is lost", () => {
  const server = new TestServer(acceptConnect);
  const client = new TestClient("publish");
  carry(client.session, server.session);
  assertEquals(client.heard, ["connected"]);
  const sent = mediaSequence(9, 10);
  for (const { typeId, timestampMs, payload } of sent) client.session.publish(typeId, timestampMs, payload);
  carry(client.session, server.session);
  assertEquals(server.media, []);
  server.session.accept(server.last.id);
  carry(client.session, server.session);
  assertEquals(client.heard, ["connected", "ready"]);
  assertEquals(essence(server.media), essence(sent));
});

Deno.test("a refused client hears why: connect, publish, play", () => {
  const refusals = [
    ["connect", "publish", "connectRejected", "NetConnection.Connect.Rejected"],
    ["publish", "publish", "publishBadName", "NetStream.Publish.BadName"],
    ["publish", "publish", "publishDenied", "NetStream.Publish.Denied"],
    ["play", "play", "playStreamNotFound", "NetStream.Play.StreamNotFound"],
    ["play", "play", "playFailed", "NetStream.Play.Failed"],
  ] as const;
  for (const [kind, role, status, code] of refusals) {
    const server = new TestServer((request, session) => {
      if (request.kind === kind) session.reject(request.id, status, "for a reason");
      else acceptAll(request, session);
    });
    const client = new TestClient(role);
    carry(client.session, server.session);
    assertEquals(client.events.at(-1), {
      kind: "refused",
      status: { level: "error", code, description: "for a reason" },
    });
    assert(
      client.events.every((event) => event.kind !== "ready") === (kind !== "play"),
      "only a play may be ready first",
    );
  }
});

Deno.test("a redirected client hears the whole address", () => {
  const url = "rtmp://10.0.0.2:19351/live/s?token=a/b&vhost=a.com";
  for (let seed = 1; seed <= 3; seed++) {
    const server = new TestServer((request, session) => {
      acceptAll(request, session);
      if (request.kind === "play") session.redirect(url);
    });
    const client = new TestClient("play");
    carry(client.session, server.session, new Prng(seed));
    assertEquals(client.events.at(-1), { kind: "redirect", url });
  }
});

Deno.test("a player hears that its stream ended", () => {
  for (const status of ["playUnpublishNotify", "playStop"] as const) {
    const server = new TestServer();
    const client = new TestClient("play");
    carry(client.session, server.session);
    server.session.sendStatus(status);
    carry(server.session, client.session);
    assertEquals(client.events.at(-1), { kind: "streamEnd" });
  }
});

Deno.test("a player is told later that there is no such stream", () => {
  const server = new TestServer();
  const client = new TestClient("play");
  carry(client.session, server.session);
  server.session.sendStatus("playStreamNotFound", "waited 10 s");
  carry(server.session, client.session);
  assertEquals(client.heard.at(-1), "refused NetStream.Play.StreamNotFound");
});

Deno.test("a chunk size that is in force already is not announced again", () => {
  const server = new TestServer();
  const client = new TestClient("play");
  carry(client.session, server.session);
  server.session.setChunkSize(openReply.chunkSizeBytes);
  assertEquals(server.session.takeOutput(), null);
  server.session.setChunkSize(4096);
  const reader = new ChunkReader(() => {});
  reader.push(server.session.takeOutput()!);
  assertEquals(reader.chunkSize, 4096);
});
