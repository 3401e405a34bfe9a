import { type AmfObject, encodeAmf0 } from "../../amf/amf0.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { TimerHandle } from "../../base/clock.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import type { ClientEvent } from "../../rtmp/client_session.ts";
import { MessageType } from "../../rtmp/message.ts";
import type { LiveSource, Player } from "../../stream/live_source.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { PacketCursor } from "../../stream/packet_cursor.ts";
import { RtmpClient, type RtmpClientHandlers, type RtmpClientOptions } from "../client/rtmp_client.ts";

/** One attempt to send a source to one server. */
export interface ForwardRunOptions {
  client: RtmpClientOptions;
  /** The server has answered; null if nobody wants to tell it how this one is. To be disposed at the end. */
  onConnected(identity: AmfObject, announce: (text: string) => void): Disposable | null;
  /** The server accepted the publish. */
  onTaken(): void;
}

/** How an attempt ended. */
export interface ForwardOutcome {
  /** The server answered, if only to refuse. */
  reached: boolean;
  wasTaken: boolean;
  /** Somebody else publishes the stream there. */
  isBusy: boolean;
  redirect: string | null;
  remoteIp: string;
  error: string;
}

/** More is taken from the log when less than this waits to be sent. */
const LOW_WATER_BYTES = 256 * 1024;
const CHECK_MS = 1000;
/** A server that takes nothing for this long is given up. */
const STALL_MS = 5000;
/** What a server that is left may take to get what is on its way. */
const LEAVE_MS = 500;
/** The publish goes to servers that know metadata only in this wrapping. */
const setDataFrame = encodeAmf0("@setDataFrame");
const onMetaData = encodeAmf0("onMetaData");

/** A connection that publishes a source to a server: for the source it is a player like any other. */
export class ForwardRun implements RtmpClientHandlers, Player {
  /** Settles when it is over; never rejects. */
  readonly finished: Promise<ForwardOutcome>;
  readonly #source: LiveSource;
  readonly #options: ForwardRunOptions;
  readonly #settle: (outcome: ForwardOutcome) => void;
  #client: RtmpClient | null = null;
  #cursor: PacketCursor | null = null;
  #timer: TimerHandle | null = null;
  #reports: Disposable | null = null;
  #reached = false;
  #isBusy = false;
  #finishing = false;
  /** Why this server is left, while it takes the last of the stream. */
  #farewell = "";
  #over = false;
  #sentBytes = 0;
  #sentAtMs = 0;

  constructor(source: LiveSource, options: ForwardRunOptions) {
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    this.finished = promise;
    this.#settle = resolve;
    this.#source = source;
    this.#options = options;
    this.#dial();
  }

  /** Sends what the log still holds, unpublishes, and ends. */
  finish(): void {
    this.#leave("finished", false);
  }

  wake(): void {
    this.#fill();
  }

  onPublishChange(): void {
    // The publisher may come back: the server is told by the end of the forward, not by a pause.
  }

  onDrained(): void {
    this.#fill();
  }

  onMedia(): void {}

  onEvent(event: ClientEvent): void {
    switch (event.kind) {
      case "connected":
        this.#reached = true;
        this.#reports ??= this.#options.onConnected(event.identity, (text) => this.#client?.announce(text));
        return;
      case "ready":
        return this.#start();
      case "redirect":
        return this.#end("redirected", event.url);
      case "reconnectRequest":
        return this.#leave("the server is about to stop", true);
      case "refused":
        this.#reached = true;
        this.#isBusy = event.status.code === "NetStream.Publish.BadName";
        return this.#end(`${event.status.code}: ${event.status.description}`, null);
    }
  }

  onEnd(error: UpstreamError): void {
    this.#end(this.#farewell || error.message, null);
  }

  async #dial(): Promise<void> {
    try {
      const client = await RtmpClient.connect(this.#options.client, this);
      this.#client = client;
      if (this.#over) client.close();
    } catch (error) {
      this.#end(error instanceof UpstreamError ? error.message : describeError(error), null);
    }
  }

  #start(): void {
    this.#options.onTaken();
    if (this.#over) return;
    this.#cursor = this.#source.attachForPackets(this);
    this.#sentAtMs = this.#options.client.timers.nowMs();
    this.#check();
    this.#fill();
  }

  /** Moves media from the log to the connection, as much as it can take. */
  #fill(): void {
    const client = this.#client;
    if (client === null || this.#cursor === null || this.#over) return;
    while (client.enqueuedBytes - client.bytesOut < LOW_WATER_BYTES || this.#finishing) {
      const packet = this.#cursor.next();
      if (packet === null) return;
      send(client, packet);
    }
  }

  /** @param waits Whether the run is over only when the server has taken everything. */
  #leave(reason: string, waits: boolean): void {
    if (this.#client === null || this.#cursor === null) return this.#end(reason, null);
    this.#finishing = true;
    // What is left out here the next server would lack, too: it begins with the newest keyframe.
    this.#source.showAll();
    this.#fill();
    this.#client.unpublish();
    if (!waits) return this.#end(reason, null);
    // The next server may relay from this one: what is here goes on first.
    this.#farewell = reason;
    this.#timer?.cancel();
    this.#timer = this.#options.client.timers.after(LEAVE_MS, () => this.#end(reason, null));
  }

  /** Once a second: a slow server loses packets up to a keyframe, one that stands still is given up. */
  #check(): void {
    const { timers } = this.#options.client;
    const client = this.#client!;
    const nowMs = timers.nowMs();
    if (client.bytesOut !== this.#sentBytes || client.enqueuedBytes === client.bytesOut) {
      this.#sentBytes = client.bytesOut;
      this.#sentAtMs = nowMs;
    } else if (nowMs - this.#sentAtMs > STALL_MS) return this.#end(`accepted no data for ${STALL_MS} ms`, null);
    if ((this.#cursor?.lagMs() ?? 0) > this.#source.options.queueLengthMs) this.#cursor?.jumpToKeyframe();
    this.#timer = timers.after(CHECK_MS, () => this.#check());
  }

  #end(error: string, redirect: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#reports?.[Symbol.dispose]();
    this.#cursor?.release();
    this.#source.detach(this);
    if (!this.#finishing) this.#client?.close();
    this.#settle({
      reached: this.#reached,
      wasTaken: this.#cursor !== null,
      isBusy: this.#isBusy,
      redirect,
      remoteIp: this.#client?.remoteIp ?? "",
      error,
    });
  }
}

const typeIds = { audio: MessageType.Audio, video: MessageType.Video, script: MessageType.Data } as const;

function send(client: RtmpClient, { kind, timestampMs, payload }: MediaPacket): void {
  const isMetadata = kind === "script" && onMetaData.every((byte, i) => payload[i] === byte);
  client.publish(typeIds[kind], timestampMs, isMetadata ? concatBytes(setDataFrame, payload) : payload);
}
