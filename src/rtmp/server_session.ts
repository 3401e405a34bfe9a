import { ProtocolError, RequestDenied } from "../base/errors.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { defaultChunkLimits, UNBUDGETED_BYTES } from "./chunk_reader.ts";
import {
  asNumber,
  asString,
  COMMAND_CSID,
  encodeCommand,
  HASTE_COMMAND,
  NODE_COMMAND,
  type RtmpCommand,
  STREAM_COMMAND_CSID,
} from "./command.ts";
import { type ConnectInfo, type ConnectReply, connectResult, readConnect } from "./connect.ts";
import { setPeerBandwidth, userControl, UserControlEvent } from "./control.ts";
import { ServerHandshake } from "./handshake.ts";
import { HeldMessages } from "./held_messages.ts";
import { RtmpLink } from "./link.ts";
import { MessageType, type RtmpMessage } from "./message.ts";
import { redirectInfo, statusInfo, type StatusName } from "./status.ts";
import { parseStreamUrl, type StreamUrl } from "./url.ts";
import { type AmfObject, encodeAmf0 } from "../amf/amf0.ts";

/** How a client publishes, by the order of its commands; the words are those of SRS's API. */
export type PublishType = "fmle-publish" | "flash-publish" | "haivision-publish";

/** Something the client asks and the owner of the session answers by `accept` or `reject`, now or later. */
export type SessionRequest =
  | { kind: "connect"; id: number; info: ConnectInfo }
  | { kind: "publish"; id: number; url: StreamUrl; type: PublishType }
  | { kind: "play"; id: number; url: StreamUrl; durationMs: number };

/** Something the client did that wants no answer. */
export type SessionEvent =
  | { kind: "unpublish" }
  | { kind: "stopPlay" }
  | { kind: "pause"; paused: boolean }
  | { kind: "redirectAnswered" }
  /** The client says that it is a server of our kind, and how it is. */
  | { kind: "serverReport"; text: string }
  /** It wants what it plays as it comes. */
  | { kind: "haste" };

/** Who drives a session hears of its peer here. */
export interface SessionSink {
  /** Audio, video and data of the accepted publish. The payload is lent: it may change after the call. */
  onMedia(message: RtmpMessage): void;
  onRequest(request: SessionRequest): void;
  onEvent(event: SessionEvent): void;
}

/** Outside world of a session. */
export interface ServerSessionOptions {
  random: (count: number) => Uint8Array;
  nowMs: number;
  /** Of what the clients of a server leave unfinished together; see {@link RtmpServerSession.close}. */
  partialBudget?: ByteBudget;
}

/** The one stream of a connection: SRS gives this id to every createStream, and shared media bytes carry it. */
const STREAM_MSID = 1;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Unfinished messages of a client that does not publish: commands only, and the longest of those has this length. */
const MAX_PARTIAL_BYTES = defaultChunkLimits.maxCommandBytes;
const PEER_BANDWIDTH_BYTES = 2_500_000;

/**
 * The server's end of one RTMP connection, without a socket: bytes in, requests, events and media out, answers to be taken.
 *
 * While a request is open, later messages of the client wait, so that media which follows a publish at once (an SRS edge
 * never waits for the status) is neither lost nor judged before the publish is.
 *
 * Order and fields of the answers are SRS 7's; what SRS answers by silently closing is told to the client here.
 */
export class RtmpServerSession {
  readonly #sink: SessionSink;
  /** Null once it is over: what it needed is not kept. */
  #handshake: ServerHandshake | null;
  #forwardedIp: string | null = null;
  readonly #link: RtmpLink;
  #info: ConnectInfo | null = null;
  #open: SessionRequest | null = null;
  #nextId = 1;
  #role: "none" | "publish" | "play" = "none";
  #publishType: PublishType = "flash-publish";
  /** A stream was created that neither is nor was in use yet. */
  #streamCreated = false;
  #awaitsRedirectAnswer = false;
  readonly #held = new HeldMessages();

