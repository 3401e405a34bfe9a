/** What falls due at a time. */
export interface Due {
  readonly atMs: number;
  /** Number in the order it was made: unique. */
  readonly order: number;
}

/** What is due first comes first; of the same moment, what was made first: a binary heap. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  /** What is due first; undefined where there is nothing. */
  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    const items = this.#items;
    let at = items.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above]!;
      if (isBefore(parent, item)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  /** Takes the first one out. */
  shift(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (let below = 1; below < items.length; below = 2 * at + 1) {
      const right = below + 1;
      if (right < items.length && isBefore(items[right]!, items[below]!)) below = right;
      const child = items[below]!;
      if (isBefore(last, child)) break;
      items[at] = child;
      at = below;
    }
    items[at] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
