import type { FileLock } from "../base/world.ts";
import { lockByLibc } from "./fast/flock.ts";

/** A file of Deno 2.9.6; 2.4.2 can only wait for a lock, and what waits is never given up. */
type LockableFile = Deno.FsFile & { tryLock?(exclusive: boolean): Promise<boolean> };

/** See `World.lockFile`: a lock of flock(2), which goes with the process, however that ends. */
export async function lockFile(path: string): Promise<FileLock | null> {
  const file: LockableFile = await Deno.open(path, { read: true, write: true });
  if (file.tryLock === undefined) {
    file.close();
    return await lockByLibc(path);
  }
  try {
    if (!await file.tryLock(true)) {
      file.close();
      return null;
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    isCurrent: async () => isSame(await file.stat(), await Deno.lstat(path).catch(() => null)),
    [Symbol.dispose]: () => file.close(),
  };
}

function isSame(a: Deno.FileInfo, b: Deno.FileInfo | null): boolean {
  return a.ino !== null && a.ino === b?.ino && a.dev === b.dev;
}
