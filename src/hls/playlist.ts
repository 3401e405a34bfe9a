import { keyNumberOf } from "./encryption.ts";
import { partBounds } from "./part_bounds.ts";
import type { PartHead, SegmentHead, WindowEntry } from "./segment.ts";
import type { SegmentWindow } from "./segment_window.ts";

/** The URIs of a playlist, as whoever serves it wants them. */
export interface PlaylistNames {
  segment(entry: WindowEntry): string;
  part(number: number, index: number): string;
  init(id: string): string;
  /** Only asked for where segments are encrypted. @param keyNumber As of {@link keyNumberOf}. */
  key?(keyNumber: number): string;
}

/** Options of {@link mediaPlaylist}. */
export interface PlaylistOptions {
  readonly container: "ts" | "cmaf";
  readonly fragmentMs: number;
  /** 0: no parts, and nothing else of low latency. */
  readonly partMs: number;
  /** The first TARGETDURATION is this times the fragment; it grows with the longest segment. */
  readonly targetRatio: number;
  /** So many segments have the same key, of AES-128. 0 or nothing: they are not encrypted. Not together with parts. */
  readonly fragmentsPerKey?: number;
  /** As a client asked for with `_HLS_skip`: what it has is left out, if the playlist is long enough. */
  readonly skips?: boolean;
  /** Only what is here is to be had where this playlist is: the rest are gaps. */
  readonly hidesAbsent?: boolean;
  /** The stream has ended for good. */
  readonly isEnded?: boolean;
}

/** Parts are listed of segments that end so many target durations before the end. Source: RFC 8216bis §6.2.2. */
const PARTS_WITHIN_TARGETS = 3;
/** CAN-SKIP-UNTIL in target durations; the least that there may be. Source: RFC 8216bis §4.4.3.8. */
const SKIP_TARGETS = 6;
const HOLD_BACK_PARTS = 3;
/** Publishes without segments have left no tags; of counts that are further apart, clients get one. */
const MAX_DISCONTINUITIES = 8;

/**
 * TARGETDURATION in s. It does not change as long as no segment is longer than was thought: keyframes that do not fit to
 * the fragment make segments of up to twice its length, and RFC 8216 has the longest one in it.
 */
export function targetDurationSeconds(window: SegmentWindow, { fragmentMs, targetRatio }: PlaylistOptions): number {
  return Math.max(1, Math.ceil(fragmentMs * targetRatio / 1000), Math.round(window.longestMs / 1000));
}

/** PART-TARGET in ms: more than was asked for while a part is listed that is longer, as where frames are rare. */
export function partTargetMs(window: SegmentWindow, options: PlaylistOptions): number {
  const from = firstWithin(window, options, PARTS_WITHIN_TARGETS);
  const listed = [...window.entries.slice(from).filter(({ kind }) => kind !== "gap"), shownOpen(window, options)];
  const parts = listed.flatMap((head) => head?.parts ?? []);
  return parts.reduce((longest, { durationMs }) => Math.max(longest, durationMs), partBounds(options).targetMs);
}

/** The segment under way, if what is listed leads up to it. */
function shownOpen({ open, lastNumber }: SegmentWindow, { partMs }: PlaylistOptions): SegmentHead | null {
  if (partMs === 0 || open === null) return null;
  return lastNumber === null || open.number === lastNumber + 1 ? open : null;
}

/** Place of the first entry that ends less than so many target durations before the end. */
function firstWithin(window: SegmentWindow, options: PlaylistOptions, targets: number): number {
  const boundMs = targets * targetDurationSeconds(window, options) * 1000;
  const openParts = shownOpen(window, options)?.parts ?? [];
  let behindMs = openParts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  let first = window.entries.length;
  while (first > 0 && behindMs < boundMs) behindMs += window.entries[--first]!.durationMs;
  return first;
}

/**
 * The media playlist of this moment. Source: RFC 8216, draft-pantos-hls-rfc8216bis.
 *
 * @param window Not empty: see {@link SegmentWindow.isEmpty}.
 */
export function mediaPlaylist(window: SegmentWindow, options: PlaylistOptions, names: PlaylistNames): string {
  return new PlaylistText(window, options, names).text();
}

class PlaylistText {
  readonly #window: SegmentWindow;
  readonly #options: PlaylistOptions;
  readonly #names: PlaylistNames;
  readonly #targetSeconds: number;
  readonly #lines: string[] = ["#EXTM3U"];
  #initId: string | null = null;
  #keyNumber: number | null = null;

  constructor(window: SegmentWindow, options: PlaylistOptions, names: PlaylistNames) {
    this.#window = window;
    this.#options = options;
    this.#names = names;
    this.#targetSeconds = targetDurationSeconds(window, options);
  }

