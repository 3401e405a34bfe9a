import type { Timers } from "../base/clock.ts";
import { RequestDenied } from "../base/errors.ts";
import { MediaFlag } from "../flv/codec.ts";
import type { BlockPool } from "./block_pool.ts";
import { type DiscontinuityMark, epochMember, type PublishFacts } from "./publish_facts.ts";
import { EarlyFlush } from "./early_flush.ts";
import { FlushTiming } from "./flush_timing.ts";
import { LogSet } from "./log_set.ts";
import { asksForAtc, MetaCache, readScript } from "./meta_cache.ts";
import { mixCorrected } from "./mix_queue.ts";
import { OwnerTime } from "./owner_time.ts";
import { flagsOf, isFrame, isHeader, type MediaPacket } from "./packet.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { PlayCursor } from "./play_cursor.ts";
import { type Player, PlayerList } from "./player_list.ts";
import { isSamePacket, RecentGops, RepeatFilter } from "./repeat_filter.ts";
import type { FedBy, PublishSession } from "./publish_session.ts";
import type { SourceOptions } from "./source_options.ts";
import { SourceStats } from "./stats.ts";
import type { PacketTap } from "./tap.ts";
import { Timeline } from "./timeline.ts";
import { rtmpWireFormat, type WireFormat } from "./wire_format.ts";

export type { Player } from "./player_list.ts";

/**
 * The hub of one stream: one publisher (or the pull from another server), any number of players, one packet
 * log for each wire format in use.
 *
 * A source with neither is useless: its owner, the source manager, then forgets it.
 */
export class LiveSource {
  readonly key: string;
  readonly options: SourceOptions;
  readonly stats = new SourceStats();
  /** Those of the players that do not wait for the flush. */
  readonly early: EarlyFlush;
  readonly #timers: Timers;
  readonly #logs: LogSet;
  readonly #meta = new MetaCache();
  readonly #timeline: Timeline;
  readonly #players: PlayerList;
  readonly #flushTiming: FlushTiming;
  readonly #onIdle: (source: LiveSource) => void;
  #session: PublishSession | null = null;
  #fedBy: FedBy | null = null;
  #onRevoked: () => void = () => {};
  #epoch = 0;
  /** Of the publish before. */
  #endedEpoch = 0;
  #discontinuities: DiscontinuityMark | null = null;
  readonly #ownerTime = new OwnerTime();
  #taps: readonly PacketTap[] = [];
  #awaitsFirstFrame = false;
  /** Set for the first frames of a session, where a session before it had some. */
  #repeats: RepeatFilter | null = null;
  readonly #recentGops = new RecentGops();
  #hasAudio = false;
  #hasVideo = false;

  constructor(
    key: string,
    options: SourceOptions,
    timers: Timers,
    onIdle: (source: LiveSource) => void,
    pool?: BlockPool,
  ) {
    this.key = key;
    this.options = options;
    this.#timers = timers;
    this.#players = new PlayerList(timers);
    this.#onIdle = onIdle;
    this.#logs = new LogSet(rtmpWireFormat(options.chunkSizeBytes), pool);
    this.#timeline = new Timeline(options.timeJitter);
    this.early = new EarlyFlush(timers, () => this.showAll());
    this.#flushTiming = new FlushTiming({ timers, early: this.early }, options, this.#logs.main, () => this.#flush());
  }

  /** Metadata and decoder headers of this moment. */
  get meta(): MetaCache {
    return this.#meta;
  }

  /** Who publishes into this source; null when nobody does. */
  get fedBy(): FedBy | null {
    return this.#fedBy;
  }

  /** Epoch of what is published into it now; 0 for none that is known. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Unix time of timestamp 0, by the owner's clock, ms; null before the first frame, and where nobody tells. */
  get zeroMs(): number | null {
    return this.#ownerTime.zeroMs;
  }

