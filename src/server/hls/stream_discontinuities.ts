import type { ListedMark } from "../../hls/segment_listing.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { DiscontinuityMark, PublishFacts } from "../../stream/publish_facts.ts";
import { type DiscontinuityBook, firstCount } from "./discontinuity_book.ts";

/** A publish whose segments begin to be made here. */
export interface CountedPublish {
  readonly source: LiveSource;
  /** 0 for none. */
  readonly epoch: number;
  /** Its publisher is a client of this server, which tells all others. */
  readonly isOwner: boolean;
}

/**
 * The count of discontinuities of one stream. Its owner takes the highest that anybody knows, and one more. All others are
 * told; where the owner makes no segments and so does not count, each makes the same of what it knows.
 */
export class StreamDiscontinuities {
  readonly #book: DiscontinuityBook;
  readonly #key: string;
  #publish: CountedPublish | null = null;
  /** Known when this server joined: what came since may be of this publish. */
  #known: number | null = null;
  #mark: DiscontinuityMark | null = null;

  constructor(book: DiscontinuityBook, key: string) {
    this.#book = book;
    this.#key = key;
  }

  /** A publish begins, or this server joins one. */
  onJoin(publish: CountedPublish): void {
    this.#publish = publish;
    this.#known = this.#book.of(this.#key);
    this.#mark = null;
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

  /** The mark in force. Where nobody has told one, it is decided now. @param firstMs See `Packager.countedBy`. */
  mark(firstMs: number): DiscontinuityMark {
    this.#mark = this.#publish?.source.facts.discontinuities ?? this.#mark ?? this.#decide(firstMs);
    return this.#mark;
  }

  /** The owner has seen that the tracks have changed. */
  onChange(mark: DiscontinuityMark): void {
    if (this.#publish?.isOwner) this.#publish.source.tellDiscontinuities(mark);
  }

  #decide(firstMs: number): DiscontinuityMark {
    const { isOwner = false, epoch = 0 } = this.#publish ?? {};
    const known = isOwner ? this.#book.of(this.#key) : this.#known;
    const mark = { count: known === null ? firstCount(epoch > 0 ? epoch : firstMs) : known + 1, fromMs: firstMs };
    this.onChange(mark);
    return mark;
  }
}
