import { readCodedPicture, readCodedSound } from "../flv/coded_frame.ts";
import { MediaFlag } from "../flv/codec.ts";
import { soundSamples } from "../flv/track_config.ts";
import type { Mp4Tracks } from "../mp4/init_segment.ts";
import { flagsOf, type MediaPacket } from "../stream/packet.ts";
import type { DiscontinuityMark } from "../stream/publish_facts.ts";
import { CmafMuxer } from "./cmaf_muxer.ts";
import { DiscontinuityCount } from "./discontinuity_count.ts";
import { gapFor, gapsBetween } from "./gaps.ts";
import { InitCache, isSameTracks } from "./init_cache.ts";
import { OpenSegment, type TrackFacts } from "./open_segment.ts";
import { partBounds } from "./part_bounds.ts";
import { type AbsentSegment, type Container, presentSegment } from "./segment.ts";
import { SegmentWindow } from "./segment_window.ts";
import { SlotRule, type SlotStart, type SlotVerdict } from "./slot_rule.ts";
import { audioOf, TrackState, videoOf } from "./track_state.ts";
import { TsMuxer } from "./ts_muxer.ts";

/** Options of {@link Packager}. */
export interface PackagerOptions {
  readonly container: Container;
  /** Length of a slot of time; each has a segment. 100 or more. */
  readonly fragmentMs: number;
  /** Length that parts are about to have; 0 for no parts. */
  readonly partMs: number;
  /** How much is listed. */
  readonly windowMs: number;
  /** Of the segments that are kept; the one under way may have half of it, or is dropped. */
  readonly maxBytes: number;
}

/** A publish, as its owner describes it to all nodes. */
export interface HlsPublish {
  readonly epoch: number;
  /** Discontinuities of the stream before the first packet that will come here, unless {@link Packager.countedBy} tells. */
  readonly discontinuities?: number;
  /**
   * The packets begin with the first of the publish. Without it, the first segment may have begun before, and is left
   * out.
   */
  readonly isFromStart?: boolean;
  /**
   * Numbers below are used up by publishes before. Where it is not told, and there may have been publishes before, the slot
   * that the publish begins in is left out, as others may have used it.
   */
  readonly firstNumber?: number;
}

/** Numbers that fall by more than so many windows are those of another clock. */
const MAX_FALL_WINDOWS = 10;

/**
 * Makes the segments and parts of a stream. From the same packets and times come the same bytes, numbers and names, on
 * whichever node and from whichever keyframe on: see {@link SlotRule}.
 */
export class Packager {
  readonly window: SegmentWindow;
  /** Called after a segment or part is complete, for those who wait. */
  onChange: (() => void) | null = null;
  /**
   * Numbers are missing before the segment that begins. True if they are looked for at another server: that has time until
   * this segment ends, unless {@link settleMissing} is called sooner.
   */
  onMissing: (() => boolean) | null = null;
  /**
   * Tells the mark in force, whenever the number of a segment's discontinuity is to be known; it may decide then what it is.
   * Its argument is when the first frame of the publish was that has come here. Without it, {@link HlsPublish} has to tell.
   */
  countedBy: ((firstMs: number) => DiscontinuityMark) | null = null;
  /** The tracks have changed behind a segment: what comes is to be told by this mark. */
  onDiscontinuity: ((mark: DiscontinuityMark) => void) | null = null;
  /** The tracks have changed, and it is not known here whether there was a segment before. */
  onUncounted: (() => void) | null = null;
  readonly #options: PackagerOptions;
  readonly #slots: SlotRule;
  readonly #tracks: TrackState;
  readonly #inits = new InitCache();
  #publish: HlsPublish = { epoch: 0 };
  #isPublishing = false;
  #open: OpenSegment | null = null;
  /** Highest number that had a segment, or parts. */
  #lastUsed = -1;
  /** Of the newest segment, or part; null before there was one. */
  #discontinuities: number | null = null;
  #count = new DiscontinuityCount();
  /** This publish has a segment, or parts of one, since its tracks have changed last. */
  #hasBytes = false;
  /** Of the packets of this publish. */
  #firstMs = 0;
  #latestMs = -Infinity;
  /** Gaps before the segment under way are not listed yet: another server may have what is missing. */
  #owesGaps = false;

