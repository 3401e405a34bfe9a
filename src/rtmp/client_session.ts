import type { AmfObject, AmfValue } from "../amf/amf0.ts";
import {
  asNumber,
  asObject,
  asString,
  COMMAND_CSID,
  encodeCommand,
  HASTE_COMMAND,
  NODE_COMMAND,
  type RtmpCommand,
  STREAM_COMMAND_CSID,
} from "./command.ts";
import { userControl, UserControlEvent } from "./control.ts";
import { ClientHandshake } from "./handshake.ts";
import { RtmpLink } from "./link.ts";
import { MessageType, type RtmpMessage } from "./message.ts";

/** What a server says by `onStatus` or `_error`. */
export interface ServerStatus {
  level: string;
  code: string;
  description: string;
}

/** What happened on a client's connection. */
export type ClientEvent =
  /** `connect` was answered; `identity` holds the server's `srs_*` members, if any. */
  | { kind: "connected"; identity: AmfObject }
  /** Play: the request is sent, media may come. Publish: the server said start, or sends no status but may take media. */
  | { kind: "ready" }
  | { kind: "status"; status: ServerStatus }
  /** What a server of our own kind adds to a status. */
  | { kind: "told"; members: AmfObject }
  /** The server refuses; the connection is of no more use. */
  | { kind: "refused"; status: ServerStatus }
  /** RTMP 302: the stream is at `url`, a full address, or one without the stream from SRS 3. */
  | { kind: "redirect"; url: string }
  /** Enhanced RTMP: move to `tcUrl` (empty: the same server) when convenient. */
  | { kind: "reconnectRequest"; tcUrl: string }
  /** The stream ended or the publisher left. */
  | { kind: "streamEnd" };

/** Who drives a client session hears of the server here. */
export interface ClientSink {
  /** Audio, video and data of the played stream. */
  onMedia(message: RtmpMessage): void;
  onEvent(event: ClientEvent): void;
}

/** What to ask the server for. */
export interface ClientSessionOptions {
  role: "play" | "publish";
  tcUrl: string;
  app: string;
  /** Stream name with its parameters. */
  name: string;
  pageUrl?: string;
  swfUrl?: string;
  /** Object sent after the command object of `connect`: identity of an edge (`debug_srs_upnode`). */
  connectArgs?: AmfObject;
  /** The driver acts on `reconnectRequest`: servers are told so (enhanced RTMP, `capsEx`). */
  canReconnect?: boolean;
  /** Media is looked at while it is handed on: what is kept of it is copied. See {@link ChunkReader.lendsMedia}. */
  lendsMedia?: boolean;
  chunkSizeBytes: number;
  /** Digest as SRS's edge sends it, or the simple handshake. */
  handshake: "digest" | "simple";
  random: (count: number) => Uint8Array;
  nowMs: number;
}

const CONNECT_ID = 1;
const CAPS_RECONNECT = 1;
/** Names of what only servers of our kind tell each other begin so. */
const OWN_PREFIX = "srs_ts_";
const PUBLISH_ID = 5;
const WINDOW_ACK_BYTES = 2_500_000;
/** One chunk stream per kind, so that headers shorten against the same kind. */
const AUDIO_CSID = 4;
const VIDEO_CSID = 6;
const DATA_CSID = 5;
/** What may wait to be sent: some seconds of a publish; a pull sends next to nothing. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** An edge of SRS presents itself so; other servers take it for a Flash player. */
const FLASH_VERSION = "WIN 15,0,0,239";

/**
 * The client's end of one RTMP connection, without a socket: it plays or publishes one stream. Pull, forward, push and
 * probe all drive this one.
 *
 * Its dialogue is that of an SRS edge for play, and of an FMLE encoder for publish. Time-outs are the driver's.
 */
export class RtmpClientSession {
  readonly #sink: ClientSink;
  readonly #options: ClientSessionOptions;
  readonly #handshake: ClientHandshake;
  readonly #link: RtmpLink;
  #handshakeDone = false;
  #createStreamId = 0;
  #msid = 0;
  #isReady = false;

