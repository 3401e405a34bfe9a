import type { ReadAt, Repair, WholePart } from "./repaired_file.ts";
import { repairFlv } from "./repair_flv.ts";
import { repairMp4 } from "./repair_mp4.ts";

/**
 * Looks how a file that was left unfinished becomes a whole one.
 *
 * @param path Its name when it is finished.
 * @param known What of it need not be looked at; nothing by default.
 * @returns null if there is no frame in it.
 */
export function planRepair(path: string, read: ReadAt, known: WholePart | null = null): Promise<Repair | null> {
  return /\.mp4$/i.test(path) ? repairMp4(window(read), known) : repairFlv(window(read), known);
}

const WINDOW_BYTES = 64 * 1024;

/** Small reads that lie close together become one. */
function window(read: ReadAt): ReadAt {
  let from = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  return async (at, count) => {
    if (at < from || at + count > from + bytes.length) {
      bytes = await read(at, Math.max(count, WINDOW_BYTES));
      from = at;
    }
    return bytes.subarray(at - from, at - from + count);
  };
}