  constructor(options: PackagerOptions) {
    this.#options = options;
    this.window = new SegmentWindow(options);
    this.#slots = new SlotRule(options.fragmentMs);
    this.#tracks = new TrackState(options.container);
  }

  /** Discontinuities of the stream before the newest segment, or part; null while there is none. */
  get discontinuities(): number | null {
    return this.#discontinuities;
  }

  /** A new publish begins (another encoder, or the same one again), or this node joins one. */
  startPublish(publish: HlsPublish): void {
    this.#isPublishing = true;
    this.#drop();
    this.#publish = publish;
    this.#count = new DiscontinuityCount();
    this.#hasBytes = false;
    this.#latestMs = -Infinity;
    this.#slots.restart();
    this.#tracks.forget();
  }

  /**
   * The publish ends, or this node no longer gets it.
   *
   * @param isWhole All packets were delivered, to all nodes: what was under way becomes a short segment. Without it, others
   *   may have got more or less, and the segment under way is left out.
   */
  endPublish(isWhole = false): void {
    this.#isPublishing = false;
    if (isWhole && this.#complete(null)) this.onChange?.();
  }

  /**
   * One packet of the publish, in order.
   *
   * @param packet Payload as in RTMP or FLV; it is only lent.
   * @param wallMs Wall clock of the owner at stream time 0, plus the time of the packet: the same on all nodes.
   */
  onPacket(packet: MediaPacket, wallMs: number): void {
    if (!this.#isPublishing || packet.kind === "script" || !Number.isFinite(wallMs)) return;
    const timeMs = Math.round(wallMs);
    if (this.#latestMs === -Infinity) this.#firstMs = timeMs;
    this.#latestMs = Math.max(this.#latestMs, timeMs);
    if ((flagsOf(packet) & MediaFlag.SequenceHeader) !== 0) {
      const before = this.#tracks.carried;
      const { payload } = packet;
      const isVideo = packet.kind === "video";
      const isChange = isVideo ? this.#tracks.onVideoHeader(payload) : this.#tracks.onAudioHeader(payload);
      if (isChange) this.#onTracksChange(before, null);
      return;
    }
    if (this.#count.isChanging) this.#onDiscontinuity(timeMs);
    if (packet.kind === "video") this.#onVideo(packet.payload, timeMs);
    else this.#onAudio(packet.payload, timeMs);
  }

  /**
   * Takes notice of complete segments that another server has. Their bytes can come later: see {@link fill}.
   *
   * @param found Oldest first. They are taken to have the tracks of now.
   * @param longestMs Longest segment that it has had.
   */
  adopt(found: readonly AbsentSegment[], longestMs: number): void {
    const { window } = this;
    // What is under way here, or is still to come, is made here.
    const limit = this.#open?.number ?? this.#slots.slotOf(this.#latestMs) + 1;
    const before = window.longestMs;
    window.noteLongest(longestMs);
    const tracks = this.#tracks.carried;
    const isNew = window.adopt(
      found.filter(({ number }) => number < limit).map((segment) => ({ ...segment, tracks })),
      (last, next) => gapsBetween(last, next, this.#options),
    );
    const last = window.entries.at(-1);
    if (last !== undefined) {
      this.#lastUsed = Math.max(this.#lastUsed, last.number);
      this.#discontinuities = Math.max(this.#discontinuities ?? 0, last.discontinuity);
    }
    if (isNew || window.longestMs !== before) this.onChange?.();
  }

  /** Numbers are missing before the segment under way, and not listed as gaps yet. */
  get isMissing(): boolean {
    return this.#owesGaps && (this.window.lastNumber ?? Infinity) + 1 < (this.#open?.number ?? 0);
  }

  /** What other servers do not have either is listed as gaps. */
  settleMissing(): void {
    if (!this.#owesGaps) return;
    this.#owesGaps = false;
    if (this.#open !== null && this.#listGaps(this.#open)) this.onChange?.();
  }

  /**
   * The bytes of an absent segment have come.
   *
   * @returns False if they are not those of the segment.
   */
  fill(number: number, bytes: Uint8Array): boolean {
    const absent = this.window.find(number);
    const segment = absent?.kind === "absent" ? presentSegment(absent, bytes) : null;
    if (segment === null || !this.window.replace(segment)) return false;
    this.onChange?.();
    return true;
  }

  /** An absent segment is not to be had any more. */
  lose(number: number): void {
    const absent = this.window.find(number);
    if (absent?.kind === "absent" && this.window.replace(gapFor(absent))) this.onChange?.();
  }

  #onVideo(payload: Uint8Array, timeMs: number): void {
    const picture = readCodedPicture(payload);
    const before = this.#tracks.carried;
    if (picture === null || videoOf(before, payload) === null) return;
    if (picture.isKeyframe && this.#tracks.onKeyframe(picture.body)) this.#onTracksChange(before, timeMs);
    this.#onVerdict(this.#slots.onVideo(timeMs, picture.isKeyframe), timeMs);
    const { video } = this.#tracks.carried;
    if (this.#open === null || video === null) return;
    this.#endPartIfDue(this.#open, timeMs);
    this.#open.addPicture({ timeMs, ...picture }, video);
    this.#boundBytes();
  }

  #onAudio(payload: Uint8Array, timeMs: number): void {
    const body = readCodedSound(payload);
    if (body.length === 0) return;
    const before = this.#tracks.carried;
    if (this.#tracks.onSound(payload, body)) this.#onTracksChange(before, timeMs);
    const track = audioOf(this.#tracks.carried, payload);
    if (track === null) return;
    const verdict = this.#slots.onAudio(timeMs, this.#tracks.carried.video !== null);
    this.#onVerdict(verdict, timeMs);
    if (this.#open === null) return;
    if (verdict === "same" && this.#slots.isQuiet(timeMs)) this.#endPartIfDue(this.#open, timeMs);
    const samples = soundSamples(track, payload);
    this.#open.addSound({ timeMs, samples, body }, track);
    this.#boundBytes();
  }

  #onVerdict(verdict: SlotVerdict, timeMs: number): void {
    if (verdict === "same") return;
    if (verdict === "unknown") return this.#drop();
    const isComplete = this.#complete(timeMs);
    this.#begin(verdict, timeMs);
    if (isComplete) this.onChange?.();
  }

  #begin({ number, isFirst }: SlotStart, timeMs: number): void {
    this.#forgetOtherClock(number);
    if (number <= this.#lastUsed || isFirst && !this.#isWhole(number)) return;
    const { fragmentMs, container } = this.#options;
    const sequence = (part: number) => number * partBounds(this.#options).maxParts + part >>> 0;
    const muxer = container === "ts" ? new TsMuxer(number) : new CmafMuxer(sequence, fragmentMs);
    const tracks = this.#tracks.carried;
    this.#open = new OpenSegment(
      { number, startMs: timeMs, tracks },
      muxer,
      (tracks) => this.#describe(timeMs, tracks),
    );
    this.window.setOpen(this.#open);
    this.#appendGaps(this.#open);
  }

  /** Whether the segment of the first slot of the publish is known from its beginning, and its number is free. */
  #isWhole(number: number): boolean {
    const { isFromStart = false, firstNumber, discontinuities } = this.#publish;
    if (!isFromStart) return false;
    return firstNumber === undefined ? discontinuities === 0 : number >= firstNumber;
  }

  #describe(startMs: number, tracks: Mp4Tracks): TrackFacts {
    this.#hasBytes = true;
    const init = this.#options.container === "ts" ? null : this.#inits.initOf(tracks);
    // Times that fall, or a mark that came late, do not make it fall.
    const discontinuity = Math.max(this.#discontinuities ?? 0, this.#count.at(startMs, this.#mark));
    this.#discontinuities = discontinuity;
    return { discontinuity, init };
  }

  get #mark(): DiscontinuityMark {
    return this.countedBy?.(this.#firstMs) ?? { count: this.#publish.discontinuities ?? 0, fromMs: -Infinity };
  }

  /** Segments that begin from this time on have a discontinuity before them. */
  #onDiscontinuity(fromMs: number): void {
    this.#hasBytes = false;
    this.#count.add(fromMs);
    this.onDiscontinuity?.({ count: this.#count.at(fromMs, this.#mark), fromMs });
  }

  /**
   * A track that is added to a segment without parts belongs to it; any other change ends the segment.
   *
   * @param frameMs Time of the frame that tells of the change; null for a header, which has none.
   */
  #onTracksChange(before: Mp4Tracks, frameMs: number | null): void {
    const now = this.#tracks.carried;
    const isAdded = isSameTracks({ video: before.video ?? now.video, audio: before.audio ?? now.audio }, now);
    const cuts = this.#open !== null && !(isAdded && !this.#open.isFixed);
    // Changes without a segment between them are one; what comes before all segments is none.
    if (this.#hasBytes || cuts && this.#open!.byteLength > 0) this.#count.expect();
    // Others may have had one.
    else if (this.#publish.isFromStart !== true) this.onUncounted?.();
    const isComplete = cuts && this.#complete(null);
    if (!cuts) this.#open?.addTrack(now);
    const fromMs = this.#open?.startMs ?? frameMs;
    if (this.#count.isChanging && fromMs !== null) this.#onDiscontinuity(fromMs);
    if (isComplete) this.onChange?.();
  }

  #endPartIfDue(open: OpenSegment, timeMs: number): void {
    if (this.#options.partMs === 0 || !open.hasFrames) return;
    if (open.partMs(timeMs) < partBounds(this.#options).minMs) return;
    open.endPart(timeMs);
    this.#lastUsed = open.number;
    this.onChange?.();
  }

  /** Completes the segment under way. @param nextMs As in {@link OpenSegment.end}. @returns False if there is none. */
  #complete(nextMs: number | null): boolean {
    const open = this.#open;
    if (open !== null && this.#owesGaps) this.#listGaps(open);
    this.#drop();
    if (open === null || open.byteLength === 0) return false;
    const segment = open.end(nextMs, this.#options.fragmentMs);
    this.#lastUsed = segment.number;
    if (this.window.lastNumber !== null && this.window.lastNumber + 1 < segment.number) this.window.retireAll();
    this.window.append(segment);
    return true;
  }

  #appendGaps(open: OpenSegment): void {
    const { lastNumber } = this.window;
    const isMissing = lastNumber !== null && lastNumber + 1 < open.number;
    this.#owesGaps = isMissing && this.onMissing?.() === true;
    if (isMissing && !this.#owesGaps) this.#listGaps(open);
  }

  /**
   * Lists the numbers that are missing before the segment under way; if they are too many, its end begins a new window.
   *
   * @returns False if there are none.
   */
  #listGaps({ number, startMs }: OpenSegment): boolean {
    const last = this.window.entries.at(-1);
    const gaps = last === undefined ? [] : gapsBetween(last, { number, startMs }, this.#options) ?? [];
    this.window.append(...gaps);
    return gaps.length > 0;
  }

  #drop(): void {
    this.#open = null;
    this.#owesGaps = false;
    this.window.setOpen(null);
  }

  #boundBytes(): void {
    if (this.#open !== null && this.#open.byteLength > this.#options.maxBytes / 2) this.#drop();
  }

  /** A clock that was far ahead must not stop the stream for as long. */
  #forgetOtherClock(number: number): void {
    const { windowMs, fragmentMs } = this.#options;
    if (this.#lastUsed - number <= MAX_FALL_WINDOWS * Math.ceil(windowMs / fragmentMs)) return;
    this.#lastUsed = -1;
    this.window.clear();
  }
}
