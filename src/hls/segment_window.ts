import {
  type AbsentSegment,
  type BegunSegment,
  entryEndMs,
  heldBytes,
  type InitSegment,
  type Segment,
  type SegmentGap,
  type SegmentPart,
  type WindowEntry,
} from "./segment.ts";

/** Bounds of a {@link SegmentWindow}. */
export interface WindowBounds {
  /** What is listed is at least this long once there is so much, and about this long. */
  readonly windowMs: number;
  /** Of everything that is kept. */
  readonly maxBytes: number;
}

/** Where the next part will stand. */
export interface PartPlace {
  readonly number: number;
  readonly part: number;
}

/** A list that loses segments is at least so many target durations long. Source: RFC 8216bis §6.2.2. */
const LEAST_TARGETS = 3;
/** Whoever asks for a part of a segment that is not listed has been away too long. */
const MAX_ENTRIES = 2000;

/** The newest segments of a stream: those that are listed, those that clients may still fetch, and the one under way. */
export class SegmentWindow {
  readonly #bounds: WindowBounds;
  #entries: WindowEntry[] = [];
  /** No longer listed, oldest first. */
  #retired: WindowEntry[] = [];
  #open: BegunSegment | null = null;
  /** The last that was under way: clients have been told of its parts. */
  #abandoned: BegunSegment | null = null;
  #byteLength = 0;
  #longestMs = 0;
  /** The first number that is listed is never lower. */
  #leastFirst = 0;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
  }

  /** What is listed, oldest first; numbers follow each other. Never gaps alone at the beginning. */
  get entries(): readonly WindowEntry[] {
    return this.#entries;
  }

  /** The segment under way, with the parts that it has so far; null if there is none. */
  get open(): BegunSegment | null {
    return this.#open;
  }

  /** Nothing to list: neither a segment nor a part. */
  get isEmpty(): boolean {
    return this.#entries.length === 0 && (this.#open?.parts.length ?? 0) === 0;
  }

  /** Number of the newest complete segment; null if there is none. */
  get lastNumber(): number | null {
    return this.#entries.at(-1)?.number ?? null;
  }

  /** What can still be fetched, listed or not, oldest first. */
  get kept(): readonly WindowEntry[] {
    return [...this.#retired, ...this.#entries];
  }

  /** Bytes of all complete segments that are here. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Longest segment so far. Never falls. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** The part that comes next; null while no segment is under way. */
  get nextPart(): PartPlace | null {
    return this.#open === null ? null : { number: this.#open.number, part: this.#open.parts.length };
  }

  /** A complete segment or a gap, listed or not listed any more. */
  find(number: number): WindowEntry | null {
    return at(this.#entries, number) ?? at(this.#retired, number);
  }

  /** A part of a complete segment, of the one under way, or of one that was under way until its publish ended. */
  findPart(number: number, index: number): SegmentPart | null {
    for (const head of [this.#open, this.#abandoned]) {
      const part = head?.number === number ? head.parts[index] : undefined;
      if (part !== undefined) return part;
    }
    const entry = this.find(number);
    // What a gap has instead of media is no part of it.
    return entry?.kind === "segment" ? entry.parts[index] ?? null : null;
  }

  /** An init segment that a segment here needs. */
  findInit(id: string): InitSegment | null {
    const open = [this.#open, this.#abandoned].filter((head) => head !== null && head.parts.length > 0);
    for (const head of [...open, ...this.#entries.toReversed(), ...this.#retired]) {
      if (head?.init?.id === id) return head.init;
    }
    return null;
  }

  /**
   * Whether a playlist of now has this segment, or this part, or something behind it.
   *
   * @param part Null for the complete segment. A part beyond the last of a complete segment is the first of the next.
   */
  reaches(number: number, part: number | null): boolean {
    const last = this.lastNumber ?? -1;
    const complete = part === null ? null : this.find(number);
    const wanted = complete !== null && part! >= complete.parts.length
      ? { number: number + 1, part: 0 }
      : { number, part };
    if (last >= wanted.number) return true;
    if (this.#open === null || this.#open.parts.length === 0 || wanted.part === null) return false;
    return this.#open.number > wanted.number ||
      this.#open.number === wanted.number && this.#open.parts.length > wanted.part;
  }

  /** Length of what is listed and complete. */
  get durationMs(): number {
    const last = this.#entries.at(-1);
    return last === undefined ? 0 : entryEndMs(last) - this.#entries[0]!.startMs;
  }

  /** For the packager alone. */
  setOpen(open: BegunSegment | null): void {
    if (this.#open !== open && this.#open !== null && this.#open.parts.length > 0) this.#abandoned = this.#open;
    this.#open = open;
  }

  /** For the packager alone: entries that follow those that are there. */
  append(...added: readonly WindowEntry[]): void {
    for (const entry of added) {
      this.#entries.push(entry);
      this.#byteLength += heldBytes(entry);
      this.#longestMs = Math.max(this.#longestMs, entry.durationMs);
    }
    this.#trim();
  }

  /**
   * For the packager alone: segments that another server has take the places of gaps, and stand beside what is here. Of
   * what is listed already, nothing else changes: the first number that is listed never falls.
   *
   * @param found Oldest first.
   * @param gapsBetween What is listed between two that do not follow each other; null if a new window has to begin.
   * @returns Whether anything is another than before.
   */
  adopt(
    found: readonly AbsentSegment[],
    gapsBetween: (last: WindowEntry, next: WindowEntry) => SegmentGap[] | null,
  ): boolean {
    const missing = found.filter(({ number }) => (this.find(number)?.kind ?? "gap") === "gap");
    if (missing.length === 0) return false;
    const numbers = new Set(missing.map(({ number }) => number));
    const merged = [...this.kept.filter(({ number }) => !numbers.has(number)), ...missing]
      .sort((a, b) => a.number - b.number);
    const firstListed = this.#entries[0]?.number ?? this.#leastFirst;
    const chain: WindowEntry[] = [];
    this.#retired = [];
    for (const next of merged) {
      const last = chain.at(-1);
      const gaps = last === undefined || last.number + 1 === next.number ? [] : gapsBetween(last, next);
      if (gaps === null) this.#retired.push(...chain.splice(0));
      chain.push(...gaps ?? [], next);
    }
    const listedFrom = chain.findIndex(({ number, kind }) => number >= firstListed && kind !== "gap");
    this.#retired.push(...chain.splice(0, listedFrom < 0 ? chain.length : listedFrom));
    this.#entries = chain;
    this.#byteLength = this.kept.reduce((sum, entry) => sum + heldBytes(entry), 0);
    for (const { durationMs } of missing) this.#longestMs = Math.max(this.#longestMs, durationMs);
    this.#trim();
    return true;
  }

  /** For the packager alone: a segment was this long, as another server says. */
  noteLongest(durationMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, durationMs);
  }

  /** For the packager alone: what takes the place of the entry with the same number. @returns False if there is none. */
  replace(entry: Segment | SegmentGap): boolean {
    for (const entries of [this.#entries, this.#retired]) {
      const index = entries.findIndex(({ number }) => number === entry.number);
      const before = entries[index];
      if (before === undefined) continue;
      this.#byteLength += entry.byteLength - heldBytes(before);
      entries[index] = entry;
      this.#trim();
      return true;
    }
    return false;
  }

  /** For the packager alone: nothing of what is there is listed any more; it can be fetched for a while. */
  retireAll(): void {
    this.#retire(this.#entries.length);
    this.#trimRetired();
  }

  /** For the packager alone: forgets everything. */
  clear(): void {
    this.#entries = [];
    this.#retired = [];
    this.#byteLength = this.#leastFirst = 0;
    this.#open = this.#abandoned = null;
  }

  #trim(): void {
    const leastMs = Math.max(this.#bounds.windowMs, LEAST_TARGETS * Math.ceil(this.#longestMs / 1000) * 1000);
    let count = 0;
    let leftMs = this.#entries.reduce((sum, { durationMs }) => sum + durationMs, 0);
    for (let i = 0; i < this.#entries.length - 1; i++) {
      leftMs -= this.#entries[i]!.durationMs;
      if (leftMs < leastMs && this.#entries.length - i <= MAX_ENTRIES) break;
      // The list never begins with a gap: a segment before one stays until the gap can go, too.
      if (this.#entries[i + 1]!.kind === "segment") count = i + 1;
    }
    this.#retire(count);
    this.#trimRetired();
    while (this.#byteLength > this.#bounds.maxBytes && this.#entries.length > 1) {
      this.#retire(1);
      this.#trimRetired();
    }
  }

  #retire(count: number): void {
    const gone = this.#entries.splice(0, count);
    while (this.#entries[0]?.kind === "gap") gone.push(this.#entries.shift()!);
    this.#retired.push(...gone);
    this.#leastFirst = Math.max(this.#leastFirst, (gone.at(-1)?.number ?? -1) + 1);
  }

  /** A segment stays as long after it was listed last as a playlist is that had it, and itself. Source: RFC 8216 §6.2.2. */
  #trimRetired(): void {
    const newest = this.#entries.at(-1) ?? this.#retired.at(-1);
    if (newest === undefined) return;
    const newestMs = entryEndMs(newest);
    const keepsMs = 2 * this.#bounds.windowMs + 2 * this.#longestMs;
    let count = this.#retired.findIndex((entry) => entryEndMs(entry) >= newestMs - keepsMs);
    if (count < 0) count = this.#retired.length;
    count = Math.max(count, this.#retired.length - MAX_ENTRIES);
    const drop = (entry: WindowEntry) => this.#byteLength -= heldBytes(entry);
    this.#retired.splice(0, count).forEach(drop);
    while (this.#byteLength > this.#bounds.maxBytes && this.#retired.length > 0) drop(this.#retired.shift()!);
  }
}

/** Entries of an array have ascending numbers. */
function at(entries: readonly WindowEntry[], number: number): WindowEntry | null {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (entries[middle]!.number < number) low = middle + 1;
    else high = middle;
  }
  return entries[low]?.number === number ? entries[low]! : null;
}
