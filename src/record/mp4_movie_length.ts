import { concatBytes } from "../base/bytes.ts";
import { readBoxHead } from "../mp4/read_boxes.ts";
import { fullBox, u64 } from "../mp4/box.ts";
import type { FilePatch } from "./recording_format.ts";

/** Where `initSegment` has its movie box: behind `ftyp`. */
const MVHD_DURATION = 24;

/**
 * The head of a fragmented file with room for the length of all its fragments: `mehd`, in `mvex`, the last box of the
 * movie.
 */
export function withMovieLength(init: Uint8Array): Uint8Array<ArrayBuffer> {
  const added = fullBox("mehd", 1, 0, u64(0));
  const { moovAt, mvexAt } = findBoxes(init);
  const out = concatBytes(init.subarray(0, mvexAt + 8), added, init.subarray(mvexAt + 8));
  const view = new DataView(out.buffer);
  for (const at of [moovAt, mvexAt]) view.setUint32(at, view.getUint32(at) + added.length);
  return out;
}

/** Fills in the length of a file that begins with {@link withMovieLength}. */
export function movieLengthPatch(head: Uint8Array, durationMs: number): FilePatch[] {
  const { moovAt, mvexAt } = findBoxes(head);
  // The head of another program.
  if (readBoxHead(head, mvexAt + 8)?.type !== "mehd") return [];
  const short = new Uint8Array(4);
  new DataView(short.buffer).setUint32(0, Math.min(durationMs, 0xffff_ffff));
  return [
    // Times of the movie are in milliseconds.
    { at: moovAt + 8 + MVHD_DURATION, bytes: short },
    { at: mvexAt + 8 + 12, bytes: Uint8Array.from(u64(Math.round(durationMs))) },
  ];
}

function findBoxes(init: Uint8Array): { moovAt: number; mvexAt: number } {
  const view = new DataView(init.buffer, init.byteOffset, init.byteLength);
  const moovAt = view.getUint32(0);
  let at = moovAt + 8;
  // Children of the movie; mvex is the last.
  const end = moovAt + view.getUint32(moovAt);
  for (let size = view.getUint32(at); size >= 8 && at + size < end; size = view.getUint32(at)) at += size;
  return { moovAt, mvexAt: at };
}
