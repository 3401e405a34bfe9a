import type { NamedStream } from "../../record/path_template.ts";
import type { RecordingRun } from "./recording_run.ts";

/** `recording`: media comes; `waiting`: its publisher has left and may return; `finishing`: the last bytes are written. */
export type RecordingState = "recording" | "waiting" | "finishing" | "finished";

/** How much of a file there is. */
export interface RecordedExtent {
  readonly bytes: number;
  /** Null where nobody knows: of files that were there before the server. */
  readonly durationMs: number | null;
}

/** One file of a recording. */
export interface RecordingEntry {
  readonly id: string;
  /** The stream, as the API shows it. */
  readonly key: string;
  readonly stream: NamedStream;
  /** Without the `.tmp` that it has until it is finished. */
  readonly path: string;
  /** Unix time of its beginning; null where nobody knows. */
  readonly sinceMs: number | null;
  /** Of the recording; null where nobody knows. */
  readonly run: RecordingRun | null;
  state: RecordingState;
  /** What is on the disk. */
  readonly extent: () => RecordedExtent;
}

/** Files beyond this are forgotten, the oldest first; they stay on the disk. */
const MAX_ENTRIES = 10_000;

/** The files that this server has recorded, writes or found, the oldest first. */
export class RecordingBook {
  readonly #entries = new Map<string, RecordingEntry>();

  add(entry: RecordingEntry): void {
    this.#entries.set(entry.id, entry);
    if (this.#entries.size <= MAX_ENTRIES) return;
    const oldest = this.#entries.values().find(({ state }) => state === "finished");
    if (oldest !== undefined) this.#entries.delete(oldest.id);
  }

  /** The entry of a file that is complete now. */
  finish(entry: RecordingEntry, extent: RecordedExtent): void {
    if (!this.#entries.has(entry.id)) return;
    this.#entries.set(entry.id, { ...entry, state: "finished", extent: () => extent });
  }

  /** Nothing is left of a file. */
  remove({ id }: RecordingEntry): void {
    this.#entries.delete(id);
  }

  find(id: string): RecordingEntry | undefined {
    return this.#entries.get(id);
  }

  all(): Iterable<RecordingEntry> {
    return this.#entries.values();
  }

  /** Whether a file has an entry. */
  has(path: string): boolean {
    return this.#entries.values().some((entry) => entry.path === path);
  }
}
