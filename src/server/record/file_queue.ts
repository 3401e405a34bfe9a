import type { TimerHandle, Timers } from "../../base/clock.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { FileExtent, FilePatch, FilePiece, RecordedCodecs } from "../../record/recording_format.ts";
import type { WholePart } from "../../record/repaired_file.ts";
import type { QueueBudget } from "./queue_budget.ts";
import type { NoteKeeper } from "./note_keeper.ts";
import type { UnfinishedFile } from "./unfinished_file.ts";

/** So much is written at once, as soon as it is there. */
const BATCH_BYTES = 256 * 1024;
/** What waits is written after this time: as much as a crash of this process can lose of it. */
const FLUSH_MS = 500;
/** How often a note says how far a file is whole: whoever goes on with it reads what came since. */
const NOTE_MS = 10_000;

/** What becomes of a file. */
export interface FileOutcome {
  /** Its name in the end; null where nothing of it was kept. */
  readonly path: string | null;
  readonly extent: FileExtent;
  /** Why it could not be written to the end; null if it was. */
  readonly error: unknown;
  /** Another server goes on with it. */
  readonly isTaken: boolean;
}

/** Options of {@link FileQueue}. */
export interface FileQueueOptions {
  readonly timers: Timers;
  readonly budget: QueueBudget;
  /** Called once. */
  readonly open: () => UnfinishedFile | Promise<UnfinishedFile>;
  /** What the file has already; null for a new one. */
  readonly whole: WholePart | null;
  readonly notes: NoteKeeper;
  /** Time of the first frame in the file. */
  readonly startMs: number;
  readonly codecs: () => RecordedCodecs;
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
 * from its creation as `.tmp` to its last name, but for the time when it lets others go on with it.
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
  #file: UnfinishedFile | null = null;
  /** Others may go on with it as soon as all of it is written: the time since when the publisher is away; null: they may not. */
  #lentSinceMs: number | null = null;
  #lending: Promise<void> | null = null;
  #isTaken = false;
  #notedMs: number;

  constructor(options: FileQueueOptions) {
    this.#options = options;
    this.#notedMs = options.timers.nowMs();
    if (options.whole !== null) {
      const { bytes, endMs, pieces } = options.whole;
      this.#extent = { bytes, durationMs: endMs - options.startMs };
      // With its head.
      this.#pieces = pieces + 1;
    }
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
    else this.#timer ??= this.#options.timers.after(FLUSH_MS, () => this.#flush());
  }

  /**
   * Nothing comes for a while: once all is written, another server may go on with the file.
   *
   * @param leftMs Unix time since when the publisher is away.
   */
  lend(leftMs: number): void {
    this.#lentSinceMs = leftMs;
    this.#flush();
  }

  /** @returns Whether the file is this queue's again; else another server goes on with it, or has finished it. */
  async reclaim(): Promise<boolean> {
    this.#lentSinceMs = null;
    await this.#lending;
    if (this.#isTaken || this.#isEnded) return false;
    if (this.#file !== null && !await this.#file.reclaim(this.#extent.bytes)) {
      this.#giveUp();
      return false;
    }
    // The note says that the publisher is away.
    this.#notedMs = -Infinity;
    return !this.#isTaken && !this.#isEnded;
  }

  /** Whether another server has gone on with the file while it was lent; then this queue is over. */
  async isTaken(): Promise<boolean> {
    const file = this.#file;
    if (file === null || this.#isTaken || this.#isEnded || !file.isReleased) return this.#isTaken;
    if (!await file.reclaim(this.#extent.bytes)) this.#giveUp();
    // It was only a look.
    else if (this.#lentSinceMs !== null && !this.#isEnded) file.release();
    return this.#isTaken;
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
    const { open, onOpen } = this.#options;
    let error: unknown = null;
    try {
      const file = this.#file = await open();
      onOpen(file.path);
      await this.#note(null);
      await this.#writeAll(file);
      if (!this.#isTaken && !await file.reclaim(this.#extent.bytes)) this.#isTaken = true;
    } catch (cause) {
      error = cause;
      this.#fail(cause);
    }
    this.#timer?.cancel();
    const path = this.#file === null ? null : await this.#close(this.#file, error);
    this.#finish.resolve({ path, extent: this.#extent, error, isTaken: this.#isTaken });
  }

  async #writeAll(file: UnfinishedFile): Promise<void> {
    while (true) {
      if (this.#queue.length === 0) {
        if (this.#isEnded) return;
        if (this.#lentSinceMs !== null && !file.isReleased) await (this.#lending = this.#release(file));
      }
      if (!this.#isDue || this.#queue.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
      this.#isDue = this.#isEnded;
      const batch = this.#queue;
      this.#queue = [];
      if (batch.length === 0) continue;
      if (!await file.reclaim(this.#extent.bytes)) {
        this.#isTaken = true;
        throw new Error("another server goes on with it");
      }
      await this.#writeBatch(file, batch);
      if (this.#pieces > 1) this.#options.onProgress();
      if (this.#options.timers.nowMs() - this.#notedMs >= NOTE_MS) await this.#note(null);
    }
  }

  /** Lets others go on with the file, unless it is wanted again already. */
  async #release(file: UnfinishedFile): Promise<void> {
    if (!file.isShared) return;
    await this.#note(this.#lentSinceMs);
    if (this.#lentSinceMs !== null && !this.#isEnded) file.release();
  }

  async #note(leftMs: number | null): Promise<void> {
    const { notes, timers, startMs, codecs } = this.#options;
    this.#notedMs = timers.nowMs();
    if (this.#file?.isShared !== true) return;
    const { bytes, durationMs } = this.#extent;
    const whole = this.#pieces < 2 ? null : {
      bytes,
      firstMs: startMs,
      endMs: startMs + durationMs,
      pieces: this.#pieces,
      codecs: codecs(),
    };
    await notes.write(this.#file.path, whole, leftMs);
  }

  /** Another server has the file. */
  #giveUp(): void {
    this.#isTaken = true;
    this.end();
  }

  async #writeBatch(file: UnfinishedFile, batch: readonly FilePiece[]): Promise<void> {
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

  /** @returns The last name; null where the file has no frame, is another's, or could not be finished: then it is left for the next start. */
  async #close(file: UnfinishedFile, error: unknown): Promise<string | null> {
    if (this.#isTaken) {
      file.close();
      return null;
    }
    // The first piece is only the head.
    const isEmpty = this.#pieces < 2;
    try {
      if (file.isShared) await this.#options.notes.remove(file.path);
      if (isEmpty) await file.remove();
      else await file.finish(this.#extent, this.#options.patches(this.#extent), error !== null);
      return isEmpty ? null : file.path;
    } catch (cause) {
      if (error === null) this.#options.onFailed(cause);
      return null;
    } finally {
      file.close();
    }
  }
}
