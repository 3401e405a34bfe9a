import type { FileLock, World } from "../../base/world.ts";
import type { FileExtent, FilePatch } from "../../record/recording_format.ts";
import { createRecordingFile } from "./create_file.ts";
import { readAt, writeAt } from "./file_access.ts";

/** The part of the world in which recordings are. */
export type RecordingDisk = Pick<World, "files" | "lockFile">;

/**
 * A file of a recording that is not finished: its name ends in `.tmp`.
 *
 * Servers that share a disk share these rules. Only who has locked the file writes it, gives it its last name or removes
 * it; and only after a look whether its path still leads to it. A server that stands still keeps its lock: nobody goes on
 * with a file of which somebody may still be in the middle of a write. One that has died keeps none.
 */
export class UnfinishedFile {
  /** Without `.tmp`. */
  readonly path: string;
  readonly #disk: RecordingDisk;
  readonly #file: Deno.FsFile;
  #lock: FileLock | null;
  readonly #isShared: boolean;
  #reclaiming: Promise<boolean> | null = null;

  private constructor(disk: RecordingDisk, path: string, file: Deno.FsFile, lock: FileLock | null) {
    this.path = path;
    this.#disk = disk;
    this.#file = file;
    this.#lock = lock;
    this.#isShared = lock !== null;
  }

  /** Creates one; see {@link createRecordingFile}. */
  static async create(disk: RecordingDisk, wanted: string, epoch: string): Promise<UnfinishedFile> {
    const { file, path } = await createRecordingFile(disk.files, wanted, epoch);
    return new UnfinishedFile(disk, path, file, await tryLock(disk, path));
  }

  /** One that there is; null if there is none, or somebody else has locked it. @param path Without `.tmp`. */
  static async take(disk: RecordingDisk, path: string): Promise<UnfinishedFile | null> {
    const lock = await tryLock(disk, path);
    if (lock === null) return null;
    try {
      const file = await disk.files.open(`${path}.tmp`, { read: true, write: true });
      if (await lock.isCurrent()) return new UnfinishedFile(disk, path, file, lock);
      file.close();
    } catch (error) {
      lock[Symbol.dispose]();
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    lock[Symbol.dispose]();
    return null;
  }

  /** Others can go on with it: files can be locked on this disk. */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** Anybody may go on with it. */
  get isReleased(): boolean {
    return this.#isShared && this.#lock === null;
  }

  release(): void {
    this.#lock?.[Symbol.dispose]();
    this.#lock = null;
  }

  /**
   * Locks it again after {@link release}.
   *
   * @param bytes The length that it was left with.
   * @returns False if it is another's, or not as it was.
   */
  async reclaim(bytes: number): Promise<boolean> {
    if (!this.isReleased) return true;
    return await (this.#reclaiming ??= this.#reclaim(bytes).finally(() => this.#reclaiming = null));
  }

  async #reclaim(bytes: number): Promise<boolean> {
    const lock = await tryLock(this.#disk, this.path);
    if (lock === null) return false;
    if (await lock.isCurrent() && await this.#isAsLeft(bytes)) {
      this.#lock = lock;
      return true;
    }
    lock[Symbol.dispose]();
    return false;
  }

  /** Nobody else has written, renamed or removed it. */
  async #isAsLeft(bytes: number): Promise<boolean> {
    try {
      const [own, there] = await Promise.all([this.#file.stat(), this.#disk.files.lstat(`${this.path}.tmp`)]);
      return own.ino === there.ino && own.dev === there.dev && there.size === bytes;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  read(at: number, count: number): Promise<Uint8Array> {
    return readAt(this.#file, at, count);
  }

  /** Writes on where the last write or {@link cutAt} ended. @returns Bytes taken. */
  write(bytes: Uint8Array): Promise<number> {
    return this.#file.write(bytes);
  }

  /** Drops what is behind a place, where the next write goes. */
  async cutAt(bytes: number): Promise<void> {
    await this.#file.truncate(bytes);
    await this.#file.seek(bytes, 0);
  }

  /** Fills in what only the end tells, and gives the file its last name. @param isCut There is more behind its extent, to be dropped. */
  async finish(extent: FileExtent, patches: readonly FilePatch[], isCut: boolean): Promise<void> {
    if (isCut) await this.#file.truncate(extent.bytes);
    for (const { at, bytes } of patches) await writeAt(this.#file, at, bytes);
    await this.#file.sync();
    await this.#disk.files.rename(`${this.path}.tmp`, this.path);
  }

  async remove(): Promise<void> {
    await this.#disk.files.remove(`${this.path}.tmp`);
  }

  /** Lets go of it, in whatever state. */
  close(): void {
    this.#file.close();
    this.release();
  }
}

async function tryLock(disk: RecordingDisk, path: string): Promise<FileLock | null> {
  try {
    return await disk.lockFile(`${path}.tmp`);
  } catch {
    // Not there any more, or this disk knows no locks: then nobody goes on with another's files.
    return null;
  }
}
