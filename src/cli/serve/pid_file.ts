import process from "node:process";
import { SrsError } from "../../base/errors.ts";
import { describeFileError } from "../../base/file_error.ts";
import type { Files } from "../../base/world.ts";
import { makeParentDirectory } from "./parent_directory.ts";

/** How long to wait for a lock: another program holds it either for its whole life or for a moment. */
const LOCK_WAIT_MS = 300;
const MAX_TRIES = 10;

/**
 * The file with this process's id, locked while it runs and removed at its end.
 *
 * The lock tells whether a server that made the file still runs: it ends with its process, so nothing is left behind by
 * a crash, and of two that start at once only one gets it. For files of SRS, which locks in another way, and on file
 * systems shared with other machines' servers, the recorded process is looked at as well.
 */
export class PidFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #files: Files;
  #released = false;

  private constructor(files: Files, path: string, file: Deno.FsFile) {
    this.#files = files;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes the file, in a directory that is made if need be. One left behind by a dead process is replaced.
   *
   * @throws {SrsError} `PidFileProcessExists` if a running process has it; SRS's exit status for that is 11.
   * `ConfigInvalid` if the file cannot be made or written.
   */
  static async acquire(files: Files, path: string, pid: number): Promise<PidFile> {
    try {
      return await PidFile.#acquire(files, path, pid);
    } catch (error) {
      if (error instanceof SrsError) throw error;
      throw new SrsError("ConfigInvalid", `cannot write the pid file ${path}: ${describeFileError(error)}`, {
        cause: error,
      });
    }
  }

  static async #acquire(files: Files, path: string, pid: number): Promise<PidFile> {
    await makeParentDirectory(files, path);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      await refuseLink(files, path);
      const file = await files.open(path, { read: true, write: true, create: true, mode: 0o644 });
      if (!await lockWithin(file, LOCK_WAIT_MS)) throw busy(path, await readPid(files, path));
      if (!await isStillAt(files, path, file)) {
        // The one before removed it between our open and our lock.
        file.close();
        continue;
      }
      try {
        await takeOver(files, path, file, pid);
      } catch (error) {
        file.close();
        throw error;
      }
      return new PidFile(files, path, file);
    }
    throw new Error("another program keeps replacing it");
  }

  /** Removes the file, still under its lock. Synchronous, as it may be the last act of the process. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    try {
      this.#files.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    } finally {
      this.#file.close();
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Writes `pid` into a locked file, unless it names a process that still has it. */
async function takeOver(files: Files, path: string, file: Deno.FsFile, pid: number): Promise<void> {
  const recorded = await readPid(files, path);
  if (recorded !== null && recorded !== pid && await stillHas(files, recorded, file)) throw busy(path, recorded);
  await file.truncate();
  await file.write(new TextEncoder().encode(String(pid)));
}

/**
 * Whether the lock is got in time. A lock that comes too late is given back; until then the file stays open.
 *
 * `tryLock` would say it at once, but Deno has it only since 2.9.
 */
async function lockWithin(file: Deno.FsFile, limitMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), limitMs));
  const lock = file.lock(true).then(() => true);
  const locked = await Promise.race([lock, limit]);
  clearTimeout(timer);
  if (!locked) lock.finally(() => file.close()).catch(() => {});
  return locked;
}

/** In a directory like `/tmp`, another user could have a file of this server's overwritten by a link. */
async function refuseLink(files: Files, path: string): Promise<void> {
  try {
    if (!(await files.lstat(path)).isSymlink) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new SrsError("ConfigInvalid", `the pid file ${path} is a symbolic link; remove it, or name another "pid"`);
}

/** Whether `path` is this very file, and no link to it. */
async function isStillAt(files: Files, path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [there, ours] = await Promise.all([files.lstat(path), file.stat()]);
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The id that a pid file holds, or null. */
async function readPid(files: Files, path: string): Promise<number | null> {
  try {
    const text = (await files.readTextFile(path)).trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Whether process `pid` runs and is the one that wrote the file, as opposed to a later one with the same id. */
async function stillHas(files: Files, pid: number, file: Deno.FsFile): Promise<boolean> {
  if (!isRunning(pid)) return false;
  const startedMs = await startTimeMs(files, pid);
  const { mtime } = await file.stat();
  // The kernel counts a start in hundredths of a second.
  return startedMs === null || mtime === null || startedMs < mtime.getTime() + 1000;
}

function isRunning(pid: number): boolean {
  // Without permission to look, the lock alone decides: asking a person for it is not worth the trouble.
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process runs too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When a process was started, in ms since the epoch; null where the system does not tell. */
async function startTimeMs(files: Files, pid: number): Promise<number | null> {
  try {
    const [stat, system] = await Promise.all([
      files.readTextFile(`/proc/${pid}/stat`),
      files.readTextFile("/proc/stat"),
    ]);
    // Field 22, in hundredths of a second since boot; the name, field 2, may hold spaces and brackets.
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    const bootSeconds = Number(/^btime (\d+)$/m.exec(system)?.[1]);
    const startedMs = bootSeconds * 1000 + ticks * 10;
    return Number.isFinite(startedMs) ? startedMs : null;
  } catch {
    return null;
  }
}

function busy(path: string, pid: number | null): SrsError {
  const who = pid === null ? "another server" : `process ${pid}`;
  return new SrsError(
    "PidFileProcessExists",
    `already running: ${who} holds the pid file ${path}; stop it, or give this server another "pid"`,
  );
}
