import { readBoxHead } from "../mp4/read_boxes.ts";
import { readFragment } from "../mp4/read_fragment.ts";
import { type Movie, readMovie } from "../mp4/read_movie.ts";
import { movieLengthPatch } from "./mp4_movie_length.ts";
import type { ReadAt, Repair, WholePart } from "./repaired_file.ts";

/** Heads of movies and fragments are far smaller. */
const MAX_BOX_BYTES = 16 * 1024 * 1024;

/** Finds the end of the last whole fragment of a fragmented MP4 file; null if it has none. */
export async function repairMp4(read: ReadAt, known: WholePart | null = null): Promise<Repair | null> {
  let movie: Movie | null = null;
  let head: Uint8Array | null = null;
  let moofAt: number | null = null;
  let endAt = 0;
  let firstMs: number | null = null;
  let lastMs = 0;
  let pieces = 0;
  for (let at = 0;;) {
    const box = readBoxHead((await read(at, 16)).slice());
    if (box === null || box.size < box.headBytes) break;
    const isWhole = (await read(at + box.size - 1, 1)).length === 1;
    if (!isWhole) break;
    if (box.type === "moov" && box.size <= MAX_BOX_BYTES) {
      movie = readMovie((await read(at + box.headBytes, box.size - box.headBytes)).slice());
      head = (await read(0, at + box.size)).slice();
    } else if (box.type === "moof" && box.size <= MAX_BOX_BYTES) moofAt = at;
    else if (box.type === "mdat" && movie !== null && moofAt !== null) {
      const moof = (await read(moofAt, at - moofAt)).slice();
      const [fromMs, toMs] = spanOf(moof, moofAt, movie);
      firstMs ??= fromMs;
      lastMs = Math.max(lastMs, toMs);
      endAt = at + box.size;
      moofAt = null;
      pieces++;
    }
    at += box.size;
    if (known !== null && head !== null && endAt === 0 && at < known.bytes && await isBoxStart(read, known.bytes)) {
      at = endAt = known.bytes;
      firstMs = known.firstMs;
      lastMs = known.endMs;
      pieces = known.pieces;
    }
  }
  if (endAt === 0 || head === null) return null;
  firstMs ??= 0;
  const durationMs = Math.round(Math.max(0, lastMs - firstMs));
  const codecs = { audio: null, video: null };
  const patches = movieLengthPatch(head, durationMs);
  return { bytes: endAt, durationMs, patches, firstMs, endMs: lastMs, codecs, pieces, head };
}

/** Whether a fragment begins at a place, or the file ends there. */
async function isBoxStart(read: ReadAt, at: number): Promise<boolean> {
  const bytes = (await read(at, 16)).slice();
  return bytes.length === 0 || readBoxHead(bytes)?.type === "moof";
}

function spanOf(moof: Uint8Array, moofAt: number, { tracks }: Movie): [fromMs: number, toMs: number] {
  const headBytes = readBoxHead(moof)?.headBytes ?? 8;
  const samples = readFragment(moof, { headBytes, moofAt, tracks, nextTime: new Map() });
  const begins = samples.map(({ time, track }) => time * 1000 / track.timescale);
  const ends = samples.map(({ time, duration, track }) => (time + duration) * 1000 / track.timescale);
  return [begins.reduce((a, b) => Math.min(a, b), Infinity), ends.reduce((a, b) => Math.max(a, b), 0)];
}
