import type { TimerHandle } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Packager } from "../../hls/packager.ts";
import { readSegmentListing } from "../../hls/segment_listing.ts";
import type { SegmentPlace } from "../../upstream/segment_place.ts";
import type { FetchBudget } from "./fetch_budget.ts";
import type { HlsOptions } from "./packager_options.ts";
import { type PeerAnswer, peerGet, type PeerGetBounds, type PeerGetServer } from "./peer_get.ts";

/** What fetching takes of a server. */
export interface SegmentFetcherServer extends PeerGetServer {
  readonly log: Logger;
  /** Of all streams. */
  readonly fetchBudget: FetchBudget;
}

/** The stream whose segments are fetched. */
export interface FetchingStream {
  readonly key: string;
  /** Null before there is anything to serve. */
  readonly packaging: { readonly packager: Packager; readonly options: HlsOptions } | null;
  /** Where the segments are to be had at this moment; null where nobody is known to have them. */
  readonly place: SegmentPlace | null;
  /** All that is absent is wanted, as where it is written to files. */
  readonly wantsAll: boolean;
  /** A look or a fetch has ended, whatever came of it. */
  onFetched(): void;
}

/** A segment that another server is asked for. */
interface Question {
  readonly place: SegmentPlace;
  readonly giveUp: AbortController;
}

type QuestionBounds = Omit<PeerGetBounds, "signal">;

/** What a list of segments answers with. */
export const LISTING_TYPE = "application/json";
/** Of a segment, by the container. */
export const segmentTypes = { ts: "video/MP2T", cmaf: "video/iso.segment" } as const;

const LISTING_TIMEOUT_MS = 2000;
const MAX_LISTING_BYTES = 1_000_000;
const SEGMENT_TIMEOUT_MS = 8000;
/** Looks at what another server lists are so far apart. */
const LOOK_AGAIN_MS = 300;
/** Looks for what is missing before the segment under way. */
const MAX_LOOKS = 3;
/** Segments that are fetched of one stream at one moment. */
const MAX_AT_ONCE = 3;
/** What could not be had is not asked for again so soon. */
const FAILED_MS = 1000;
/** Attempts, until a segment that is listed becomes a gap. */
const MAX_ATTEMPTS = 2;
/** Numbers that are wanted, or could not be had. */
const MAX_NUMBERS = 2000;

/**
 * Gets what a server lacks that came late to a stream: from the server that feeds it, under the address that viewers use.
 * It asks what there is, so that all of it is listed at once, and fetches a segment when the first viewer asks for it;
 * others wait for the same answer.
 */
export class SegmentFetcher implements Disposable {
  readonly #server: SegmentFetcherServer;
  readonly #stream: FetchingStream;
  readonly #over = new AbortController();
  /** Until when a number is not asked for again, and how often that was in vain. */
  readonly #failed = new Map<number, { readonly untilMs: number; readonly attempts: number }>();
  /** Numbers, and whether another server asks for them. */
  readonly #wanted = new Map<number, boolean>();
  /** Those that are being fetched: from where, and what ends that question. */
  readonly #running = new Map<number, Question | null>();
  #looking: Promise<boolean> | null = null;
  #lookTimer: TimerHandle | null = null;
  #nextLookMs = 0;
  #looks = 0;

  constructor(server: SegmentFetcherServer, stream: FetchingStream) {
    this.#server = server;
    this.#stream = stream;
  }

