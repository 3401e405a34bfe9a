import type { TimerHandle, Timers } from "../../base/clock.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { Files, World } from "../../base/world.ts";
import type { FileExtent, FilePatch, FilePiece } from "../../record/recording_format.ts";
import { createRecordingFile } from "./create_file.ts";
import { writeAt } from "./file_access.ts";
import type { QueueBudget } from "./queue_budget.ts";

/** So much is written at once, as soon as it is there. */
const BATCH_BYTES = 256 * 1024;
/** What waits is written after this time: as much as a crash of this process can lose of it. */
const FLUSH_MS = 500;

/** What becomes of a file. */
export interface FileOutcome {
  /** Its name in the end; null where nothing of it was kept. */
  readonly path: string | null;
  readonly extent: FileExtent;
  /** Why it could not be written to the end; null if it was. */
  readonly error: unknown;
}

/** Options of {@link FileQueue}. */
export interface FileQueueOptions {
  readonly world: Pick<World, "files"> & Timers;
  readonly budget: QueueBudget;
  /** Name of the file; another one where that is taken. */
  readonly path: string;
  /** Put behind a name that is taken, with a number. */
  readonly epoch: string;
  /** Time of the first frame in the file. */
  readonly startMs: number;
  readonly patches: (extent: FileExtent) => FilePatch[];
  /** It was opened. */
  readonly onOpen: (path: string) => void;
  /** More of it is on the disk than its head. */
  readonly onProgress: () => void;
  /** Writing has failed: nothing more is taken, and what is whole is kept. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * One file that is written, in the order of its pieces, while what comes waits in memory: the only owner of the file,
 * from its creation as `.tmp` to its last name.
 */
export class FileQueue {
  /** Settles once the file has its last name, or is gone; never rejects. */
  readonly finished: Promise<FileOutcome>;
  readonly #options: FileQueueOptions;
  readonly #finish = Promise.withResolvers<FileOutcome>();
  #queue: FilePiece[] = [];
  #queuedBytes = 0;
  #timer: TimerHandle | null = null;
  #wake: () => void = () => {};
  #isDue = false;
  #isEnded = false;
  #hasFailed = false;
  /** Written as whole pieces. */
  #extent: FileExtent = { bytes: 0, durationMs: 0 };
  #pieces = 0;

  constructor(options: FileQueueOptions) {
    this.#options = options;
    this.finished = this.#finish.promise;
    this.#run();
  }

  /** Bytes that wait for the disk, those that are being written included. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** What is on the disk. */
  get extent(): FileExtent {
    return this.#extent;
  }

  add(pieces: readonly FilePiece[]): void {
    if (this.#isEnded || this.#hasFailed || pieces.length === 0) return;
    for (const piece of pieces) {
      this.#queue.push(piece);
      this.#count(piece.bytes.length);
    }
    if (this.#queuedBytes >= BATCH_BYTES) this.#flush();
    else this.#timer ??= this.#options.world.after(FLUSH_MS, () => this.#flush());
  }

  /** No more pieces come: what waits is written, and the file gets its last name. */
  end(): void {
    this.#isEnded = true;
    this.#flush();
  }

  #count(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#options.budget.add(bytes);
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#isDue = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    const { world: { files }, path, epoch, onOpen } = this.#options;
    let created: { file: Deno.FsFile; path: string } | null = null;
    let error: unknown = null;
    try {
      created = await createRecordingFile(files, path, epoch);
      onOpen(created.path);
      await this.#writeAll(created.file);
    } catch (cause) {
      error = cause;
      this.#fail(cause);
    }
    this.#timer?.cancel();
    const kept = created === null ? null : await this.#close(files, created.file, created.path, error);
    this.#finish.resolve({ path: kept, extent: this.#extent, error });
  }

  async #writeAll(file: Deno.FsFile): Promise<void> {
    while (true) {
      if (this.#queue.length === 0 && this.#isEnded) return;
      if (!this.#isDue || this.#queue.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
      this.#isDue = this.#isEnded;
      const batch = this.#queue;
      this.#queue = [];
      await this.#writeBatch(file, batch);
      if (this.#pieces > 1) this.#options.onProgress();
    }
  }

  async #writeBatch(file: Deno.FsFile, batch: readonly FilePiece[]): Promise<void> {
    for (let from = 0; from < batch.length;) {
      let to = from;
      for (let bytes = 0; to < batch.length && (to === from || bytes < BATCH_BYTES); to++) {
        bytes += batch[to]!.bytes.length;
      }
      const part = batch.slice(from, to);
      const [only] = part;
      const bytes = part.length === 1 && only !== undefined
        ? only.bytes
        : concatBytes(...part.map((each) => each.bytes));
      let written = 0;
      try {
        while (written < bytes.length) written += await file.write(bytes.subarray(written));
      } finally {
        this.#noteWritten(part, written);
      }
      from = to;
    }
  }

  /** Counts the pieces that are on the disk as a whole; the others are lost. */
  #noteWritten(part: readonly FilePiece[], written: number): void {
    let left = written;
    for (const { bytes, endMs } of part) {
      this.#count(-bytes.length);
      left -= bytes.length;
      if (left < 0) continue;
      const durationMs = Math.max(this.#extent.durationMs, endMs - this.#options.startMs);
      this.#extent = { bytes: this.#extent.bytes + bytes.length, durationMs };
      this.#pieces++;
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#count(-this.#queuedBytes);
    this.#queue = [];
    this.#options.onFailed(error);
  }

  /** @returns The last name; null where the file has no frame, or could not be finished: then it is left for the next start. */
  async #close(files: Files, file: Deno.FsFile, path: string, error: unknown): Promise<string | null> {
    const tmp = `${path}.tmp`;
    // The first piece is only the head.
    const isEmpty = this.#pieces < 2;
    try {
      using _closed = { [Symbol.dispose]: () => file.close() };
      if (isEmpty) await files.remove(tmp);
      if (isEmpty) return null;
      if (error !== null) await file.truncate(this.#extent.bytes);
      for (const { at, bytes } of this.#options.patches(this.#extent)) await writeAt(file, at, bytes);
      await file.sync();
    } catch (cause) {
      if (error === null) this.#options.onFailed(cause);
      return null;
    }
    try {
      await files.rename(tmp, path);
      return path;
    } catch (cause) {
      if (error === null) this.#options.onFailed(cause);
      return null;
    }
  }
}
