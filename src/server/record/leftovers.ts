import type { FileLock, Files } from "../../base/world.ts";
import { readTemplate, templateDepth, templateRoot } from "../../record/path_template.ts";
import { planRepair } from "../../record/repair.ts";
import type { FileExtent } from "../../record/recording_format.ts";
import { freeRecordingName } from "./create_file.ts";
import { readAt, writeAt } from "./file_access.ts";
import type { RecordingDisk } from "./unfinished_file.ts";

/** More files than this are not looked through. */
const MAX_FILES = 100_000;

/** A file that a template may have named. */
export interface FoundRecording {
  /** Without `.tmp`. */
  readonly path: string;
  /** Nobody has finished it yet. */
  readonly isTmp: boolean;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** The files that recordings of a template have, or left unfinished; the oldest first. */
export async function findRecordings(files: Files, template: string): Promise<FoundRecording[]> {
  const root = templateRoot(template);
  const found: FoundRecording[] = [];
  const folders = [{ path: root, depth: templateDepth(template) }];
  let seen = 0;
  for (const { path: folder, depth } of folders) {
    for (const { name, isDirectory, isFile } of await listFolder(files, folder || ".")) {
      if (++seen > MAX_FILES) break;
      const path = folder + name;
      if (isDirectory && depth > 1) folders.push({ path: `${path}/`, depth: depth - 1 });
      const last = path.replace(/\.tmp$/, "");
      if (!isFile || readTemplate(template, last) === null) continue;
      const info = await statIfThere(files, path);
      if (info === null) continue;
      const modifiedMs = info.mtime?.getTime() ?? 0;
      found.push({ path: last, isTmp: last !== path, bytes: info.size, modifiedMs });
    }
  }
  return found.sort((a, b) => a.modifiedMs - b.modifiedMs);
}

/** What became of a file that was left over. */
export interface FinishedLeftover {
  /** Its last name; null where it had no frame and was removed. */
  readonly path: string | null;
  readonly extent: FileExtent;
}

/**
 * Finishes a file that was left as `.tmp`: what is not whole at its end is cut off. A file without any frame is removed.
 *
 * @returns Null where it is not left over: somebody keeps it, or has written or finished it since it was found.
 */
export async function finishLeftover(disk: RecordingDisk, found: FoundRecording): Promise<FinishedLeftover | null> {
  const { files } = disk;
  const tmp = `${found.path}.tmp`;
  using lock = await lockWhereLocksAre(disk, tmp);
  if (lock === null || !await lock.isCurrent() || !await isUntouched(files, found)) return null;
  const repair = await cutToWhole(files, tmp, found.path);
  if (repair === null) {
    await files.remove(tmp);
    return { path: null, extent: { bytes: 0, durationMs: 0 } };
  }
  const path = await freeRecordingName(files, found.path, "0");
  await files.rename(tmp, path);
  return { path, extent: repair };
}

/** A disk without locks lets everybody in. */
async function lockWhereLocksAre(disk: RecordingDisk, path: string): Promise<FileLock | null> {
  try {
    return await disk.lockFile(path);
  } catch {
    return { isCurrent: () => Promise.resolve(true), [Symbol.dispose]() {} };
  }
}

/** Whether nobody has written to a file since it was found. */
async function isUntouched(files: Files, { path, bytes, modifiedMs }: FoundRecording): Promise<boolean> {
  const info = await statIfThere(files, `${path}.tmp`);
  return info !== null && info.size === bytes && (info.mtime?.getTime() ?? 0) === modifiedMs;
}

async function cutToWhole(files: Files, tmp: string, path: string): Promise<FileExtent | null> {
  using file = await files.open(tmp, { read: true, write: true });
  const repair = await planRepair(path, (at, count) => readAt(file, at, count));
  if (repair === null) return null;
  await file.truncate(repair.bytes);
  for (const { at, bytes } of repair.patches) await writeAt(file, at, bytes);
  await file.sync();
  return repair;
}

async function listFolder(files: Files, folder: string) {
  try {
    return await Array.fromAsync(files.readDir(folder));
  } catch {
    // Not there yet, or not ours to read.
    return [];
  }
}

async function statIfThere(files: Files, path: string): Promise<Deno.FileInfo | null> {
  try {
    return await files.lstat(path);
  } catch {
    return null;
  }
}
