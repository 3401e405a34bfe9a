import type { DiscontinuityMark } from "../stream/publish_facts.ts";

/** Changes that are remembered; each has a segment before it. */
const MAX_CHANGES = 64;
/** Marks that are: each of another change, or of another server. */
const MAX_MARKS = 16;

/**
 * How many discontinuities a stream has had when a segment begins, of one publish. A mark, which the owner tells all
 * servers, is the count from some time on. The next one may come before the change that it is of, or tell of one that was
 * before this server joined: what counts is the newest of a time before the segment, and the changes since.
 */
export class DiscontinuityCount {
  readonly #changes: number[] = [];
  readonly #marks: DiscontinuityMark[] = [];
  #isChanging = false;

  /** The tracks are other ones from the next frame on. */
  get isChanging(): boolean {
    return this.#isChanging;
  }

  /** As the tracks change. */
  expect(): void {
    this.#isChanging = true;
  }

  /** The tracks are other ones from this time on. Changes of one time are one. */
  add(timeMs: number): void {
    this.#isChanging = false;
    if (this.#changes.at(-1) === timeMs) return;
    this.#changes.push(timeMs);
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
  }

  /** The count of a segment that begins at a time. @param mark In force now. */
  at(timeMs: number, mark: DiscontinuityMark): number {
    const known = this.#marks.at(-1);
    if (known?.count !== mark.count || known.fromMs !== mark.fromMs) this.#marks.push(mark);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
    const last = this.#marks.findLast(({ fromMs }) => fromMs <= timeMs);
    if (last !== undefined) return last.count + this.#between(last.fromMs, timeMs);
    const { count, fromMs } = this.#marks[0] ?? mark;
    return Math.max(0, count - this.#between(timeMs, fromMs) - (this.#isChanging ? 1 : 0));
  }

  #between(fromMs: number, toMs: number): number {
    return this.#changes.filter((each) => each > fromMs && each <= toMs).length;
  }
}
