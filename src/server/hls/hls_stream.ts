import type { Timers } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { VhostHandle } from "../../config/mod.ts";
import { Packager } from "../../hls/packager.ts";
import type { SegmentWindow } from "../../hls/segment_window.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { isFrame, type MediaPacket } from "../../stream/packet.ts";
import type { PullRegistry } from "../../upstream/pull/pull_registry.ts";
import { ChangeWaiters } from "./change_waiters.ts";
import type { SegmentPlace } from "../../upstream/segment_place.ts";
import { HeldHlsPackets } from "./held_hls_packets.ts";
import { HlsFeed, type HlsFeedRequest, type HlsFeedServer } from "./hls_feed.ts";
import { type FetchingStream, SegmentFetcher, type SegmentFetcherServer } from "./segment_fetcher.ts";
import { SegmentCipher } from "./segment_cipher.ts";
import { SegmentMarks, type SegmentMarksWorld } from "./segment_marks.ts";
import { type HlsOptions, isSamePackaging, packagerOptions } from "./packager_options.ts";

/** What the HLS of a stream takes of a server. */
export type HlsStreamServer = HlsFeedServer & SegmentFetcherServer & {
  readonly timers: Timers;
  readonly log: Logger;
  readonly pulls: HlsFeedServer["pulls"] & Pick<PullRegistry, "segmentsOf">;
  readonly startedMs: number;
  readonly world: HlsFeedServer["world"] & SegmentMarksWorld;
  /** What keys are made of where the configuration has no secret. */
  readonly hlsSecret: Uint8Array;
};

/** Segments of a stream, and how they are made. */
export interface HlsView {
  readonly window: SegmentWindow;
  readonly options: HlsOptions;
  /** Null where segments are served as they are. */
  readonly cipher: SegmentCipher | null;
}

/** What somebody else does with the segments of a stream, as writing them to disk. */
export interface HlsObserver {
  /** Something was added to the window. */
  onChange(): void;
  /** The segments are gone for good. */
  dispose(): void;
  /** Settles when nothing is left to do. */
  readonly settled: Promise<void>;
}

/** How long segments stay after the publisher with `hls_dispose 0`, which keeps files: SRS's default. */
const DEFAULT_DISPOSE_MS = 120_000;
/** Last requests are remembered at least so long: players of short windows make pauses too. */
const LEAST_LINGER_MS = 10_000;
/** So long the segment under way waits for a stream that goes on where it was interrupted. */
const RESUME_MS = 5000;

/**
 * The segments of one stream, and what keeps them coming: made where the stream is published, and on other servers for as
 * long as somebody asks for them. The window outlives its publisher, who may come back, here or elsewhere.
 */
export class HlsStream implements FetchingStream, Disposable {
  readonly key: string;
  readonly vhost: VhostHandle;
  readonly waiters: ChangeWaiters;
  readonly fetcher: SegmentFetcher;
  readonly marks: SegmentMarks;
  readonly #server: HlsStreamServer;
  #packager: Packager | null = null;
  #view: HlsView | null = null;
  #options: HlsOptions | null = null;
  #source: LiveSource | null = null;
  #feed: HlsFeed | null = null;
  /** What is told of all changes. */
  observer: HlsObserver | null = null;
  /** Epochs tell it, where there are some. */
  #discontinuities = 0;
  #isPublished = false;
  /** The packager has heard of the publish; it is told with the first frame, when the epoch is certain. */
  #hasBegun = false;
  #isFromStart = false;
  #epoch = 0;
  /** A coworker that has what was published before. */
  #holder: SegmentPlace | null = null;
  /** The server that the stream was pulled from last: when its publisher has left, it still has the last segments. */
  #fedFrom: SegmentPlace | null = null;
  /** Epoch of a publish whose connection has ended in the middle of a segment: it may go on. 0 for none. */
  #interruptedEpoch = 0;
  /** What comes next goes on with what came last. */
  #isResumed = false;
  /** The publisher is a client of this server. */
  #isMadeHere = false;
  /** What has come while it is not certain that the stream is still this server's; null while it is. */
  #held: HeldHlsPackets | null = null;
  /** An error has ended the HLS of this publish. */
  #isBroken = false;
  #notFound = "";
  /** When somebody asked for it last; 0 for never. */
  #askedMs = 0;
  /** Since when nobody publishes it. */
  #endedMs: number;
  #version = 0;
  #isDisposed = false;

  constructor(server: HlsStreamServer, key: string, vhost: VhostHandle) {
    this.#server = server;
    this.key = key;
    this.vhost = vhost;
    this.waiters = new ChangeWaiters(server.timers);
    this.fetcher = new SegmentFetcher(server, this);
    this.marks = new SegmentMarks(server.world);
    this.#endedMs = server.timers.nowMs();
  }

  /** What there is to serve; null before the first publish. */
  get view(): HlsView | null {
    return this.#view;
  }

  /** Another number after each change of the window. */
  get version(): number {
    return this.#version;
  }

  get isPublished(): boolean {
    return this.#isPublished;
  }