  constructor(sink: SessionSink, options: ServerSessionOptions) {
    this.#sink = sink;
    this.#handshake = new ServerHandshake(options);
    this.#link = new RtmpLink({
      onCommand: (command, message) => this.#hold(message, () => this.#onCommand(command)),
      onMedia: (message) => this.#onMedia(message),
      onUserControl: () => {},
    }, {
      compressHeaders: false,
      maxOutputBytes: MAX_ANSWER_BYTES,
      partialBudget: options.partialBudget ?? null,
      lendsMedia: true,
    });
    this.#link.maxPartialBytes = MAX_PARTIAL_BYTES;
  }

  /** What the client said in `connect`; null before. */
  get connectInfo(): ConnectInfo | null {
    return this.#info;
  }

  /** The owner should not read on: too much waits for the open request to be answered. */
  get isCongested(): boolean {
    return this.#held.isCongested || (this.#open !== null && this.#link.partialBytes > UNBUDGETED_BYTES);
  }

  /** Address that a proxy in front announced before the handshake; for logs only. */
  get forwardedIp(): string | null {
    return this.#handshake?.forwardedIp ?? this.#forwardedIp;
  }

  /**
   * Takes bytes from the socket.
   *
   * @throws {ProtocolError} The client broke the protocol: send what {@link takeOutput} holds, then close.
   * @throws {RequestDenied} The client asked for something impossible and was told so: the same.
   */
  receive(bytes: Uint8Array): void {
    const handshake = this.#handshake;
    if (handshake === null) return this.#link.receive(bytes);
    const rest = handshake.push(bytes);
    const answer = handshake.takeOutput();
    if (answer !== null) this.#link.sendRaw(answer);
    if (rest === null) return;
    this.#forwardedIp = handshake.forwardedIp;
    this.#handshake = null;
    if (rest.length > 0) this.#link.receive(rest);
  }

  /** The connection is gone: drops what is unfinished, and gives it back to the budget. */
  close(): void {
    this.#link.close();
  }

  /** Something waits for {@link takeOutput}. */
  get hasOutput(): boolean {
    return this.#link.outputBytes > 0;
  }

  /** Moves out the bytes to be sent, or null. Call after every method of this class. */
  takeOutput(): Uint8Array<ArrayBuffer> | null {
    return this.#link.takeOutput();
  }

  /**
   * Lets the client in, and reads on where it was held.
   *
   * @throws {ProtocolError} Or `RequestDenied`, as {@link receive}: the messages held may be at fault.
   */
  acceptConnect(id: number, reply: ConnectReply): void {
    const { info } = this.#take(id, "connect");
    this.#link.assumeAckWindow(reply.assumedWindowBytes);
    if (reply.windowAckBytes > 0) this.#link.sendWindowAckSize(reply.windowAckBytes);
    this.#link.send(setPeerBandwidth(PEER_BANDWIDTH_BYTES));
    this.#link.setOutChunkSize(reply.chunkSizeBytes);
    const [properties, result] = connectResult(info, reply.identity);
    this.#link.send(encodeCommand({ csid: COMMAND_CSID, msid: 0 }, "_result", 1, properties, result));
    this.#link.send(encodeCommand({ csid: COMMAND_CSID, msid: 0 }, "onBWDone", 0, null));
    this.#info = info;
    this.#drain();
  }

  /**
   * Lets a publish or play begin, tells the client, and reads on where it was held: held media comes before this returns.
   *
   * @param more Further members of the status by which a play begins.
   * @throws {ProtocolError} Or `RequestDenied`, as {@link receive}: the messages held may be at fault.
   */
  accept(id: number, more?: AmfObject): void {
    const request = this.#take(id, "publish", "play");
    if (request.kind === "publish") {
      this.#role = "publish";
      this.#link.maxPartialBytes = defaultChunkLimits.maxPartialBytes;
      this.#sendStatus("publishStart");
    } else if (request.kind === "play") {
      this.#role = "play";
      this.#link.send(userControl(UserControlEvent.StreamBegin, STREAM_MSID));
      this.#sendStatus("playReset");
      this.#sendStatus("playStart", undefined, more);
      this.#link.send({
        csid: STREAM_COMMAND_CSID,
        typeId: MessageType.Data,
        msid: STREAM_MSID,
        timestampMs: 0,
        payload: encodeAmf0("|RtmpSampleAccess", true, true),
      });
    }
    this.#drain();
  }

  /** Refuses a request and tells the client why; what it sent since is dropped. The owner then closes the connection. */
  reject(id: number, status: StatusName, reason: string): void {
    const { kind } = this.#take(id, "connect", "publish", "play");
    this.#held.clear();
    if (kind === "connect") {
      this.#link.send(encodeCommand({ csid: COMMAND_CSID, msid: 0 }, "_error", 1, null, statusInfo(status, reason)));
    } else this.#sendStatus(status, reason);
  }

  /** Tells a player whose play was accepted what became of it. @param more Further members. */
  sendStatus(status: StatusName, reason?: string, more?: AmfObject): void {
    this.#sendStatus(status, reason, more);
  }

  /** Sends SRS's RTMP 302 to a player; the `redirectAnswered` event comes if the client confirms. */
  redirect(url: string): void {
    this.#awaitsRedirectAnswer = true;
    this.#link.send(encodeCommand({ csid: STREAM_COMMAND_CSID, msid: 0 }, "onStatus", 0, null, redirectInfo(url)));
  }

  /**
   * Asks the client to connect again when it suits it, because the server is about to stop. Only for clients that announced it (`capsEx`).
   *
   * Source: Veovera Enhanced RTMP v2, NetConnection.Connect.ReconnectRequest; without `tcUrl`, the same address.
   */
  requestReconnect(tcUrl = ""): void {
    const { level, code, description } = statusInfo("reconnectRequest");
    const info = { level, code, description, ...(tcUrl === "" ? {} : { tcUrl }) };
    this.#link.send(encodeCommand({ csid: COMMAND_CSID, msid: 0 }, "onStatus", 0, null, info));
  }

  /** Announces a chunk size, unless it is in force already: shared media bytes are encoded for one size. */
  setChunkSize(bytes: number): void {
    this.#link.setOutChunkSize(bytes);
  }

  #take<K extends SessionRequest["kind"]>(id: number, ...kinds: K[]): Extract<SessionRequest, { kind: K }> {
    const request = this.#open;
    if (request === null || request.id !== id || !kinds.includes(request.kind as K)) {
      throw new TypeError(`Cannot answer request ${id}: it is not open`);
    }
    this.#open = null;
    return request as Extract<SessionRequest, { kind: K }>;
  }

  /** Runs `run` now, or once the open request is answered. */
  #hold(message: RtmpMessage, run: () => void): void {
    if (this.#open === null && this.#held.isEmpty) run();
    else this.#held.hold(message.payload.length, run);
  }

  /** Handles what was held, until it opens a request itself. */
  #drain(): void {
    this.#held.drain(() => this.#open === null);
  }

  #onMedia(message: RtmpMessage): void {
    if (this.#open === null && this.#held.isEmpty) this.#deliver(message);
    else {
      // It is only lent.
      const kept = { ...message, payload: message.payload.slice() };
      this.#hold(kept, () => this.#deliver(kept));
    }
  }

  #deliver(message: RtmpMessage): void {
    if (this.#role === "publish") this.#sink.onMedia(message);
  }

  #ask(request: SessionRequest): void {
    this.#open = request;
    this.#sink.onRequest(request);
  }

  #onCommand(command: RtmpCommand): void {
    const { name, transactionId } = command;
    if (name === "connect") return this.#onConnect(command);
    if (this.#info === null) throw new ProtocolError("RtmpConnect", `"${name}" before connect`);
    switch (name) {
      case "releaseStream":
      case "FCPublish":
        // Cameras send them late or twice: they never change anything but the client type.
        if (this.#role === "none" && this.#publishType === "flash-publish") {
          this.#publishType = this.#streamCreated ? "haivision-publish" : "fmle-publish";
        }
        return this.#sendResult(transactionId, undefined);
      case "createStream":
        this.#streamCreated = true;
        return this.#sendResult(transactionId, STREAM_MSID);
      case "publish":
        return this.#onPublish(command);
      case "play":
        return this.#onPlay(command);
      case "pause":
        return this.#onPause(command.args[0] === true);
      case "FCUnpublish":
        return this.#onFcUnpublish(transactionId);
      case NODE_COMMAND:
        return this.#sink.onEvent({ kind: "serverReport", text: asString(command.object) });
      case HASTE_COMMAND:
        return this.#sink.onEvent({ kind: "haste" });
      case "closeStream":
      case "deleteStream":
        this.#answerCall(transactionId);
        return this.#endRole();
      default:
        return this.#onUnknown(command);
    }
  }

  #onConnect(command: RtmpCommand): void {
    if (this.#info !== null) throw new ProtocolError("RtmpConnect", "second connect on one connection");
    const info = readConnect(command);
    if (info.tcUrl === "") throw new ProtocolError("RtmpTcUrl", "connect without tcUrl");
    this.#ask({ kind: "connect", id: this.#nextId++, info });
  }

  #onPublish({ args }: RtmpCommand): void {
    this.#endRole();
    const url = this.#parseUrl(asString(args[0]), "publishDenied");
    if (this.#publishType !== "flash-publish") {
      this.#sendStreamCommand("onFCPublish", {
        code: "NetStream.Publish.Start",
        description: "Started publishing stream.",
      });
    }
    this.#ask({ kind: "publish", id: this.#nextId++, url, type: this.#publishType });
  }

  #onPlay({ args }: RtmpCommand): void {
    this.#endRole();
    const url = this.#parseUrl(asString(args[0]), "playFailed");
    this.#ask({ kind: "play", id: this.#nextId++, url, durationMs: asNumber(args[2], -1) });
  }

  #parseUrl(name: string, refusal: StatusName): StreamUrl {
    try {
      return parseStreamUrl(this.#info!.tcUrl, name);
    } catch (error) {
      if (error instanceof RequestDenied) this.#sendStatus(refusal, error.message);
      throw error;
    }
  }

  #onPause(paused: boolean): void {
    if (this.#role !== "play") return;
    this.#sendStatus(paused ? "pauseNotify" : "unpauseNotify");
    this.#link.send(userControl(paused ? UserControlEvent.StreamEof : UserControlEvent.StreamBegin, STREAM_MSID));
    this.#sink.onEvent({ kind: "pause", paused });
  }

  #onFcUnpublish(transactionId: number): void {
    if (this.#role === "publish") {
      this.#sendStreamCommand("onFCUnpublish", {
        code: "NetStream.Unpublish.Success",
        description: "Stop publishing stream.",
      });
      this.#link.send(
        encodeCommand({ csid: COMMAND_CSID, msid: STREAM_MSID }, "_result", transactionId, null, undefined),
      );
      this.#sendStatus("unpublishSuccess");
    } else this.#sendResult(transactionId, undefined);
    this.#endRole();
  }

  #onUnknown({ name, transactionId, args }: RtmpCommand): void {
    if (this.#awaitsRedirectAnswer && args.some((arg) => typeof arg === "string")) {
      this.#awaitsRedirectAnswer = false;
      this.#sink.onEvent({ kind: "redirectAnswered" });
    } else if (name !== "_result" && name !== "_error") this.#answerCall(transactionId);
  }

  /**
   * Answers _checkbw, getStreamLength, FCSubscribe and the like with nothing. As SRS: before a stream is created and
   * while one is played, but not in between, not to publishers, and not after a redirect.
   */
  #answerCall(transactionId: number): void {
    const isListening = this.#role === "play" || (this.#role === "none" && !this.#streamCreated);
    if (transactionId > 0 && isListening && !this.#awaitsRedirectAnswer) this.#sendResult(transactionId, null);
  }

  #endRole(): void {
    const role = this.#role;
    this.#role = "none";
    this.#link.maxPartialBytes = MAX_PARTIAL_BYTES;
    if (role !== "none") this.#streamCreated = false;
    if (role === "publish") this.#sink.onEvent({ kind: "unpublish" });
    if (role === "play") this.#sink.onEvent({ kind: "stopPlay" });
  }

  #sendResult(transactionId: number, value: number | null | undefined): void {
    this.#link.send(encodeCommand({ csid: COMMAND_CSID, msid: 0 }, "_result", transactionId, null, value));
  }

  #sendStatus(name: StatusName, reason?: string, more?: AmfObject): void {
    this.#sendStreamCommand("onStatus", statusInfo(name, reason, more));
  }

  #sendStreamCommand(name: string, info: ReturnType<typeof statusInfo>): void {
    this.#link.send(encodeCommand({ csid: STREAM_COMMAND_CSID, msid: STREAM_MSID }, name, 0, null, info));
  }
}
