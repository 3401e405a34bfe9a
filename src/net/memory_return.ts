import { onBeat, type Timers } from "../base/clock.ts";

/** What of the process's memory can be watched and changed. */
export interface ProcessMemory {
  /** Memory that the system has given to the process, in bytes. */
  rssBytes(): number;
  /** Gives back what is free. */
  trim(): void;
}

/** Source: mallopt(3). */
const M_MMAP_THRESHOLD = -3;
const M_MMAP_MAX = -4;
/** The buffer of a publisher is larger, and so is a block of a log. */
const MMAP_THRESHOLD_BYTES = 32 * 1024;
/** Far below the 65,530 mappings that Linux lets a process have; what comes on top is taken from the heap. */
const MOST_MAPPINGS = 16_384;

const CHECK_MS = 10_000;
/** Where less than this was free, the next attempt may wait twice as long, up to so many checks. */
const USEFUL_BYTES = 8 * 1024 * 1024;
const MOST_CHECKS = 32;

/**
 * Sees to it that memory goes back to the system when it is not used any more: after 10,000 streams have come and gone,
 * glibc would keep hundreds of MB, in holes between what lives on.
 *
 * Large blocks go back at once. Small ones do while nobody is connected: to look for them stops the process for some
 * hundred milliseconds after a busy time.
 *
 * @param isIdle Whether nobody would notice.
 * @returns Ends it.
 */
export function returnMemory(
  timers: Timers,
  isIdle: () => boolean,
  memory: ProcessMemory | null = glibcMemory(),
): Disposable {
  if (memory === null) return { [Symbol.dispose]: () => {} };
  let [checks, checksToWait] = [0, 1];
  const timer = onBeat(timers, CHECK_MS, () => {
    if (!isIdle()) [checks, checksToWait] = [0, 1];
    else if (++checks >= checksToWait) {
      const beforeBytes = memory.rssBytes();
      memory.trim();
      // What is garbage still may be free later.
      const isUseful = beforeBytes - memory.rssBytes() >= USEFUL_BYTES;
      [checks, checksToWait] = [0, isUseful ? 1 : Math.min(2 * checksToWait, MOST_CHECKS)];
    }
  });
  return { [Symbol.dispose]: () => timer.cancel() };
}

/**
 * The allocator of this process, told to ask the system for each large block: otherwise it soon takes even those from
 * its own heap. Null with other allocators, and without the permission for foreign functions.
 *
 * @param alsoTrim Gives back what others keep.
 */
export function glibcMemory(alsoTrim: () => void = () => {}): ProcessMemory | null {
  if (Deno.build.os !== "linux" || Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      mallopt: { parameters: ["i32", "i32"], result: "i32" },
      malloc_trim: { parameters: ["usize"], result: "i32" },
    });
    symbols.mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    symbols.mallopt(M_MMAP_MAX, MOST_MAPPINGS);
    const trim = () => {
      alsoTrim();
      symbols.malloc_trim(0n);
    };
    return { rssBytes: () => Deno.memoryUsage().rss, trim };
  } catch {
    // Another C library.
    return null;
  }
}
