import { every, type Timers } from "../base/clock.ts";

/** What of the process's memory can be watched and changed. */
export interface ProcessMemory {
  /** Memory that the system has given to the process, in bytes. */
  rssBytes(): number;
  /** Gives back what is free. */
  trim(): void;
}

/** Source: mallopt(3). */
const M_MMAP_THRESHOLD = -3;
/** A block of a log is larger, and is given back at once when it is free. */
const MMAP_THRESHOLD_BYTES = 128 * 1024;

const CHECK_MS = 10_000;
/** After such a growth it is time. Each MB that is given back takes 0.35 ms of CPU, and the rest next to none. */
const GROWTH_BYTES = 48 * 1024 * 1024;
/** Where less than this was free, the next attempt may wait twice as long, up to so many checks. */
const USEFUL_BYTES = 8 * 1024 * 1024;
const MOST_CHECKS = 32;

/**
 * Gives memory back to the system that is not used any more. glibc keeps what was freed, between allocations that
 * live on: after 10,000 streams have come and gone, hundreds of MB.
 *
 * @returns Ends it.
 */
export function returnMemory(timers: Timers, memory: ProcessMemory | null = glibcMemory()): Disposable {
  if (memory === null) return { [Symbol.dispose]: () => {} };
  let leastBytes = memory.rssBytes();
  let [checks, checksToWait] = [0, 1];
  const timer = every(timers, CHECK_MS, () => {
    const nowBytes = memory.rssBytes();
    const hasGrown = nowBytes - leastBytes >= GROWTH_BYTES;
    leastBytes = Math.min(leastBytes, nowBytes);
    // What was garbage at the last attempt may be free by now.
    if (++checks < checksToWait && !hasGrown) return;
    memory.trim();
    leastBytes = memory.rssBytes();
    checks = 0;
    const isUseful = hasGrown || nowBytes - leastBytes >= USEFUL_BYTES;
    checksToWait = isUseful ? 1 : Math.min(2 * checksToWait, MOST_CHECKS);
  });
  return { [Symbol.dispose]: () => timer.cancel() };
}

/**
 * The allocator of this process, told to ask the system for each large block anew: it would soon take even those from
 * its own heap, where they leave holes. Null with other allocators, and without the permission for foreign functions.
 */
function glibcMemory(): ProcessMemory | null {
  if (Deno.build.os !== "linux" || Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      mallopt: { parameters: ["i32", "i32"], result: "i32" },
      malloc_trim: { parameters: ["usize"], result: "i32" },
    });
    symbols.mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    return {
      rssBytes: () => Deno.memoryUsage().rss,
      trim: () => symbols.malloc_trim(0n),
    };
  } catch {
    // Another C library.
    return null;
  }
}
