import type { Owner } from "../directory.ts";
import type { StreamRecord } from "./keys.ts";

/** Somebody that waits for a stream. */
export interface StreamWatcher {
  readonly onOwners: (owners: readonly Owner[]) => void;
  /** What it was told last, in short. */
  told: string;
}

/** What is known of one stream. */
export interface KnownStream {
  readonly key: string;
  /** As the engine told last. */
  record: StreamRecord | null;
  /** Who had it last, as long as that the engine does not know it any more means little. */
  known: StreamRecord | null;
  /** In which generation the engine told of that. */
  knownIn: number;
  /** When that was. */
  checkedMs: number;
  /** When somebody asked last. */
  usedMs: number;
  /** The engine tells of changes; of which connection or flush that is true. */
  isTracked: boolean;
  generation: number;
  /** The question under way. */
  asking: Promise<void> | null;
  readonly watchers: Set<StreamWatcher>;
}

/** Streams that somebody has; what is known of them outlives the engine. */
const MAX_KNOWN = 100_000;
/** Streams that nobody has: anybody may make names up, and crowds out only others of the kind. */
const MAX_MISSING = 10_000;

/** What is known of streams; those that were asked for the longest ago make room. */
export class StreamCache {
  readonly #known = new Map<string, KnownStream>();
  readonly #missing = new Map<string, KnownStream>();

  get(key: string): KnownStream | undefined {
    return this.#known.get(key) ?? this.#missing.get(key);
  }

  /** The entry of a stream, a new one if there is none. */
  open(key: string): KnownStream {
    const found = this.get(key);
    if (found !== undefined) return found;
    const entry: KnownStream = {
      key,
      record: null,
      known: null,
      knownIn: -1,
      checkedMs: 0,
      usedMs: 0,
      isTracked: false,
      generation: -1,
      asking: null,
      watchers: new Set(),
    };
    this.#missing.set(key, entry);
    trim(this.#missing, MAX_MISSING);
    return entry;
  }

  /** Puts an entry where it belongs, and last among those that make room. */
  settle(entry: KnownStream): void {
    const isKnown = entry.record !== null || entry.known !== null;
    (isKnown ? this.#missing : this.#known).delete(entry.key);
    const map = isKnown ? this.#known : this.#missing;
    map.delete(entry.key);
    map.set(entry.key, entry);
    trim(map, isKnown ? MAX_KNOWN : MAX_MISSING);
  }
}

function trim(map: Map<string, KnownStream>, most: number): void {
  if (map.size <= most) return;
  for (const [key, { watchers, asking }] of map) {
    if (watchers.size > 0 || asking !== null) continue;
    map.delete(key);
    if (map.size <= most) return;
  }
}
