import type { Files } from "../../base/world.ts";

/** Names that are tried; beyond it, something is wrong. */
const MAX_PARTS = 10_000;

/**
 * Creates a file for a recording, with the folders that lead to it, under a name that neither a finished recording has
 * nor one that somebody else writes: where the name is taken, epoch and part stand before its extension.
 *
 * @param path The name when it is finished: until then it is called `path.tmp`.
 * @throws What Deno throws.
 */
export async function createRecordingFile(
  files: Files,
  path: string,
  epoch: string,
): Promise<{ file: Deno.FsFile; path: string }> {
  const slash = path.lastIndexOf("/");
  if (slash > 0) await files.mkdir(path.slice(0, slash), { recursive: true });
  for (let part = 1; part <= MAX_PARTS; part++) {
    const name = partName(path, epoch, part);
    const file = await tryCreate(files, name);
    if (file !== null) return { file, path: name };
  }
  throw new Deno.errors.AlreadyExists(`${path} and its ${MAX_PARTS} parts exist`);
}

/** A name that no finished recording has: the one that is wanted, or one with epoch and part. */
export async function freeRecordingName(files: Files, path: string, epoch: string): Promise<string> {
  for (let part = 1; part <= MAX_PARTS; part++) {
    const name = partName(path, epoch, part);
    if (!await exists(files, name)) return name;
  }
  throw new Deno.errors.AlreadyExists(`${path} and its ${MAX_PARTS} parts exist`);
}

/** A name with epoch and part before its extension; the first part has neither. */
export function partName(path: string, epoch: string, part: number): string {
  return part === 1 ? path : path.replace(/(\.\w+)?$/, (extension) => `-${epoch}-${part}${extension}`);
}

async function tryCreate(files: Files, path: string): Promise<Deno.FsFile | null> {
  if (await exists(files, path)) return null;
  const tmp = `${path}.tmp`;
  try {
    const file = await files.open(tmp, { read: true, write: true, createNew: true });
    // Somebody may have finished it meanwhile.
    if (!await exists(files, path)) return file;
    file.close();
    await files.remove(tmp);
    return null;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
}

async function exists(files: Files, path: string): Promise<boolean> {
  try {
    await files.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
