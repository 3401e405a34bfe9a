import type { Libc } from "./libc.ts";
import { mapRegion, type Region } from "./region.ts";

/** Address space, of which only what is written to becomes memory: the most that fits is taken. */
const ARENA_BYTES = [64, 16, 4].map((gibibytes) => gibibytes * 2 ** 30);
const LEAST_REGION_BYTES = 16 * 1024;
/**
 * Free memory that is kept for the next regions: what comes from the system anew costs a fault for each page. The garbage
 * collector lets about so much gather before it looks.
 */
const MOST_WARM_BYTES = 64 * 1024 * 1024;

const RLIMIT_FSIZE = 1;
const MFD_CLOEXEC = 1;
const MFD_NOEXEC_SEAL = 8;
const PROT_READ_WRITE = 3;
const MAP_SHARED_NORESERVE = 0x4001;
const MADV_NOHUGEPAGE = 15;
const SC_PAGESIZE = 30;
const KEEP_SIZE_PUNCH_HOLE = 3;

/** What an arena has done so far. */
export interface ArenaCounts {
  /** Of regions that somebody may still look at. */
  readonly heldBytes: number;
  /** Of regions whose pages were left to the kernel. */
  readonly emptiedBytes: number;
  /** Address space that was ever used. */
  readonly usedBytes: number;
}

/**
 * Memory for logs that is a file, too: the kernel sends from it without a copy (sendfile), by handing sockets its pages.
 *
 * - A page that a socket may hold is never written to again: a region that was sent from leaves its pages to the kernel
 *   (`FALLOC_FL_PUNCH_HOLE`) before it is used for something else, which then gets others. For that no page may be
 *   larger than a region: huge ones are forbidden.
 * - A region is free once the garbage collector has let go of its buffer, and so of all views of it: in this thread, and in
 *   those that it was lent to, for whom the owner of the loan keeps the buffer.
 * - Nothing is ever unmapped, and the file never shrinks.
 *
 * Source: memfd_create(2), mmap(2), madvise(2), fallocate(2), sendfile(2).
 */
export class LogArena {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #base: bigint;
  readonly #bytes: number;
  readonly #least: number;
  #usedBytes = 0;
  /** Offsets of free regions by size: those whose pages are still there, and those that have none. */
  readonly #warm = new Map<number, number[]>();
  readonly #cold = new Map<number, number[]>();
  #warmBytes = 0;
  readonly #toEmpty: Region[] = [];
  #heldBytes = 0;
  #emptiedBytes = 0;
  readonly #collected = new FinalizationRegistry<Region>((region) => this.#free(region));

  private constructor(libc: Libc, { fd, base, bytes }: { fd: number; base: bigint; bytes: number }) {
    this.#libc = libc;
    this.#fd = fd;
    this.#base = base;
    this.#bytes = bytes;
    this.#least = Math.max(LEAST_REGION_BYTES, Number(libc.sysconf(SC_PAGESIZE)));
  }

  /** @returns The arena, which is there for the life of the process; or why there is none, in words. */
  static open(libc: Libc): LogArena | string {
    const limits = new BigUint64Array(2);
    // To grow a file above the limit ends the process.
    if (libc.getrlimit(RLIMIT_FSIZE, limits) !== 0) return "no limit of file sizes to be had";
    const name = new TextEncoder().encode("srs-ts log\0");
    const modern = libc.memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    const fd = modern >= 0 ? modern : libc.memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) return "no file in memory to be had";
    for (const bytes of ARENA_BYTES) {
      const size = BigInt(bytes);
      if (limits[0]! < size || libc.ftruncate(fd, size) !== 0) continue;
      const at = libc.mmap(null, size, PROT_READ_WRITE, MAP_SHARED_NORESERVE, fd, 0n);
      const base = BigInt(Deno.UnsafePointer.value(at));
      if (at === null || base === MAP_FAILED) continue;
      if (libc.madvise(at, size, MADV_NOHUGEPAGE) !== 0 && hasHugePages()) break;
      return new LogArena(libc, { fd, base, bytes });
    }
    libc.close(fd);
    return "no address space for a file in memory";
  }

  get counts(): ArenaCounts {
    return { heldBytes: this.#heldBytes, emptiedBytes: this.#emptiedBytes, usedBytes: this.#usedBytes };
  }

  /** Memory from the arena; null once that is used up. */
  allocate(bytes: number): Uint8Array<ArrayBuffer> | null {
    let size = this.#least;
    while (size < bytes) size *= 2;
    const offset = this.#take(size);
    if (offset === null) return null;
    this.#heldBytes += size;
    const region = { fd: this.#fd, base: this.#base, offset, bytes: size, wasSent: false };
    const buffer = mapRegion(region);
    this.#collected.register(buffer, region);
    return new Uint8Array(buffer, 0, bytes);
  }

  #take(size: number): number | null {
    const warm = this.#warm.get(size)?.pop();
    if (warm !== undefined) {
      this.#warmBytes -= size;
      return warm;
    }
    const cold = this.#cold.get(size)?.pop();
    if (cold !== undefined) return cold;
    if (this.#usedBytes + size > this.#bytes) return null;
    const offset = this.#usedBytes;
    this.#usedBytes += size;
    return offset;
  }

  /** Gives back what is kept for the next regions. */
  trim(): void {
    for (const [bytes, offsets] of this.#warm) this.#empty(offsets.map((offset) => ({ offset, bytes })));
    this.#warm.clear();
    this.#warmBytes = 0;
  }

  #free(region: Region): void {
    const { offset, bytes, wasSent } = region;
    this.#heldBytes -= bytes;
    if (!wasSent && this.#warmBytes + bytes <= MOST_WARM_BYTES) {
      this.#warmBytes += bytes;
      return put(this.#warm, bytes, offset);
    }
    // The collector names one after the other what it has found at one time.
    if (this.#toEmpty.length === 0) queueMicrotask(() => this.#empty(this.#toEmpty.splice(0)));
    this.#toEmpty.push(region);
  }

  /** Leaves pages to the kernel, those of neighbours by one call: each call interrupts the other cores. */
  #empty(regions: Stretch[]): void {
    regions.sort((a, b) => a.offset - b.offset);
    for (let from = 0; from < regions.length;) {
      const { offset } = regions[from]!;
      let to = from;
      let end = offset;
      for (; to < regions.length && regions[to]!.offset === end; to++) end += regions[to]!.bytes;
      const neighbours = regions.slice(from, to);
      from = to;
      const bytes = end - offset;
      const isEmpty = this.#libc.fallocate(this.#fd, KEEP_SIZE_PUNCH_HOLE, BigInt(offset), BigInt(bytes)) === 0;
      // Else their pages may be on their way to somebody: they are not used again.
      if (!isEmpty) continue;
      this.#emptiedBytes += bytes;
      for (const region of neighbours) put(this.#cold, region.bytes, region.offset);
    }
  }
}

type Stretch = Pick<Region, "offset" | "bytes">;
const MAP_FAILED = 2n ** 64n - 1n;

function put(offsets: Map<number, number[]>, size: number, offset: number): void {
  const known = offsets.get(size);
  if (known === undefined) offsets.set(size, [offset]);
  else known.push(offset);
}

/** A kernel without huge pages does not know how to forbid them. */
function hasHugePages(): boolean {
  try {
    Deno.statSync("/sys/kernel/mm/transparent_hugepage");
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
