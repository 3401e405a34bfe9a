import type { World } from "../../base/world.ts";

/** What marks take of the world. */
export type SegmentMarksWorld = Pick<World, "randomBytes">;

/** Numbers from one on that have a mark; an empty one is none. */
interface MarkedFrom {
  readonly from: number;
  readonly mark: string;
}

const MARK_BYTES = 4;
/** More changes than that are no longer in any window. */
const MAX_RANGES = 100;

/**
 * Marks in the names of segments that no other server has. Where a server upstream tells no time, as SRS, each server cuts
 * the stream by its own clock: the same number means other bytes elsewhere, and so must not have the same name.
 */
export class SegmentMarks {
  readonly #world: SegmentMarksWorld;
  #ranges: MarkedFrom[] = [];
  #own: string | null = null;

  constructor(world: SegmentMarksWorld) {
    this.#world = world;
  }

  /**
   * A publish begins.
   *
   * @param from Lowest number that it may have.
   * @param oldest Lowest number that is kept.
   * @param areShared All servers give its numbers to the same segments.
   */
  begin({ from, oldest, areShared }: { from: number; oldest: number; areShared: boolean }): void {
    const before = this.#ranges.filter((range) => range.from < from);
    this.#ranges = before.filter((_, i) => (before[i + 1]?.from ?? from) > oldest).slice(-MAX_RANGES);
    const mark = areShared ? "" : this.#ownMark();
    if (mark !== this.of(from)) this.#ranges.push({ from, mark });
  }

  /** Mark of the segment with this number; empty for one that all servers have. */
  of(number: number): string {
    return this.#ranges.findLast(({ from }) => from <= number)?.mark ?? "";
  }

  /** Neither what is cut now nor what is kept has a mark. */
  get areShared(): boolean {
    return this.#ranges.every(({ mark }) => mark === "");
  }

  #ownMark(): string {
    const toHex = (byte: number) => byte.toString(16).padStart(2, "0");
    return this.#own ??= Array.from(this.#world.randomBytes(MARK_BYTES), toHex).join("");
  }
}