  constructor(sink: ClientSink, options: ClientSessionOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#handshake = new ClientHandshake({
      random: options.random,
      nowMs: options.nowMs,
      digest: options.handshake === "digest",
    });
    this.#link = new RtmpLink({
      onCommand: (command) => this.#onCommand(command),
      onMedia: (message) => this.#sink.onMedia(message),
      onUserControl: ({ event, value }) => {
        if (event === UserControlEvent.StreamEof && value === this.#msid) this.#sink.onEvent({ kind: "streamEnd" });
      },
    }, { compressHeaders: true, maxOutputBytes: MAX_OUTPUT_BYTES, lendsMedia: options.lendsMedia ?? false });
    this.#takeHandshake();
  }

  /** The handshake is over: what is left of a time-out for it may be dropped. */
  get isHandshakeDone(): boolean {
    return this.#handshakeDone;
  }

  /** Bytes that wait to be taken by {@link takeOutput}. */
  get outputBytes(): number {
    return this.#link.outputBytes;
  }

  /**
   * Takes bytes from the socket.
   *
   * @throws {ProtocolError} The server broke the protocol: close.
   */
  receive(bytes: Uint8Array): void {
    if (this.#handshakeDone) return this.#link.receive(bytes);
    const rest = this.#handshake.push(bytes);
    this.#takeHandshake();
    if (rest === null) return;
    this.#handshakeDone = true;
    this.#sendConnect();
    if (rest.length > 0) this.#link.receive(rest);
  }

  /** Moves out the bytes to be sent, or null. Call right after construction and after every method of this class. */
  takeOutput(): Uint8Array<ArrayBuffer> | null {
    return this.#link.takeOutput();
  }

  /** Sends one message of the stream being published, once `ready` came. */
  publish(typeId: number, timestampMs: number, payload: Uint8Array): void {
    const csid = typeId === MessageType.Audio ? AUDIO_CSID : typeId === MessageType.Video ? VIDEO_CSID : DATA_CSID;
    this.#link.send({ csid, typeId, msid: this.#msid, timestampMs, payload });
  }

  /** Tells a server of our own kind, once it has answered `connect`, how this one is. Others must not hear it. */
  announce(text: string): void {
    this.#call(COMMAND_CSID, 0, NODE_COMMAND, 0, text);
  }

  /** Asks a server of our own kind, once it has answered `connect`, to send what is played as it comes. */
  hasten(): void {
    this.#call(COMMAND_CSID, 0, HASTE_COMMAND, 0, null);
  }

  /** Ends a publish the way encoders do, so that the server frees the stream at once. */
  unpublish(): void {
    const { name } = this.#options;
    this.#call(COMMAND_CSID, 0, "FCUnpublish", 6, null, name);
    this.#call(COMMAND_CSID, 0, "deleteStream", 7, null, this.#msid);
  }

  #takeHandshake(): void {
    const output = this.#handshake.takeOutput();
    if (output !== null) this.#link.sendRaw(output);
  }

  #call(csid: number, msid: number, name: string, transactionId: number, ...values: AmfValue[]): void {
    this.#link.send(encodeCommand({ csid, msid }, name, transactionId, ...values));
  }

  #sendConnect(): void {
    const { app, tcUrl, swfUrl = "", pageUrl = "", role, connectArgs } = this.#options;
    const object: AmfObject = {
      app,
      flashVer: role === "play" ? FLASH_VERSION : "FMLE/3.0 (compatible; srs-ts)",
      swfUrl,
      tcUrl,
      fpad: false,
      capabilities: 239,
      audioCodecs: 3575,
      videoCodecs: 252,
      videoFunction: 1,
      pageUrl,
      objectEncoding: 0,
      ...(this.#options.canReconnect ? { capsEx: CAPS_RECONNECT } : {}),
    };
    const args = connectArgs === undefined ? [] : [connectArgs];
    this.#call(COMMAND_CSID, 0, "connect", CONNECT_ID, object, ...args);
    this.#link.sendWindowAckSize(WINDOW_ACK_BYTES);
  }

  #onCommand(command: RtmpCommand): void {
    const { name, transactionId, args } = command;
    if (name === "_result") return this.#onResult(transactionId, args);
    if (name === "_error") return this.#onError(transactionId, args);
    if (name === "onStatus") return this.#onStatus(asObject(args[0]));
    // onBWDone, onFCPublish, onFCUnpublish and whatever else servers tell their clients need no answer.
  }

  #onResult(transactionId: number, args: AmfValue[]): void {
    if (transactionId === CONNECT_ID && this.#createStreamId === 0) {
      const info = asObject(args[0]);
      this.#sink.onEvent({ kind: "connected", identity: asObject(info.data) });
      this.#requestStream();
    } else if (transactionId === this.#createStreamId && this.#msid === 0) {
      this.#msid = asNumber(args[0], 1) || 1;
      this.#startRole();
    }
  }

  #requestStream(): void {
    const { role, name } = this.#options;
    if (role === "publish") {
      this.#call(COMMAND_CSID, 0, "releaseStream", 2, null, name);
      this.#call(COMMAND_CSID, 0, "FCPublish", 3, null, name);
    }
    this.#createStreamId = role === "publish" ? 4 : 2;
    this.#call(COMMAND_CSID, 0, "createStream", this.#createStreamId, null);
  }

  #startRole(): void {
    const { role, name, chunkSizeBytes } = this.#options;
    if (role === "publish") {
      this.#link.setOutChunkSize(chunkSizeBytes);
      this.#call(STREAM_COMMAND_CSID, this.#msid, "publish", PUBLISH_ID, null, name, "live");
      return;
    }
    this.#call(STREAM_COMMAND_CSID, this.#msid, "play", 0, null, name);
    this.#link.send(userControl(UserControlEvent.SetBufferLength, this.#msid, 1000));
    this.#link.setOutChunkSize(chunkSizeBytes);
    this.#becomeReady();
  }

  /** Tells it once, however often the server says it. */
  #becomeReady(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#sink.onEvent({ kind: "ready" });
  }

  #onError(transactionId: number, args: AmfValue[]): void {
    const info = asObject(args[0]);
    // releaseStream and FCPublish are refused by servers that do not know them, without harm.
    const fatalIds = [CONNECT_ID, this.#createStreamId, PUBLISH_ID];
    if (fatalIds.includes(transactionId) || info.ex !== undefined) this.#onStatus({ ...info, level: "error" });
  }

  #onStatus(info: AmfObject): void {
    const status = {
      level: asString(info.level),
      code: asString(info.code),
      description: asString(info.description),
    };
    const members = Object.fromEntries(Object.entries(info).filter(([name]) => name.startsWith(OWN_PREFIX)));
    if (Object.keys(members).length > 0) this.#sink.onEvent({ kind: "told", members });
    const ex = asObject(info.ex);
    const url = asString(ex.redirect2) || asString(ex.redirect);
    if (status.level === "error" && url !== "") this.#sink.onEvent({ kind: "redirect", url });
    else if (status.level === "error") this.#sink.onEvent({ kind: "refused", status });
    else if (status.code === "NetConnection.Connect.ReconnectRequest") {
      this.#sink.onEvent({ kind: "reconnectRequest", tcUrl: asString(info.tcUrl) });
    } else if (status.code === "NetStream.Play.UnpublishNotify" || status.code === "NetStream.Play.Stop") {
      this.#sink.onEvent({ kind: "streamEnd" });
    } else if (status.code === "NetStream.Publish.Start" && this.#options.role === "publish" && this.#msid !== 0) {
      this.#becomeReady();
    } else this.#sink.onEvent({ kind: "status", status });
  }
}
