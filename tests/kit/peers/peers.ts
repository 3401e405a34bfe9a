import { type AmfValue, decodeAmf0, isAmfObject } from "../../../src/amf/amf0.ts";
import { ChunkReader } from "../../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import {
  type ClientEvent,
  type ClientSessionOptions,
  type ClientSink,
  RtmpClientSession,
} from "../../../src/rtmp/client_session.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import type { ConnectReply } from "../../../src/rtmp/connect.ts";
import { ClientHandshake, ServerHandshake } from "../../../src/rtmp/handshake.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import {
  RtmpServerSession,
  type SessionEvent,
  type SessionRequest,
  type SessionSink,
} from "../../../src/rtmp/server_session.ts";
import { Prng } from "../media/mutate.ts";

/** The seconds of this go into the handshakes. */
const NOW_MS = 1_700_000_000_000;

export const openReply: ConnectReply = {
  windowAckBytes: 2_500_000,
  assumedWindowBytes: 0,
  chunkSizeBytes: 60_000,
  identity: { srs_server: "test" },
};

/** A server session that notes what happens. It lets clients connect; what else it answers is up to the test. */
export class TestServer implements SessionSink {
  readonly session: RtmpServerSession;
  readonly requests: SessionRequest[] = [];
  readonly events: SessionEvent[] = [];
  readonly media: RtmpMessage[] = [];
  /** Everything in order: `publish`, `unpublish`, `video 3` (bytes of the payload) and so on. */
  readonly log: string[] = [];
  readonly #answer: (request: SessionRequest, session: RtmpServerSession) => void;

  constructor(answer: (request: SessionRequest, session: RtmpServerSession) => void = acceptAll, seed = 1) {
    const prng = new Prng(seed);
    this.session = new RtmpServerSession(this, { random: (count) => prng.bytes(count), nowMs: NOW_MS });
    this.#answer = answer;
  }

  onRequest(request: SessionRequest): void {
    this.requests.push(request);
    this.log.push(request.kind);
    this.#answer(request, this.session);
  }

  onEvent(event: SessionEvent): void {
    this.events.push(event);
    this.log.push(event.kind);
  }

  onMedia(message: RtmpMessage): void {
    this.media.push(message);
    this.log.push(`media ${message.payload.length}`);
  }

  /** The request that came last. */
  get last(): SessionRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new TypeError("no request came");
    return request;
  }
}

/** Accepts every request at once. */
export function acceptAll(request: SessionRequest, session: RtmpServerSession): void {
  if (request.kind === "connect") session.acceptConnect(request.id, openReply);
  else session.accept(request.id);
}

/** Lets clients connect; leaves publish and play open. */
export function acceptConnect(request: SessionRequest, session: RtmpServerSession): void {
  if (request.kind === "connect") session.acceptConnect(request.id, openReply);
}

/** A client session that notes what happens. */
export class TestClient implements ClientSink {
  readonly session: RtmpClientSession;
  readonly events: ClientEvent[] = [];
  readonly media: RtmpMessage[] = [];

  constructor(role: "play" | "publish", options: Partial<ClientSessionOptions> = {}, seed = 2) {
    const prng = new Prng(seed);
    this.session = new RtmpClientSession(this, {
      role,
      tcUrl: "rtmp://a.com/live",
      app: "live",
      name: "s",
      chunkSizeBytes: 4096,
      handshake: "digest",
      random: (count) => prng.bytes(count),
      nowMs: NOW_MS,
      ...options,
    });
  }

  onEvent(event: ClientEvent): void {
    this.events.push(event);
  }

  onMedia(message: RtmpMessage): void {
    this.media.push(message);
  }

  /** Kinds of the events, statuses and refusals with their code. */
  get heard(): string[] {
    return this.events.map((event) => "status" in event ? `${event.kind} ${event.status.code}` : event.kind);
  }
}

/** One end of a connection as {@link carry} needs it. */
export interface Endpoint {
  receive(bytes: Uint8Array): void;
  takeOutput(): Uint8Array | null;
}

/** Carries bytes between two ends until both are silent, in random pieces when a generator is given. */
export function carry(a: Endpoint, b: Endpoint, prng?: Prng): void {
  for (let quiet = 0; quiet < 2;) {
    const out = a.takeOutput()?.slice() ?? null;
    quiet = out === null ? quiet + 1 : 0;
    for (let at = 0; out !== null && at < out.length;) {
      const end = prng === undefined ? out.length : at + 1 + prng.below(700);
      b.receive(out.subarray(at, end));
      at = end;
    }
    [a, b] = [b, a];
  }
}

/** A peer without a session of its own: says anything, and takes anything down. */
abstract class RawPeer implements Endpoint {
  readonly messages: RtmpMessage[] = [];
  readonly #reader = new ChunkReader((message) => this.messages.push(message));
  readonly #handshake: ClientHandshake | ServerHandshake;
  #handshakeDone = false;
  /** Messages to be sent; they wait for the end of the handshake. */
  readonly #output: Uint8Array[] = [];

  constructor(handshake: ClientHandshake | ServerHandshake) {
    this.#handshake = handshake;
  }

  receive(bytes: Uint8Array): void {
    if (this.#handshakeDone) return this.#reader.push(bytes);
    const rest = this.#handshake.push(bytes);
    if (rest === null) return;
    this.#handshakeDone = true;
    this.#reader.push(rest);
  }

  takeOutput(): Uint8Array | null {
    return this.#handshake.takeOutput() ?? (this.#handshakeDone ? this.#output.shift() ?? null : null);
  }

  send(...messages: RtmpMessage[]): this {
    for (const message of messages) this.#output.push(encodeMessage(message, 128));
    return this;
  }

  call(name: string, transactionId: number, ...values: AmfValue[]): this {
    return this.send(encodeCommand({ csid: 3, msid: 0 }, name, transactionId, ...values));
  }

  /** Moves out what was said since the last time, in the words of {@link describe}. */
  heard(): string[] {
    return this.messages.splice(0).map(describe);
  }
}

export class RawClient extends RawPeer {
  constructor() {
    const prng = new Prng(3);
    super(new ClientHandshake({ random: (count) => prng.bytes(count), digest: false }));
  }

  /** A client that has connected to `server` and has heard the answers. */
  static connected(server: TestServer, tcUrl = "rtmp://a.com/live"): RawClient {
    const client = new RawClient().call("connect", 1, { tcUrl });
    carry(client, server.session);
    client.heard();
    return client;
  }
}

export class RawServer extends RawPeer {
  constructor() {
    const prng = new Prng(4);
    super(new ServerHandshake({ random: (count) => prng.bytes(count) }));
  }
}

/**
 * A message in short: `onStatus 0 NetStream.Play.Start`, `_result 4 1`, or type and bytes of what is no command:
 * `t4 000000000001`.
 */
export function describe({ typeId, payload }: RtmpMessage): string {
  if (typeId !== MessageType.Command && typeId !== MessageType.Data) {
    return `t${typeId} ${Array.from(payload, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
  return decodeAmf0(payload).filter((value) => value !== null).map((value) => {
    if (isAmfObject(value)) return value.code ?? Object.keys(value).join(",");
    return String(value);
  }).join(" ");
}

/** A media message of one chunk stream per kind, as publishers send it. */
export function media(typeId: number, timestampMs: number, payload: Uint8Array | string): RtmpMessage {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  return { csid: typeId === MessageType.Audio ? 4 : 6, typeId, msid: 1, timestampMs, payload: bytes };
}