  /** What other servers are told of the publish. */
  get facts(): PublishFacts {
    return { epoch: this.#epoch, zeroMs: this.zeroMs, discontinuities: this.#discontinuities };
  }

  /** Whoever counts the discontinuities of what is published says how many there are now. */
  tellDiscontinuities(mark: DiscontinuityMark): void {
    const { count, fromMs } = this.#discontinuities ?? {};
    if (this.#session === null || count === mark.count && fromMs === mark.fromMs) return;
    this.#discontinuities = mark;
    this.#players.tellPublishFacts();
  }

  /** Someone publishes into this source. */
  get isActive(): boolean {
    return this.#session !== null;
  }

  /** The publisher, this one or the one that left last, has sent audio. */
  get hasAudio(): boolean {
    return this.#hasAudio;
  }

  /** As {@link hasAudio}, video. */
  get hasVideo(): boolean {
    return this.#hasVideo;
  }

  get playerCount(): number {
    return this.#players.length;
  }

  /** Called when a player comes where there was none; null while nobody wants to know. */
  set onWatched(fn: (() => void) | null) {
    this.#players.onFirst = fn;
  }

  /** When players are due to be sent what has come. */
  get nextFlush(): Pick<FlushTiming, "toFlushMs" | "awaitsMsgs"> {
    return this.#flushTiming;
  }

  /** Players have nothing to show before a keyframe comes. */
  get awaitsKeyframe(): boolean {
    return this.#hasVideo && this.#players.length > 0 && this.#logs.main.keyframe === null;
  }

  /** Nothing was ever published into it. */
  get isUnused(): boolean {
    return this.#session === null && this.#logs.main.packetCount === 0;
  }

  /** Neither publisher nor players. */
  get isIdle(): boolean {
    return this.#session === null && this.#players.length === 0;
  }

  /**
   * Takes the stream for one publisher. A publisher of this server takes it over from a connection to another one.
   *
   * @param onRevoked The stream was taken over; the session has no further effect.
   * @param epoch Of the publish, which metadata tells then; 0 for none.
   * @param zeroMs See {@link PublishSession.setZero}; null where nobody tells.
   * @throws {RequestDenied} `StreamBusy` while another holds it.
   */
  startPublish(fedBy: FedBy, onRevoked = () => {}, epoch = 0, zeroMs: number | null = null): PublishSession {
    if (this.#session !== null) {
      const mayTakeOver = fedBy === "client" && this.#fedBy === "upstream";
      if (!mayTakeOver) throw new RequestDenied("StreamBusy", `stream ${this.key} already has a publisher`);
      const revoke = this.#onRevoked;
      this.#endPublish();
      revoke();
    }
    this.#onRevoked = onRevoked;
    this.#epoch = epoch;
    this.#discontinuities = null;
    this.#timeline.startSession();
    this.#meta.startSession();
    this.#ownerTime.startSession(zeroMs, fedBy === "client" && this.options.isForwarded !== true);
    this.#awaitsFirstFrame = true;
    this.#flushTiming.startSession(fedBy === "upstream");
    this.#hasAudio = this.#hasVideo = false;
    const known = this.#players.length > 0 ? this.#logs.endedGop().filter(isFrame) : [];
    const isSame = epoch !== 0 && epoch === this.#endedEpoch;
    const isOlder = ({ payload, timestampMs }: MediaPacket, nowMs: number) =>
      isSame && !this.#ownerTime.isAhead(timestampMs, nowMs) || this.#recentGops.has(payload, nowMs);
    this.#repeats = known.length > 0 ? new RepeatFilter(known, isOlder) : null;
    const session: PublishSession = {
      publish: (packet) => {
        if (this.#session === session) this.#publish(packet);
      },
      setEpoch: (epoch) => {
        if (this.#session !== session || this.#epoch === epoch) return;
        this.#epoch = epoch;
        this.#players.tellPublishFacts();
      },
      setZero: (zeroMs) => {
        if (this.#session === session && this.#ownerTime.tell(zeroMs)) this.#players.tellPublishFacts();
      },
      setDiscontinuities: (mark) => {
        if (this.#session === session) this.tellDiscontinuities(mark);
      },
      endBurst: () => this.#flushTiming.onBurstEnd(),
      [Symbol.dispose]: () => {
        if (this.#session === session) this.#endPublish();
      },
    };
    this.#session = session;
    this.#fedBy = fedBy;
    this.#players.tellPublishChange(true);
    for (const tap of this.#taps) tap.onPublish(epoch);
    return this.options.mixCorrect ? mixCorrected(session) : session;
  }

  /**
   * Where frames begin that go on with what this source has: with its newest GOP, all of it. -1 if they do not, or not
   * yet.
   */
  findContinuation(frames: readonly MediaPacket[]): number {
    this.showAll();
    const [first, ...others] = this.#logs.gop().filter(isFrame);
    const from = first === undefined ? -1 : frames.findIndex((frame) => isSamePacket(frame, first));
    return from >= 0 && others.every((known, i) => isSamePacket(frames[from + 1 + i], known)) ? from : -1;
  }

  /** Where the newest GOP that players have begins among frames; -1 if it does not. */
  findGop(frames: readonly MediaPacket[]): number {
    this.showAll();
    const first = (this.isActive ? this.#logs.gop() : this.#logs.endedGop()).find(isFrame);
    return first === undefined ? -1 : frames.findIndex((frame) => isSamePacket(frame, first));
  }

  /** Whether the newest GOP has a frame with the same content. */
  hasInGop(frame: MediaPacket): boolean {
    this.showAll();
    return this.#logs.gop().some((known) => isSamePacket(known, frame));
  }

  /**
   * Adds a player; it gets headers and the newest GOP, then what comes.
   *
   * @param format Other bytes than RTMP chunks. Players of the same object share them.
   */
  attach(player: Player, format: WireFormat | null = null): PlayCursor {
    // The new player starts with what is there now; the others get it when their flush is due.
    this.showAll();
    this.#players.add(player);
    const log = format === null ? this.#logs.main : this.#logs.acquire(player, format);
    return new PlayCursor(log, () => this.#meta.headers, this.options.gopCache);
  }

  /** As {@link attach}, for a player that takes packets instead of wire bytes. */
  attachForPackets(player: Player): PacketCursor {
    return this.#logs.packetsOf(this.attach(player));
  }

  /** Lets a tap have what is published, from the newest GOP on, until it is disposed of. Taps alone leave a source idle. */
  tap(tap: PacketTap): Disposable {
    this.#taps = [...this.#taps, tap];
    if (this.isActive) this.#fillTap(tap);
    return { [Symbol.dispose]: () => this.#taps = this.#taps.filter((other) => other !== tap) };
  }

  /** Lets players that ask have what is still being gathered. */
  showAll(): void {
    this.#logs.flush(false);
  }

  /** Removes a player; unknown ones are ignored. */
  detach(player: Player): void {
    if (!this.#players.remove(player)) return;
    this.early.remove(player);
    this.#logs.release(player);
    if (this.#players.length === 0) this.#logs.main.isRead = false;
    if (this.isIdle) this.#onIdle(this);
  }

  #fillTap(tap: PacketTap): void {
    this.showAll();
    tap.onPublish(this.#epoch);
    const nowMs = this.#timers.nowMs();
    for (const packet of [...this.#meta.headers.packets, ...this.#logs.gop()]) {
      const atMs = isFrame(packet) ? packet.timestampMs : this.#timeline.nowMs;
      tap.onPacket(packet, this.#ownerTime.of(atMs, nowMs));
    }
  }

  #endPublish(): void {
    // A flush of nothing would put the next one off.
    if (this.#logs.main.hasUnflushed) this.#flush();
    this.#repeats = null;
    this.#session = this.#fedBy = null;
    this.#endedEpoch = this.#epoch;
    this.#epoch = 0;
    this.#flushTiming.endSession();
    this.#meta.endSession();
    for (const log of this.#logs.all) log.endRun();
    this.#players.tellPublishChange(false);
    for (const tap of this.#taps) tap.onUnpublish();
    if (this.isIdle) this.#onIdle(this);
  }

  #publish(packet: MediaPacket): void {
    this.stats.bytesIn += packet.payload.length;
    if (packet.kind === "script") return this.#publishScript(packet);
    const isVideo = packet.kind === "video";
    if (isVideo) this.#hasVideo = true;
    else this.#hasAudio = true;
    const flags = flagsOf(packet);
    if (isHeader(flags)) {
      if (this.#repeats?.holdHeader(packet) !== true) this.#publishHeader(packet, flags);
    } else if (this.#repeats === null) this.#publishFrame(packet, flags);
    else this.#judgeRepeat(packet, this.#repeats);
  }

  /** While it is not known whether players have a frame, it waits. */
  #judgeRepeat(packet: MediaPacket, repeats: RepeatFilter): void {
    const nowMs = this.#timers.nowMs();
    const verdict = repeats.judge(packet, nowMs);
    if (verdict === "held") return;
    this.#repeats = null;
    const { latestTimes } = repeats;
    for (const held of repeats.takeHeld()) {
      const flags = flagsOf(held);
      if (isHeader(flags)) this.#publishHeader(held, flags);
      else if (verdict === "noRepeat") this.#publishFrame(held, flags);
    }
    if (verdict === "noRepeat") return;
    this.#timeline.resumeSession(latestTimes, nowMs);
    for (const log of this.#logs.all) log.resumeRun();
    for (const tap of this.#taps) tap.onResume?.();
    this.#onFirstFrame();
    this.#flushTiming.onFirstGopKnown();
  }

  #onFirstFrame(): void {
    if (!this.#awaitsFirstFrame) return;
    this.#awaitsFirstFrame = false;
    this.#meta.dropStale();
    for (const log of this.#logs.all) log.beginRun(this.#meta.headers);
  }

  #publishFrame({ kind, payload, timestampMs: sentMs }: MediaPacket, flags: number): void {
    const nowMs = this.#timers.nowMs();
    const timestampMs = this.#timeline.mapFrame(kind === "video" ? kind : "audio", sentMs, nowMs);
    if (this.#ownerTime.onFrame(timestampMs, this.#timeline.offsetMs, nowMs)) this.#players.tellPublishFacts();
    const ownerMs = this.#ownerTime.ofFrame(sentMs, timestampMs, nowMs);
    this.#onFirstFrame();
    if (kind === "video") this.stats.videoFrames++;
    else this.stats.audioFrames++;
    if ((flags & MediaFlag.Keyframe) !== 0) {
      this.#logs.startGop(this.#meta.headers);
      this.stats.onKeyframe(timestampMs);
      this.#recentGops.begin(payload, nowMs);
    } else this.#logs.boundGop(payload.length, this.options.gopCacheMaxFrames);
    this.#append({ kind, payload, timestampMs }, timestampMs, ownerMs);
  }

  #publishHeader(packet: MediaPacket, flags: number): void {
    const stamped = { ...packet, timestampMs: this.#timeline.nowMs };
    const isMain = (flags & MediaFlag.SequenceHeader) !== 0;
    const known = isMain ? this.#meta.sequenceHeader(packet.kind === "video" ? "video" : "audio") : null;
    const isRepeat = this.#meta.putHeader(stamped, flags);
    const isReduced = this.options.reduceSequenceHeader && known !== null &&
      this.#meta.sequenceHeader(known.kind === "video" ? "video" : "audio") === known;
    if (!isRepeat && !isReduced) this.#append(stamped);
  }

  #publishScript(packet: MediaPacket): void {
    const nowMs = this.#timeline.nowMs;
    const added = { ...this.options.identity, ...epochMember(this.#epoch) };
    const script = readScript({ ...packet, timestampMs: nowMs }, added);
    if (script === null) return;
    if (script.metadata !== null) {
      // ffmpeg 5.1 takes metadata with a time other than 0 for a subtitle stream; SRS sends 0 too.
      script.packet.timestampMs = 0;
      this.#meta.putMetadata(script.packet);
      if (this.options.atcAuto && asksForAtc(script.metadata)) this.#timeline.keepTimes();
    }
    this.#append(script.packet, nowMs);
  }

  #append(
    packet: MediaPacket,
    atMs = packet.timestampMs,
    ownerMs = this.#ownerTime.of(atMs, this.#timers.nowMs()),
  ): void {
    this.#logs.append(packet, atMs);
    for (const tap of this.#taps) tap.onPacket(packet, ownerMs);
    // A log keeps what is not flushed: with nobody to flush for, that would be everything.
    if (this.#players.length === 0) this.#logs.flush();
    else this.#flushTiming.onAppend();
  }

  /** Shows players what came since the last flush. */
  #flush(): void {
    this.#flushTiming.onFlush();
    this.#logs.flush();
    this.#logs.tellFollowers();
    this.#players.wake();
  }
}
