import { assert, assertEquals, assertLessOrEqual } from "../kit/assert.ts";
import type { AmfValue } from "../../src/amf/amf0.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ProtocolError, RequestDenied } from "../../src/base/errors.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../src/rtmp/command.ts";
import { setChunkSize } from "../../src/rtmp/control.ts";
import type { RtmpMessage } from "../../src/rtmp/message.ts";
import type { RtmpServerSession, SessionRequest } from "../../src/rtmp/server_session.ts";
import { openReply, TestClient, TestServer } from "../kit/peers/peers.ts";
import { captures, HANDSHAKE_BYTES } from "../kit/cases/session_captures.ts";
import { cut } from "../kit/media/splits.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

/** Runs `fn`; false if it ended by the one kind of error a peer may cause. */
function survives(fn: () => void): boolean {
  try {
    fn();
    return true;
  } catch (error) {
    assert(error instanceof ProtocolError || error instanceof RequestDenied, String(error));
    return false;
  }
}

/** A server that answers as chance will have it: accepts, refuses, redirects, or leaves the request open. */
class MoodyServer extends TestServer {
  constructor(readonly prng: Prng) {
    super((request, session) => {
      if (prng.below(4) > 0) this.answer(request, session);
    }, 7);
  }

  answer(request: SessionRequest, session: RtmpServerSession): void {
    const { id, kind } = request;
    if (this.prng.below(6) === 0) {
      session.reject(id, this.prng.pick(["connectRejected", "publishBadName", "playFailed"]), "mood");
      this.log.push(`reject ${kind}`);
      return;
    }
    // Noted before: what was held is delivered from within the answer.
    this.log.push(`accept ${kind}`);
    if (kind === "connect") {
      return session.acceptConnect(id, { ...openReply, assumedWindowBytes: this.prng.below(5000) });
    }
    session.accept(id);
    if (kind === "play" && this.prng.below(3) === 0) session.redirect("rtmp://h:1935/live/s");
  }

  /** Answers a request that was left open. */
  answerLate(): void {
    const open = this.log.at(-1);
    if (open === "connect" || open === "publish" || open === "play") this.answer(this.last, this.session);
  }
}

/** Media and events must fit the requests that were accepted before them. */
function checkLog(log: readonly string[]): void {
  let role = "";
  let open = "";
  for (const entry of log) {
    const [word = "", kind = ""] = entry.split(" ");
    if (["connect", "publish", "play"].includes(word)) {
      assertEquals([role, open], ["", ""], `${entry} in ${log}`);
      open = word;
    } else if (word === "accept" || word === "reject") {
      assertEquals(kind, open, `${log}`);
      open = "";
      if (word === "accept" && kind !== "connect") role = kind;
    } else if (word === "media" || word === "unpublish") assertEquals(role, "publish", `${entry} in ${log}`);
    else if (word === "stopPlay" || word === "pause") assertEquals(role, "play", `${entry} in ${log}`);
    if (word === "unpublish" || word === "stopPlay") role = "";
  }
}

Deno.test("RtmpServerSession survives damaged dialogues, and its owner hears nothing out of place", () => {
  const prng = new Prng(51);
  let whole = 0;
  let broken = 0;
  for (let round = 0; round < 600; round++) {
    const { c2s } = prng.pick(captures);
    const server = new MoodyServer(prng);
    const bytes = concatBytes(
      c2s.subarray(0, HANDSHAKE_BYTES),
      mutate(c2s.subarray(HANDSHAKE_BYTES, HANDSHAKE_BYTES + 200 + prng.below(2000)), prng),
    );
    const survived = survives(() => {
      for (const part of cut(bytes, 3 + prng.below(6))) {
        server.session.receive(part);
        server.session.takeOutput();
        if (prng.below(3) === 0) server.answerLate();
      }
    });
    if (survived) whole++;
    else broken++;
    checkLog(server.log);
  }
  assert(whole > 60 && broken > 60, `${whole} survived, ${broken} broke: the mutations no longer bite`);
});

