import type { Packager } from "../../hls/packager.ts";
import type { ListedMark } from "../../hls/segment_listing.ts";
import type { Timers } from "../../base/clock.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { DiscontinuityMark, PublishFacts } from "../../stream/publish_facts.ts";
import { type DiscontinuityBook, firstCount } from "./discontinuity_book.ts";

/** A publish whose segments begin to be made here. */
export interface CountedPublish {
  readonly source: LiveSource;
  /** 0 for none. */
  readonly epoch: number;
  /** When its first frame was that has come here; see `Packager.countedBy`. */
  readonly firstMs: number;
  /** Its publisher is a client of this server, which tells all others. */
  readonly isOwner: boolean;
  /** It may have been published at other servers before. */
  readonly isShared: boolean;
}

/** What counting takes of a server. */
export interface CountingServer {
  readonly timers: Timers;
  readonly discontinuities: DiscontinuityBook;
}

/** So long a new owner waits for somebody who knows the count: edges may be on their way. */
const DECIDE_MS = 1000;

/**
 * The count of discontinuities of one stream. Its owner takes the highest that anybody knows, and one more. All others are
 * told; where the owner makes no segments and so does not count, each makes the same of what it knows.
 */
export class StreamDiscontinuities {
  readonly #timers: Timers;
  readonly #book: DiscontinuityBook;
  readonly #key: string;
  #publish: CountedPublish | null = null;
  /** Known when this server joined: what came since may be of this publish. */
  #known: number | null = null;
  #mark: DiscontinuityMark | null = null;

  constructor({ timers, discontinuities }: CountingServer, key: string) {
    this.#timers = timers;
    this.#book = discontinuities;
    this.#key = key;
  }

  /** A publish begins, or this server joins one. */
  onJoin(publish: CountedPublish): void {
    this.#publish = publish;
    this.#known = this.#book.of(this.#key);
    this.#mark = null;
    const { isOwner, isShared, firstMs } = publish;
    if (isOwner && !isShared) this.mark(firstMs);
    else if (isOwner) this.#timers.after(DECIDE_MS, () => this.#publish === publish && this.mark(firstMs));
  }

  /** Coworkers have told what they know. */
  onAnswers(): void {
    if (this.#publish?.isOwner && this.#book.of(this.#key) !== null) this.mark(this.#publish.firstMs);
  }

  /** What this server knows of the publish; null before the first. */
  get facts(): PublishFacts | null {
    return this.#publish?.source.facts ?? null;
  }

  /** The server that feeds the stream has not told how many there are: over HTTP it cannot, once it has begun to answer. */
  get isUntold(): boolean {
    return this.#publish?.isOwner === false && this.facts?.discontinuities === null;
  }

  /** That server tells it with its segments. */
  hear(mark: ListedMark | null): void {
    if (this.#publish === null || this.#publish.isOwner || mark?.epoch !== this.#publish.epoch) return;
    const { count, fromMs } = mark;
    if (fromMs > (this.facts?.discontinuities?.fromMs ?? -1)) {
      this.#publish.source.tellDiscontinuities({ count, fromMs });
    }
  }

  /** The mark in force. Where nobody has told one, it is decided now. @param firstMs See {@link CountedPublish.firstMs}. */
  mark(firstMs: number): DiscontinuityMark {
    this.#mark = this.#publish?.source.facts.discontinuities ?? this.#mark ?? this.#decide(firstMs);
    return this.#mark;
  }

  /** Counts for a packager. */
  follow(packager: Packager): void {
    packager.countedBy = (firstMs) => this.mark(firstMs);
    packager.onDiscontinuity = (mark) => this.#tell(mark);
  }

  /** A segment has this count. */
  note(count: number | null): void {
    if (count !== null) this.#book.note(this.#key, count);
  }

  #tell(mark: DiscontinuityMark): void {
    if (this.#publish?.isOwner) this.#publish.source.tellDiscontinuities(mark);
  }

  #decide(firstMs: number): DiscontinuityMark {
    const { isOwner = false, epoch = 0 } = this.#publish ?? {};
    const known = isOwner ? this.#book.of(this.#key) : this.#known;
    const mark = { count: known === null ? firstCount(epoch > 0 ? epoch : firstMs) : known + 1, fromMs: firstMs };
    this.#tell(mark);
    return mark;
  }
}
