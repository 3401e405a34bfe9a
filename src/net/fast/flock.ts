import type { FileLock } from "../../base/world.ts";
import { openLibc } from "./libc.ts";

/** Of Linux: open(2), flock(2). */
const O_RDWR_CLOEXEC = 0o2 | 0o2000000;
const LOCK_EX_NB = 2 | 4;

/**
 * Locks a file by the C library's call, for a Deno that can only wait for a lock.
 *
 * @returns Null while somebody else has locked it.
 * @throws `NotSupported` where that call is not to be had, `NotFound` without the file.
 */
export async function lockByLibc(path: string): Promise<FileLock | null> {
  const libc = openLibc();
  if (typeof libc === "string") throw new Deno.errors.NotSupported(`files cannot be locked: ${libc}`);
  const fd = await libc.open(new TextEncoder().encode(`${path}\0`), O_RDWR_CLOEXEC);
  if (fd < 0) throw new Deno.errors.NotFound(path);
  if (await libc.flock(fd, LOCK_EX_NB) !== 0) {
    libc.close(fd);
    return null;
  }
  let isOpen = true;
  return {
    isCurrent: async () => {
      const [own, there] = await Promise.all(
        [`/proc/self/fd/${fd}`, path].map((each) => Deno.stat(each).catch(() => null)),
      );
      return isOpen && own !== null && own?.ino === there?.ino && own?.dev === there?.dev;
    },
    [Symbol.dispose]: () => {
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}
