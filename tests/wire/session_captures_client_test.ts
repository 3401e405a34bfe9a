import { assert, assertEquals } from "../kit/assert.ts";
import type { AmfObject } from "../../src/amf/amf0.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { type ClientEvent, type ClientSink, RtmpClientSession } from "../../src/rtmp/client_session.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { Prng } from "../kit/media/mutate.ts";
import {
  type Capture,
  captureOf,
  captures,
  dialogueOf,
  HANDSHAKE_BYTES,
  identityOf,
  isStreamMedia,
  messagesOf,
} from "../kit/cases/session_captures.ts";
import { splitsOf } from "../kit/media/splits.ts";

/** A client that notes what it hears. */
class Listener implements ClientSink {
  readonly session: RtmpClientSession;
  readonly events: ClientEvent[] = [];
  readonly media: RtmpMessage[] = [];
  readonly sent: Uint8Array[] = [];

  constructor(role: "play" | "publish", name: string, connectArgs?: AmfObject) {
    const prng = new Prng(6);
    this.session = new RtmpClientSession(this, {
      role,
      tcUrl: "rtmp://127.0.0.1:29350/live",
      app: "live",
      name,
      ...(connectArgs === undefined ? {} : { connectArgs }),
      chunkSizeBytes: 60_000,
      handshake: "digest",
      random: (count) => prng.bytes(count),
      nowMs: 0,
    });
    this.#take();
  }

  receive(parts: readonly Uint8Array[]): this {
    for (const part of parts) {
      this.session.receive(part);
      this.#take();
    }
    return this;
  }

  onEvent(event: ClientEvent): void {
    this.events.push(event);
  }

  onMedia(message: RtmpMessage): void {
    this.media.push(message);
  }

  #take(): void {
    const out = this.session.takeOutput();
    if (out !== null) this.sent.push(out.slice());
  }
}

function status(code: string, description: string): ClientEvent {
  return { kind: "status", status: { level: "status", code, description } };
}

/** What the capture's server tells a client of ours. */
function expectedEvents({ name, s2c }: Capture): ClientEvent[] {
  const identity = Object.assign(Object.create(null), { version: "3,5,3,888", ...identityOf(s2c) });
  const begun: ClientEvent[] = [{ kind: "connected", identity }, { kind: "ready" }];
  if (name.includes("publish")) return begun;
  begun.push(status("NetStream.Play.Reset", "Playing and resetting stream."));
  begun.push(status("NetStream.Play.Start", "Started playing stream."));
  if (name.includes("redirect")) begun.push({ kind: "redirect", url: "rtmp://127.0.0.1:19350/live/livestream" });
  return begun;
}

for (const capture of captures) {
  // These create their stream by their second call, our publisher by its fourth: the answer is not for it.
  if (["srs-edge.forward-publish", "srs-origin.gst-rtmp2sink-publish"].includes(capture.name)) continue;
  const role = capture.name.includes("publish") ? "publish" : "play";

  Deno.test(`RtmpClientSession as ${role}er understands the server of ${capture.name}`, () => {
    for (const split of splitsOf(capture.s2c, 3)) {
      const client = new Listener(role, "livestream").receive(split.parts);
      assertEquals(client.events, expectedEvents(capture), split.name);
      const isMedia = (message: RtmpMessage) => isStreamMedia(message) || message.typeId === MessageType.Data;
      assertEquals(client.media, messagesOf(capture.s2c).filter(isMedia), split.name);
    }
  });
}

Deno.test("an RtmpClientSession that plays speaks as the edge of SRS does", () => {
  for (const name of ["srs-edge.pull-direct", "srs-edge.pull-redirect"] as const) {
    const { c2s, s2c } = captureOf(name);
    const spoken = dialogueOf(c2s);
    const identity = spoken[0]?.body[3];
    assert(typeof identity === "object");
    const client = new Listener("play", "livestream", identity as AmfObject).receive([s2c]);
    assertEquals(dialogueOf(concatBytes(...client.sent)), spoken);
  }
});

Deno.test("RtmpClientSession announces its chunk size where the edge of SRS does: behind play", () => {
  const { c2s, s2c } = captureOf("srs-edge.pull-direct");
  const ours = concatBytes(...new Listener("play", "livestream").receive([s2c]).sent);
  for (const direction of [c2s, ours]) {
    let messages = 0;
    const reader = new ChunkReader(() => messages++);
    for (let at = HANDSHAKE_BYTES; reader.chunkSize === 128; at++) reader.push(direction.subarray(at, at + 1));
    assertEquals([messages, reader.chunkSize], [5, 60_000]);
  }
});