Deno.test("RtmpClientSession survives damaged dialogues", () => {
  const prng = new Prng(52);
  let whole = 0;
  let broken = 0;
  for (let round = 0; round < 600; round++) {
    const { s2c } = prng.pick(captures);
    const client = new TestClient(prng.pick(["play", "publish"]));
    const bytes = concatBytes(
      s2c.subarray(0, HANDSHAKE_BYTES),
      mutate(s2c.subarray(HANDSHAKE_BYTES, HANDSHAKE_BYTES + 200 + prng.below(4000)), prng),
    );
    const survived = survives(() => {
      for (const part of cut(bytes, 3 + prng.below(6))) {
        client.session.receive(part);
        client.session.takeOutput();
      }
    });
    if (survived) whole++;
    else broken++;
    assertLessOrEqual(client.heard.filter((kind) => kind === "ready" || kind === "connected").length, 2);
  }
  assert(whole > 60 && broken > 60, `${whole} survived, ${broken} broke: the mutations no longer bite`);
});

Deno.test("both sessions survive damaged handshakes", () => {
  const prng = new Prng(53);
  for (let round = 0; round < 300; round++) {
    const { c2s, s2c } = prng.pick(captures);
    const server = new MoodyServer(prng);
    survives(() => server.session.receive(mutate(c2s.subarray(0, 4500), prng)));
    const client = new TestClient("play");
    survives(() => client.session.receive(mutate(s2c.subarray(0, 4500), prng)));
    checkLog(server.log);
  }
});

// deno-fmt-ignore
const names = [
  "connect", "releaseStream", "FCPublish", "createStream", "publish", "play", "pause", "FCUnpublish", "closeStream",
  "deleteStream", "_checkbw", "_result", "_error", "onStatus", "onBWDone", "call", "", "__proto__",
];

// deno-fmt-ignore
const scalars: readonly AmfValue[] = [
  null, undefined, true, 0, 1, -2, NaN, "s", "live", "../x", "error", "rtmp://a.com/live", "NetStream.Publish.Start",
];

function randomValue(prng: Prng, depth = 0): AmfValue {
  const kind = prng.below(depth < 3 ? 13 : 10);
  if (kind < 9) return scalars[prng.below(scalars.length)];
  if (kind < 10) return "x".repeat(prng.below(3000));
  if (kind < 11) return Array.from({ length: prng.below(4) }, () => randomValue(prng, depth + 1));
  const keys = ["tcUrl", "code", "level", "ex", "redirect", "redirect2", "capsEx", "__proto__", "data"];
  return Object.fromEntries(
    Array.from({ length: prng.below(5) }, () => [prng.pick(keys), randomValue(prng, depth + 1)]),
  );
}

function randomStatus(prng: Prng): AmfValue {
  const code = prng.pick([
    "NetStream.Publish.Start",
    "NetStream.Play.Stop",
    "NetConnection.Connect.ReconnectRequest",
    "x",
  ]);
  return { level: prng.pick(["status", "status", "error"]), code, ex: randomValue(prng) };
}