  /** It is published, or its connection was interrupted a moment ago, and the segment under way may go on. */
  get mayGoOn(): boolean {
    return this.#isPublished || this.#interruptedEpoch !== 0;
  }

  /** Why the last search for the stream found nothing; empty while there is hope. */
  get notFound(): string {
    return this.#notFound;
  }

  /** It has gone for good. */
  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Of everything in the window. */
  get bytes(): number {
    return this.#packager?.window.byteLength ?? 0;
  }

  get packaging(): FetchingStream["packaging"] {
    const packager = this.#packager;
    const options = this.#options;
    return packager === null || options === null ? null : { packager, options };
  }

  get place(): SegmentPlace | null {
    if (this.#isMadeHere) return this.#holder;
    if (!this.marks.areShared) return null;
    const place = this.#source === null ? null : this.#server.pulls.segmentsOf(this.#source);
    this.#fedFrom = place ?? this.#fedFrom;
    return this.#fedFrom;
  }

  get wantsAll(): boolean {
    return this.observer !== null;
  }

  onFetched(): void {
    this.waiters.wake();
  }

  /** Somebody asks for the stream: it is fed from now on, wherever it is published. */
  ask(request: HlsFeedRequest): void {
    this.#askedMs = this.#server.timers.nowMs();
    if (this.#feed !== null) return;
    this.#notFound = "";
    this.#feed = new HlsFeed(this.#server, request, {
      onSource: (source) => this.onSource?.(source),
      onNotFound: (reason) => {
        this.#notFound = reason;
        this.#endFeed();
        this.waiters.wake();
      },
    });
  }

  /** Who asked has waited until now. */
  touch(): void {
    this.#askedMs = this.#server.timers.nowMs();
  }

  /** The source that it is fed by would be of use: somebody wants it, or it is published here. */
  get isWanted(): boolean {
    return this.#feed !== null;
  }

  /** Reads from this source, from the next publish on. */
  follow(source: LiveSource): void {
    this.#source = source;
  }

  /** @param isFromStart All packets of the publish follow; else they begin in the middle of it. */
  onPublish(isFromStart: boolean): void {
    this.#isFromStart = isFromStart;
    this.#isMadeHere = this.#source?.fedBy === "client";
    this.#isPublished = true;
    this.#held = null;
    this.#hasBegun = this.#isBroken = this.#isResumed = false;
    this.#notFound = "";
    this.waiters.wake();
  }

  /** The packets of this publish go on where those of the one before have ended. */
  onResume(): void {
    this.#isResumed = true;
  }

