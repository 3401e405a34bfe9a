import type { AmfObject } from "../../amf/amf0.ts";
import type { Timers } from "../../base/clock.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import { asString } from "../../rtmp/command.ts";
import type { ClientEvent } from "../../rtmp/client_session.ts";
import { MessageType, type RtmpMessage } from "../../rtmp/message.ts";
import {
  type DiscontinuityMark,
  readEpoch,
  readEpochMember,
  readMarkMember,
  readZeroMember,
} from "../../stream/publish_facts.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { PublishSession } from "../../stream/publish_session.ts";
import { isFrame, type MediaPacket, type PacketKind } from "../../stream/packet.ts";
import type { FlvClientHandlers } from "../client/flv_client.ts";
import { Overlap, type OverlapReason } from "./overlap.ts";
import type { RtmpClientHandlers } from "../client/rtmp_client.ts";
import type { FeedEpochs } from "../environment.ts";
import type { PullTarget } from "../target.ts";
import { readOffer, type SegmentOffer } from "../../stream/segment_offer.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { UsualGap } from "./usual_gap.ts";
import type { UpstreamTrace } from "./trace.ts";

/** Bounds of an attempt once the server was asked, in ms. */
export interface PullTimeouts {
  /** From play to the first media. */
  firstMediaTimeoutMs: number;
  /** Silence after which another server is looked for. */
  idleTimeoutMs: number;
}

/** Another server holds the source until one can take over. */
export interface Handover {
  reason: OverlapReason;
  /** The other one is to stop now. */
  makeWay(): void;
}

/** The connection of an attempt. */
export interface UpstreamClient {
  /** Address that the host name led to. */
  readonly remoteIp: string;
  /** Tells a server of our own kind how this one is; absent where nothing can be said. */
  announce?(text: string): void;
  /** Asks a server of our own kind to send what comes at once; absent where nothing can be said. */
  hasten?(): void;
  /** Closes at once; no handler is called any more. */
  close(): void;
}

/** One attempt. */
export interface UpstreamRunOptions {
  target: PullTarget;
  /** Those in force. */
  timeouts(): PullTimeouts;
  readonly epochs: FeedEpochs;
  /** Null if the attempt is not traced. */
  trace: UpstreamTrace | null;
  /** Connects and asks; rejects with an `UpstreamError`. */
  dial(handlers: UpstreamRun, signal: AbortSignal): Promise<UpstreamClient>;
  /** Null if nobody holds the source: it is fed from the first frame on. */
  handover: Handover | null;
  /** What comes is wanted at once. */
  isHasty(): boolean;
  /** The server has answered; null if nobody wants to tell it how this one is. To be disposed at the end. */
  onConnected(identity: AmfObject, announce: (text: string) => void): Disposable | null;
  /**
   * The source is fed.
   *
   * @param offer Where the server says that its segments are; null if it does not.
   * @param remoteIp Address that its name led to.
   */
  onFeeding(offer: SegmentOffer | null, remoteIp: string): void;
  /** The server is about to stop; it goes on for now. */
  onMoveAsked(): void;
  /** The server that feeds the source sends nothing any more; the connection stays, it may go on. */
  onSilence(error: string, lastMediaMs: number): void;
  /** After {@link onSilence}: it goes on. */
  onMediaAgain(): void;
}

/** How an attempt ended. */
export interface UpstreamOutcome {
  /** The server answered the play: whatever came then, it is alive. */
  reached: boolean;
  /** Time from the first frame to the last; 1 for a single one, 0 if none came. */
  fedMs: number;
  /** When the last media came, if it fed the source. */
  lastMediaMs: number;
  /** The server said that it has no stream, or has none any more. */
  refused: boolean;
  /** RTMP 302, or a redirect of HTTP. */
  redirect: string | null;
  remoteIp: string;
  /** Empty when it was ended by {@link UpstreamRun.stop}. */
  error: string;
}

/** A server of our own kind holds a player until the stream comes: it is left more time. */
const HOLDING_SERVER = /^srs-ts\//;
const HOLDING_TIMEOUT_MS = 15_000;
/** A server that fell silent may go on within this time, by then it has dropped what it kept: the default `queue_length`. */
const MAX_SILENCE_MS = 30_000;
/** Metadata and headers that are kept until the first frame. */
const MAX_HELD = 16;

const kinds = new Map<number, PacketKind>([
  [MessageType.Audio, "audio"],
  [MessageType.Video, "video"],
  [MessageType.Data, "script"],
]);

