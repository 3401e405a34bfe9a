import type { Files } from "../../base/world.ts";
import { readTemplate, templateDepth, templateRoot } from "../../record/path_template.ts";
import { planRepair } from "../../record/repair.ts";
import type { FileExtent } from "../../record/recording_format.ts";
import { freeRecordingName } from "./create_file.ts";
import { readAt, writeAt } from "./file_access.ts";

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

/** Whether nobody has written to a file since it was found. */
export async function isUntouched(files: Files, { path, bytes, modifiedMs }: FoundRecording): Promise<boolean> {
  const info = await statIfThere(files, `${path}.tmp`);
  return info !== null && info.size === bytes && (info.mtime?.getTime() ?? 0) === modifiedMs;
}

/**
 * Finishes a file that was left as `.tmp`: what is not whole at its end is cut off. A file without any frame is removed.
 *
 * @returns Its name and what it has; null where nothing was left.
 */
export async function finishLeftover(
  files: Files,
  { path }: FoundRecording,
): Promise<{ path: string; extent: FileExtent } | null> {
  const tmp = `${path}.tmp`;
  const repair = await cutToWhole(files, tmp, path);
  if (repair === null) {
    await files.remove(tmp);
    return null;
  }
  const name = await freeRecordingName(files, path, "0");
  await files.rename(tmp, name);
  return { path: name, extent: repair };
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