  onPacket(packet: MediaPacket, ownerMs: number): void {
    if (this.#isBroken || this.#isDisposed || !this.#isPublished) return;
    if (this.#held !== null) return this.#held.add(packet, ownerMs);
    try {
      if (this.#hasBegun) this.#packager?.onPacket(packet, ownerMs);
      else if (isFrame(packet)) this.#begin(packet, ownerMs);
    } catch (error) {
      this.#onError(error);
    }
  }

  onUnpublish(): void {
    if (!this.#isPublished) return;
    this.#isPublished = false;
    this.#held = null;
    this.#endedMs = this.#server.timers.nowMs();
    // Who has the publisher has all packets of the publish. In a cluster others may have got fewer: all leave the rest out.
    const isWhole = this.#isMadeHere && !this.#server.directory.covers(this.vhost);
    if (this.#hasBegun) this.#endPackaging(isWhole);
    this.waiters.wake();
  }

  /** Another server, or the same one again, may go on with the segment under way. */
  #endPackaging(isWhole: boolean): void {
    this.#interruptedEpoch = this.#isMadeHere ? 0 : this.#epoch;
    if (this.#interruptedEpoch === 0) this.#packager?.endPublish(isWhole);
  }

  /** What was interrupted does not go on. */
  #abandon(): void {
    if (this.#interruptedEpoch === 0) return;
    this.#interruptedEpoch = 0;
    this.#packager?.endPublish();
    this.waiters.wake();
  }

  /** From now on nothing is made of what comes: another server may have taken the stream, and use the same numbers. */
  hold(): void {
    if (this.#isPublished && this.#isMadeHere && this.#server.directory.covers(this.vhost)) {
      this.#held ??= new HeldHlsPackets();
    }
  }

  /** The stream is still this server's: what has come counts. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    if (!held.isFull) return held.packets.forEach(({ packet, ownerMs }) => this.onPacket(packet, ownerMs));
    // It goes on with the next keyframe, as one that joins.
    this.#packager?.endPublish();
    this.#hasBegun = this.#isFromStart = false;
  }

  /** Lets go of what nobody wants. @returns Whether all is gone. */
  tick(nowMs: number): boolean {
    const { windowMs, disposeMs } = this.vhost.now.hls;
    const hasWaiters = this.waiters.count > 0;
    // Anybody can make names up: what was never there lives no longer than those who wait for it.
    if (this.#packager === null && !this.#isPublished) return !hasWaiters;
    if (!this.#isPublished && nowMs - this.#endedMs > RESUME_MS) this.#abandon();
    if (!hasWaiters && nowMs - this.#askedMs > Math.max(2 * windowMs, LEAST_LINGER_MS)) this.#endFeed();
    // Those who still ask for it are then told that it has ended.
    if (!this.#isPublished) return nowMs - this.#endedMs > (disposeMs > 0 ? disposeMs : DEFAULT_DISPOSE_MS);
    // What was pulled for viewers alone is of no use without them: nobody makes it go on.
    return !this.#isMadeHere && this.#feed === null;
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.fetcher[Symbol.dispose]();
    this.#endFeed();
    this.observer?.dispose();
    this.observer = null;
    if (this.#packager !== null) this.#packager.onChange = this.#packager.onMissing = null;
    this.waiters.wake();
  }

  /** The first frame of a publish: by now it is known which one it is. */
  #begin(packet: MediaPacket, ownerMs: number): void {
    const source = this.#source;
    if (source === null) return;
    const packager = this.#packagerNow();
    const { epoch } = source;
    const goesOn = this.#isResumed && epoch !== 0 && epoch === this.#interruptedEpoch;
    this.#epoch = epoch;
    this.#interruptedEpoch = 0;
    this.#hasBegun = true;
    if (goesOn) this.fetcher.onServerChange();
    else this.#join(packager, epoch);
    for (const header of source.meta.headers.packets) packager.onPacket(header, ownerMs);
    packager.onPacket(packet, ownerMs);
  }

  #join(packager: Packager, epoch: number): void {
    // Not the count of RFC 8216, which would take a memory that outlives every server: all have to tell the same number of
    // a segment, and it must never fall. So it changes once when the last segment before a tag leaves the playlist. With
    // several renditions, that would matter; players of this one begin with a new decoder, as they did at the tag.
    this.#discontinuities = epoch > 0 ? Math.floor(epoch / 1000) : this.#discontinuities + 1;
    const { lastNumber, kept } = packager.window;
    const from = (lastNumber ?? -1) + 1;
    this.marks.begin({ from, oldest: kept[0]?.number ?? from, areShared: this.#source?.zeroMs !== null });
    const firstNumber = this.#firstNumber(packager);
    packager.startPublish({
      epoch,
      discontinuities: this.#discontinuities,
      isFromStart: this.#isFromStart,
      ...(firstNumber === null ? {} : { firstNumber }),
    });
    this.#holder = this.#fedFrom = null;
    if (!this.#isMadeHere) this.fetcher.onJoin();
    else if (packager.window.kept.length === 0) this.#findHolder(epoch);
  }

  /** What was published before, and this server has not: it was restarted, or had no viewers. A coworker may have it. */
  async #findHolder(epoch: number): Promise<void> {
    const holder = await this.findHolder?.() ?? null;
    if (holder === null || this.#isDisposed || this.#epoch !== epoch || !this.#isMadeHere) return;
    this.#holder = holder;
    this.fetcher.onJoin();
  }

  /**
   * The number from which on none is used up; null where others may have used some. On a server without coworkers only an
   * earlier process can have, which has ended before this one began.
   */
  #firstNumber({ window }: Packager): number | null {
    if (this.#server.directory.covers(this.vhost)) return null;
    const startSlot = Math.floor(this.#server.startedMs / packagerOptions(this.vhost.now.hls).fragmentMs);
    return Math.max(startSlot, window.lastNumber ?? 0) + 1;
  }

  /** The window goes on from publish to publish, unless a reload cuts the stream in another way. */
  #packagerNow(): Packager {
    const options = packagerOptions(this.vhost.now.hls);
    if (this.#packager !== null && this.#options !== null && isSamePackaging(options, this.#options)) {
      return this.#packager;
    }
    if (this.#packager !== null) this.#packager.onChange = this.#packager.onMissing = null;
    const packager = new Packager(options);
    packager.onChange = () => this.#onChange();
    packager.onMissing = () => this.fetcher.lookForMissing();
    this.#options = options;
    const { keySecret } = this.vhost.now.hls;
    const cipher = options.fragmentsPerKey > 0
      ? new SegmentCipher(keySecret || this.#server.hlsSecret, this.key, options.fragmentsPerKey)
      : null;
    this.#view = { window: packager.window, options, cipher };
    return this.#packager = packager;
  }

  #onChange(): void {
    this.#version++;
    this.observer?.onChange();
    this.waiters.wake();
  }

  #onError(error: unknown): void {
    this.#server.log.error(`HLS of ${this.key} failed: ${describeError(error)}`);
    this.fail();
  }

  /** What `hls_on_error` says becomes of the stream. */
  fail(): void {
    const { onError } = this.vhost.now.hls;
    if (onError === "ignore") this.#isBroken = true;
    else if (onError === "disconnect") this.onDisconnect?.();
  }

  /** Finds a coworker that has segments of the stream. Never rejects. */
  findHolder: (() => Promise<SegmentPlace | null>) | null = null;
  /** It is fed by another source now than the one that is found by its key. */
  onSource: ((source: LiveSource) => void) | null = null;
  /** Ends the publisher. */
  onDisconnect: (() => void) | null = null;

  #endFeed(): void {
    const feed = this.#feed;
    this.#feed = null;
    feed?.[Symbol.dispose]();
  }
}