/** One connection to one server that feeds a source, from dialling to the end of the stream. */
export class UpstreamRun implements RtmpClientHandlers, FlvClientHandlers {
  /** Settles when it is over; never rejects. */
  readonly finished: Promise<UpstreamOutcome>;
  readonly #source: LiveSource;
  readonly #timers: Timers;
  readonly #options: UpstreamRunOptions;
  readonly #finish: (outcome: UpstreamOutcome) => void;
  readonly #abort = new AbortController();
  #client: UpstreamClient | null = null;
  #feed: PublishSession | null = null;
  readonly #watch: SilenceWatch;
  readonly #usualGap = new UsualGap();
  /** Looking for another server costs little, and this one is kept: no need to wait for long where silence is unusual. */
  readonly #idleBound = () => Math.min(this.#options.timeouts().idleTimeoutMs, this.#usualGap.unusualMs);
  #isSilent = false;
  #reached = false;
  #refused = false;
  #holds = false;
  #reports: Disposable | null = null;
  #held: MediaPacket[] = [];
  #hasFrame = false;
  readonly #overlap: Overlap | null;
  #feedingSinceMs = 0;
  /** Of the publish, if the server tells. */
  #epoch: number | null = null;
  /** Of segments, if the server has some. */
  #offer: SegmentOffer | null = null;
  /** Of its timestamps, if the server tells. */
  #zeroMs: number | null = null;
  #discontinuities: DiscontinuityMark | null = null;
  #hold: ReturnType<FeedEpochs["hold"]> | null = null;
  #over = false;

  constructor(source: LiveSource, timers: Timers, options: UpstreamRunOptions) {
    const { promise, resolve } = Promise.withResolvers<UpstreamOutcome>();
    this.finished = promise;
    this.#finish = resolve;
    this.#source = source;
    this.#timers = timers;
    this.#options = options;
    this.#watch = new SilenceWatch(timers, (silentMs) => this.#onSilence(silentMs));
    this.#overlap = options.handover === null ? null : new Overlap(source, options.handover.reason);
    this.#dial();
  }

  /** Ends the attempt. */
  stop(): void {
    this.#end("", null);
  }