  text(): string {
    const { entries } = this.#window;
    const open = shownOpen(this.#window, this.#options);
    const skipped = this.#skippedCount();
    const partsFrom = firstWithin(this.#window, this.#options, PARTS_WITHIN_TARGETS);
    this.#head(entries[0] ?? open, skipped > 0);
    if (skipped > 0) this.#lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
    entries.forEach((entry, i) => {
      if (i >= skipped) this.#entry(entry, entries[i - 1] ?? null, i >= partsFrom);
    });
    if (open !== null) this.#openParts(open, entries.at(-1) ?? null);
    if (this.#options.isEnded) this.#lines.push("#EXT-X-ENDLIST");
    return this.#lines.join("\n") + "\n";
  }

  #head(first: SegmentHead | null | undefined, isDelta: boolean): void {
    const { container, partMs } = this.#options;
    const isLow = partMs > 0;
    const hasGap = this.#window.entries.some((entry) => this.#isGap(entry));
    const version = isLow || isDelta ? 9 : hasGap ? 8 : container === "cmaf" ? 6 : 3;
    this.#lines.push(`#EXT-X-VERSION:${version}`, `#EXT-X-TARGETDURATION:${this.#targetSeconds}`);
    if (isLow) {
      const partTarget = partTargetMs(this.#window, this.#options);
      const control = [
        "CAN-BLOCK-RELOAD=YES",
        `PART-HOLD-BACK=${seconds(HOLD_BACK_PARTS * partTarget)}`,
        `CAN-SKIP-UNTIL=${seconds(SKIP_TARGETS * this.#targetSeconds * 1000)}`,
      ];
      this.#lines.push(`#EXT-X-SERVER-CONTROL:${control}`, `#EXT-X-PART-INF:PART-TARGET=${seconds(partTarget)}`);
    }
    this.#lines.push(`#EXT-X-MEDIA-SEQUENCE:${first?.number ?? 0}`);
    const discontinuity = first?.discontinuity ?? 0;
    if (discontinuity > 0) this.#lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuity}`);
    if (this.#isIndependent()) this.#lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  }

  #isIndependent(): boolean {
    const open = shownOpen(this.#window, this.#options);
    const isOpenIndependent = open?.parts[0]?.isIndependent ?? true;
    return isOpenIndependent &&
      this.#window.entries.every(({ kind, isIndependent }) => isIndependent || kind === "gap");
  }

  #isGap({ kind }: WindowEntry): boolean {
    return kind === "gap" || kind === "absent" && this.#options.hidesAbsent === true;
  }

  #entry(entry: WindowEntry, before: WindowEntry | null, isNearEnd: boolean): void {
    this.#segmentTags(entry, before);
    const showsParts = isNearEnd && this.#options.partMs > 0 && entry.kind !== "gap";
    if (showsParts) { for (const part of entry.parts) this.#part(entry.number, part); }
    if (this.#isGap(entry)) this.#lines.push("#EXT-X-GAP");
    this.#lines.push(`#EXTINF:${seconds(entry.durationMs)},`, this.#names.segment(entry));
  }

  #openParts(open: SegmentHead, before: WindowEntry | null): void {
    if (open.parts.length > 0) this.#segmentTags(open, before);
    for (const part of open.parts) this.#part(open.number, part);
    this.#lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${this.#names.part(open.number, open.parts.length)}"`);
  }

  /** What stands before the first line of a segment. */
  #segmentTags(head: SegmentHead, before: SegmentHead | null): void {
    const discontinuities = before === null ? 0 : head.discontinuity - before.discontinuity;
    const tags = discontinuities > MAX_DISCONTINUITIES ? 1 : discontinuities;
    for (let i = 0; i < tags; i++) this.#lines.push("#EXT-X-DISCONTINUITY");
    if (head.init !== null && head.init.id !== this.#initId) {
      this.#initId = head.init.id;
      // A key applies to init segments behind it too, and these are not encrypted.
      if (this.#keyNumber !== null) this.#lines.push("#EXT-X-KEY:METHOD=NONE");
      this.#keyNumber = null;
      this.#lines.push(`#EXT-X-MAP:URI="${this.#names.init(head.init.id)}"`);
    }
    const { fragmentsPerKey = 0 } = this.#options;
    if (fragmentsPerKey > 0) this.#key(keyNumberOf(head.number, fragmentsPerKey));
    this.#lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(head.startMs).toISOString()}`);
  }

  #key(keyNumber: number): void {
    if (keyNumber === this.#keyNumber) return;
    this.#keyNumber = keyNumber;
    this.#lines.push(`#EXT-X-KEY:METHOD=AES-128,URI="${this.#names.key?.(keyNumber) ?? ""}"`);
  }

  #part(number: number, { index, durationMs, isIndependent }: PartHead): void {
    const independent = isIndependent ? ",INDEPENDENT=YES" : "";
    this.#lines.push(
      `#EXT-X-PART:DURATION=${seconds(durationMs)},URI="${this.#names.part(number, index)}"${independent}`,
    );
  }

  #skippedCount(): number {
    const { skips = false, partMs } = this.#options;
    return skips && partMs > 0 ? firstWithin(this.#window, this.#options, SKIP_TARGETS) : 0;
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
