/** A stretch of the arena, as one thread sees it. */
export interface Region {
  /** Of the file that the arena is. */
  readonly fd: number;
  /** In that file. */
  readonly offset: number;
  readonly bytes: number;
  /** Where the file's beginning is mapped: the same in all threads. */
  readonly base: bigint;
  /** The kernel may hold on to its pages: they were given to a socket without a copy. */
  wasSent: boolean;
}

const regions = new WeakMap<ArrayBufferLike, Region>();

/** The region that a buffer is; undefined for memory of any other kind. */
export function regionOf(buffer: ArrayBufferLike): Region | undefined {
  return regions.get(buffer);
}

/** A buffer over a region. The memory stays mapped for the life of the process, whoever may still look at it. */
export function mapRegion(region: Region): ArrayBuffer {
  const at = Deno.UnsafePointer.create(region.base + BigInt(region.offset));
  if (at === null) throw new RangeError("a region without an address");
  const buffer = Deno.UnsafePointerView.getArrayBuffer(at, region.bytes);
  regions.set(buffer, region);
  return buffer;
}