  /** What comes is wanted at once from now on. */
  hasten(): void {
    if (this.#holds && !this.#over) this.#client?.hasten?.();
  }

  onMedia(message: Pick<RtmpMessage, "typeId" | "timestampMs" | "payload">): void {
    const kind = kinds.get(message.typeId);
    if (kind === undefined || this.#over) return;
    const packet: MediaPacket = { kind, timestampMs: message.timestampMs, payload: message.payload };
    if (kind === "script" && !this.#acceptsEpoch(readEpoch(packet))) return;
    if (this.#feed === null && !this.#hasFrame) {
      if (!isFrame(packet)) return this.#keep(packet);
      this.#hasFrame = true;
    }
    if (kind !== "script") this.#hear();
    if (this.#feed === null && this.#overlap !== null) return this.#overlap.add(kept(packet), this.#timers.nowMs());
    this.#feed ??= this.#startFeed();
    this.#feed?.publish(packet);
  }

  onBurstEnd(): void {
    this.takeOver();
    this.#feed?.endBurst();
  }

  /** Feeds the source in the place of the server before, if this one has come that far. */
  takeOver(): void {
    if (this.#over || this.#feed !== null) return;
    const packets = this.#overlap?.take(this.#timers.nowMs()) ?? null;
    if (packets === null) return;
    this.#options.handover?.makeWay();
    this.#feed = this.#startFeed();
    for (const packet of packets) this.#feed?.publish(packet);
  }

  onEvent(event: ClientEvent): void {
    switch (event.kind) {
      case "connected":
        this.#holds = HOLDING_SERVER.test(asString(event.identity.srs_server));
        if (this.#options.isHasty()) this.hasten();
        this.#reports ??= this.#options.onConnected(event.identity, (text) => this.#client?.announce?.(text));
        return;
      case "ready": {
        this.#reached = true;
        this.#options.trace?.onReady();
        this.#watch.hear();
        return this.#watch.limit(() => {
          const { firstMediaTimeoutMs } = this.#options.timeouts();
          return this.#holds ? Math.max(firstMediaTimeoutMs, HOLDING_TIMEOUT_MS) : firstMediaTimeoutMs;
        });
      }
      case "told":
        this.#offer ??= readOffer(event.members);
        if (!this.#acceptsEpoch(readEpochMember(event.members))) return;
        this.#hearZero(readZeroMember(event.members));
        return this.#hearDiscontinuities(readMarkMember(event.members));
      case "redirect":
        this.#reached = true;
        return this.#end("redirected", event.url);
      case "refused":
        this.#reached = this.#refused = true;
        return this.#end(`${this.#options.target.text}: ${event.status.code} ${event.status.description}`, null);
      case "streamEnd":
        this.#refused = true;
        return this.#end(`${this.#options.target.text}: the stream ended`, null);
      case "reconnectRequest":
        if (this.#feed === null) return this.#end(`${this.#options.target.text}: the server is about to stop`, null);
        return this.#options.onMoveAsked();
    }
  }

  onEnd(error: UpstreamError): void {
    this.#end(error.message, null);
  }

  /**
   * Metadata and headers are no stream yet: SRS sends those of a publisher that has left to every new player. They are
   * kept until a frame proves that there is one.
   */
  #keep(packet: MediaPacket): void {
    if (this.#held.length < MAX_HELD) this.#held.push(kept(packet));
  }

  /** A server that stood still goes on with a publish that another one has taken over: that is the stream no more. */
  #acceptsEpoch(epoch: number | null): boolean {
    const { epochs, target } = this.#options;
    const { key } = this.#source;
    if (epoch === null || this.#over) return true;
    if (!epochs.accepts(key, epoch)) {
      this.#refused = true;
      this.#end(`${target.text}: has only an older publish of ${key}, which another server has taken over`, null);
      return false;
    }
    this.#epoch = epoch;
    if (this.#feed === null) return true;
    this.#holdEpoch();
    this.#feed.setEpoch(epoch);
    return true;
  }

  #hearZero(zeroMs: number | null): void {
    if (zeroMs === null || this.#over) return;
    this.#zeroMs = zeroMs;
    this.#feed?.setZero(zeroMs);
  }

  #hearDiscontinuities(mark: DiscontinuityMark | null): void {
    if (mark === null || this.#over) return;
    this.#discontinuities = mark;
    this.#feed?.setDiscontinuities(mark);
  }

  #holdEpoch(): void {
    const before = this.#hold;
    this.#hold = this.#epoch === null ? null : this.#options.epochs.hold(this.#source.key, this.#epoch);
    before?.release(false);
  }

  #startFeed(): PublishSession | null {
    try {
      const feed = this.#source.startPublish("upstream", () => this.#onRevoked(), this.#epoch ?? 0, this.#zeroMs);
      if (this.#discontinuities !== null) feed.setDiscontinuities(this.#discontinuities);
      this.#feedingSinceMs = this.#timers.nowMs();
      this.#holdEpoch();
      this.#options.trace?.onFirstMedia();
      this.#options.onFeeding(this.#offer, this.#client?.remoteIp ?? "");
      this.#watch.hear();
      this.#usualGap.start(this.#watch.heardMs);
      this.#watch.limit(this.#idleBound);
      for (const packet of this.#held.splice(0)) feed.publish(packet);
      return feed;
    } catch (error) {
      this.#end(describeError(error), null);
      return null;
    }
  }

  async #dial(): Promise<void> {
    try {
      const client = await this.#options.dial(this, this.#abort.signal);
      this.#client = client;
      if (this.#over) client.close();
    } catch (error) {
      this.#end(error instanceof UpstreamError ? error.message : describeError(error), null);
    }
  }

  /** A publisher of this server took the source over. */
  #onRevoked(): void {
    this.#feed = null;
    this.#end("the stream is now published on this server", null);
  }

  #hear(): void {
    this.#watch.hear();
    this.#usualGap.hear(this.#watch.heardMs);
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#watch.limit(this.#idleBound);
    this.#options.onMediaAgain();
  }

  #onSilence(silentMs: number): void {
    const error = `${this.#options.target.text}: no media for ${Math.round(silentMs)} ms`;
    if (this.#feed === null || this.#isSilent) return this.#end(error, null);
    this.#isSilent = true;
    this.#watch.limit(() => Math.max(MAX_SILENCE_MS, this.#options.timeouts().idleTimeoutMs));
    if (!this.#over) this.#options.onSilence(error, this.#watch.heardMs);
  }

  #end(error: string, redirect: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort.abort();
    this.#reports?.[Symbol.dispose]();
    this.#watch.stop();
    this.#options.trace?.end(error, redirect);
    this.#client?.close();
    this.#feed?.[Symbol.dispose]();
    this.#hold?.release(this.#refused);
    const lastMediaMs = this.#watch.heardMs;
    const fedMs = this.#feedingSinceMs === 0 ? 0 : Math.max(1, lastMediaMs - this.#feedingSinceMs);
    const remoteIp = this.#client?.remoteIp ?? "";
    this.#finish({
      reached: this.#reached,
      fedMs,
      lastMediaMs,
      refused: this.#refused,
      redirect,
      remoteIp,
      error,
    });
  }
}

/** Its payload is only lent. */
function kept(packet: MediaPacket): MediaPacket {
  return { ...packet, payload: packet.payload.slice() };
}