/** A message of any kind, most of them commands that are in order. */
function randomMessage(prng: Prng): RtmpMessage {
  const typeId = prng.pick([
    20,
    20,
    20,
    20,
    20,
    20,
    17,
    8,
    9,
    9,
    18,
    15,
    22,
    2,
    3,
    4,
    4,
    5,
    6,
    16,
    19,
    prng.below(256),
  ]);
  const header = { csid: prng.pick([2, 3, 5, 8, 64, 320]), typeId, msid: prng.below(3), timestampMs: prng.next() };
  // Set Chunk Size has its own way, so that what follows is cut as it says.
  if (typeId === 1) return { ...header, typeId: 3, payload: prng.bytes(4) };
  if (typeId !== 20 && typeId !== 17) {
    return { ...header, payload: prng.bytes(prng.below(prng.pick([2, 8, 40, 2000]))) };
  }
  const values = prng.below(3) > 0
    ? [null, prng.pick(["s", "s", "live/t?k=v"]), randomValue(prng)]
    : Array.from({ length: prng.below(5) }, () => randomValue(prng));
  const route = { csid: header.csid, msid: header.msid };
  const { payload } = prng.below(5) > 0
    ? encodeCommand(route, prng.pick(names), prng.below(6), ...values)
    : encodeCommand(route, "onStatus", 0, null, randomStatus(prng));
  return { ...header, payload: prng.below(20) === 0 ? mutate(payload, prng) : payload };
}

/** Messages as a peer sends them, with chunk sizes that change on the way. */
function randomBytes(prng: Prng, first: readonly RtmpMessage[]): Uint8Array {
  let chunkSize = 128;
  const parts = first.map((message) => encodeMessage(message, chunkSize));
  for (let left = 5 + prng.below(40); left > 0; left--) {
    parts.push(encodeMessage(randomMessage(prng), chunkSize));
    if (prng.below(10) > 0) continue;
    const next = prng.pick([1, 64, 128, 60_000, 0x7fffffff]);
    parts.push(encodeMessage(setChunkSize(next), chunkSize));
    chunkSize = next;
  }
  return concatBytes(...parts);
}

/** C0 C1 C2, or S0 S1 S2, of the simple handshake. */
const simpleHandshake = new Uint8Array(HANDSHAKE_BYTES);
simpleHandshake[0] = 3;

Deno.test("RtmpServerSession survives random sequences of messages, and its owner hears nothing out of place", () => {
  const prng = new Prng(54);
  const connect = encodeCommand({ csid: 3, msid: 0 }, "connect", 1, { tcUrl: "rtmp://a.com/live" });
  const heard = new Set<string>();
  for (let round = 0; round < 1000; round++) {
    const server = new MoodyServer(prng);
    const bytes = concatBytes(simpleHandshake, randomBytes(prng, prng.below(10) > 0 ? [connect] : []));
    survives(() => {
      for (const part of cut(bytes, 4 + prng.below(5))) {
        server.session.receive(part);
        assertLessOrEqual(server.session.takeOutput()?.length ?? 0, 16 * part.length + 10_000);
        if (prng.below(3) === 0) server.answerLate();
      }
    });
    checkLog(server.log);
    for (const entry of server.log) heard.add(entry.split(" ")[0]!);
  }
  for (const word of ["publish", "play", "unpublish", "stopPlay", "pause", "redirectAnswered", "media", "reject"]) {
    assert(heard.has(word), `no ${word} in any of the sequences`);
  }
});

Deno.test("RtmpClientSession survives random sequences of messages", () => {
  const prng = new Prng(55);
  const heard = new Set<string>();
  for (let round = 0; round < 1000; round++) {
    const client = new TestClient(prng.pick(["play", "publish"]), { handshake: "simple" });
    const result = (id: number, ...values: AmfValue[]) => encodeCommand({ csid: 3, msid: 0 }, "_result", id, ...values);
    const first = [result(1, {}, {}), result(2, null, 1), result(4, null, 1)].slice(0, prng.below(5));
    const bytes = concatBytes(simpleHandshake, randomBytes(prng, first));
    survives(() => {
      for (const part of cut(bytes, 4 + prng.below(5))) {
        client.session.receive(part);
        assertLessOrEqual(client.session.takeOutput()?.length ?? 0, 16 * part.length + 10_000);
      }
    });
    for (const event of client.events) heard.add(event.kind);
  }
  for (const kind of ["connected", "ready", "status", "refused", "redirect", "reconnectRequest", "streamEnd"]) {
    assert(heard.has(kind), `no ${kind} in any of the sequences`);
  }
});