  /** The stream comes from another server: that is asked for what the one before has not given. */
  onServerChange(): void {
    const { place } = this.#stream;
    this.#failed.clear();
    for (const question of this.#running.values()) if (question?.place !== place) question?.giveUp.abort();
  }

  /** This node has joined a publish: what came before is at the server that feeds it. */
  onJoin(): void {
    this.onServerChange();
    this.#nextLookMs = 0;
    this.lookForMissing();
  }

  /**
   * Looks what there is at the other server. If something is missing before the segment under way, it looks again; in the
   * end, what is still missing is a gap.
   *
   * @returns False if there is nobody to ask.
   */
  lookForMissing(): boolean {
    if (this.#stream.place === null || this.#over.signal.aborted) return false;
    this.#looks = 0;
    this.#planLook();
    return true;
  }

  /**
   * Begins to fetch a segment that is not here, if that makes sense; see {@link isFetching}.
   *
   * @param isRelayed Another server asks for it.
   */
  want(number: number, isRelayed = false): void {
    if (this.isFetching(number) || this.#stream.place === null || !this.#isPlausible(number)) return;
    const failed = this.#failed.get(number);
    const isTooSoon = failed !== undefined && failed.untilMs > this.#server.timers.nowMs();
    if (isTooSoon || this.#wanted.size >= MAX_NUMBERS) return;
    this.#wanted.set(number, isRelayed);
    this.#startNext();
  }

  /** What the other server has is not known yet. */
  get isLooking(): boolean {
    return this.#lookTimer !== null || this.#looking !== null;
  }

  /** It may be here soon. */
  isFetching(number: number): boolean {
    return this.#wanted.has(number) || this.#running.has(number);
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#lookTimer?.cancel();
    this.#wanted.clear();
  }

  /** Something that the other server may have: neither of long ago nor still to come. */
  #isPlausible(number: number): boolean {
    const { packaging } = this.#stream;
    if (packaging === null) return false;
    const { packager: { window }, options: { windowMs, fragmentMs } } = packaging;
    const known = window.find(number);
    if (known !== null) return known.kind !== "segment";
    const { lastNumber } = window;
    return lastNumber !== null && number <= lastNumber && number > lastNumber - 3 * Math.ceil(windowMs / fragmentMs);
  }

  #planLook(): void {
    if (this.#looking !== null || this.#lookTimer !== null) return;
    const { timers } = this.#server;
    this.#lookTimer = timers.after(Math.max(0, this.#nextLookMs - timers.nowMs()), () => {
      this.#lookTimer = null;
      this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#looks++;
    const isTold = await this.#refresh();
    const packager = this.#stream.packaging?.packager;
    if (packager === undefined || this.#over.signal.aborted) return;
    const isEnough = isTold && !packager.isMissing || this.#looks >= MAX_LOOKS || this.#stream.place === null;
    if (!isEnough) return this.#planLook();
    packager.settleMissing();
    this.#stream.onFetched();
  }

  /** @returns Whether the other server has told what it has. */
  #refresh(): Promise<boolean> {
    return this.#looking ??= this.#readListing().finally(() => {
      this.#looking = null;
      this.#nextLookMs = this.#server.timers.nowMs() + LOOK_AGAIN_MS;
    });
  }

  async #readListing(): Promise<boolean> {
    const { place, key } = this.#stream;
    const { log } = this.#server;
    if (place === null) return false;
    const { bytes, error } = await this.#get(place, ".m3u8", {
      timeoutMs: LISTING_TIMEOUT_MS,
      maxBytes: MAX_LISTING_BYTES,
      isRelayed: false,
      contentType: LISTING_TYPE,
    });
    const { packaging } = this.#stream;
    if (this.#over.signal.aborted || packaging === null) return false;
    if (bytes === null) {
      log.debug(`HLS of ${key}: no list of segments from ${place.base}: ${error}`);
      return false;
    }
    const { packager, options } = packaging;
    const listing = readSegmentListing(new TextDecoder().decode(bytes), options);
    if (listing === null) {
      log.warn(`HLS of ${key}: ${place.base} cuts it in another way, or answers nonsense`);
      return true;
    }
    packager.adopt(listing.segments, listing.longestMs);
    if (this.#stream.wantsAll) this.#fetchAll(packager);
    return true;
  }

  #fetchAll({ window }: Packager): void {
    for (const { kind, number } of window.entries) if (kind === "absent") this.want(number);
  }

  #startNext(): void {
    for (const [number, isRelayed] of this.#wanted) {
      if (this.#running.size >= MAX_AT_ONCE) return;
      this.#wanted.delete(number);
      this.#running.set(number, null);
      this.#run(number, isRelayed);
    }
  }

  async #run(number: number, isRelayed: boolean): Promise<void> {
    const failure = await this.#fetchNow(number, isRelayed);
    this.#running.delete(number);
    if (this.#over.signal.aborted) return;
    if (failure === null) this.#failed.delete(number);
    else this.#onFailure(number, failure);
    this.#stream.onFetched();
    this.#startNext();
  }

  /** @returns What went wrong; null if the segment is here. */
  async #fetchNow(number: number, isRelayed: boolean): Promise<Pick<PeerAnswer, "isFinal" | "error"> | null> {
    const kindOf = () => this.#stream.packaging?.packager.window.find(number)?.kind;
    if (kindOf() !== "absent") await this.#refresh();
    const { packaging, place } = this.#stream;
    const entry = packaging?.packager.window.find(number);
    if (entry?.kind === "segment") return null;
    if (packaging === null || place === null || entry?.kind !== "absent") {
      return { isFinal: false, error: "nobody is known to have it" };
    }
    const { packager, options: { container } } = packaging;
    using _room = await this.#server.fetchBudget.take(entry.byteLength);
    const answer = await this.#ask(number, place, `-${number}.${container === "ts" ? "ts" : "m4s"}`, {
      timeoutMs: SEGMENT_TIMEOUT_MS,
      maxBytes: entry.byteLength,
      isRelayed,
      contentType: segmentTypes[container],
    });
    if (answer.bytes === null) return answer;
    const isRight = this.#over.signal.aborted || packager.fill(number, answer.bytes);
    return isRight ? null : { isFinal: true, error: "it is not what was listed" };
  }

  /** Asks for a segment; if the stream comes from another server meanwhile, that one, too. */
  async #ask(number: number, first: SegmentPlace, suffix: string, bounds: QuestionBounds): Promise<PeerAnswer> {
    for (let place = first;;) {
      const giveUp = new AbortController();
      this.#running.set(number, { place, giveUp });
      const answer = await this.#get(place, suffix, bounds, giveUp.signal);
      const next = this.#stream.place;
      if (answer.bytes !== null || next === null || next === place || this.#over.signal.aborted) return answer;
      place = next;
    }
  }

  #get(
    place: SegmentPlace,
    suffix: string,
    bounds: QuestionBounds,
    signal: AbortSignal = this.#over.signal,
  ): Promise<PeerAnswer> {
    return peerGet(this.#server, place, suffix, { ...bounds, signal: AbortSignal.any([signal, this.#over.signal]) });
  }

  #onFailure(number: number, { isFinal, error }: Pick<PeerAnswer, "isFinal" | "error">): void {
    const attempts = (this.#failed.get(number)?.attempts ?? 0) + 1;
    if (this.#failed.size >= MAX_NUMBERS) this.#failed.clear();
    this.#failed.set(number, { attempts, untilMs: this.#server.timers.nowMs() + FAILED_MS });
    this.#server.log.debug(`HLS of ${this.#stream.key}: segment ${number} could not be fetched: ${error}`);
    // Players go on behind a gap; what they ask for in vain stops them.
    if (isFinal || attempts >= MAX_ATTEMPTS) this.#stream.packaging?.packager.lose(number);
  }
}
