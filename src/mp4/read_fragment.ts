import { type BoxPlace, findBox, readBoxes } from "./read_boxes.ts";
import type { MovieTrack, SampleDefaults } from "./read_movie.ts";

/** A sample of a fragment, and where its bytes are. */
export interface FragmentSample {
  readonly track: MovieTrack;
  /** Decoding time in ticks of the track. */
  readonly time: number;
  readonly duration: number;
  readonly composition: number;
  readonly isKeyframe: boolean;
  /** From the first byte of the `moof` on. */
  readonly at: number;
  readonly size: number;
}

/** More samples in a fragment are not believed. */
const MAX_SAMPLES = 100_000;
/** The flag of a sample that depends on others. */
const NOT_SYNC = 0x1_0000;

/**
 * Reads the samples of a `moof`, in the order of their bytes.
 *
 * @param moof The whole box.
 * @param headBytes Of the box.
 * @param moofAt Where it begins in the file, for fragments that count from there.
 * @param nextTime Where each track goes on, for fragments that do not say; it is moved on.
 * @throws {RangeError} It is cut short, or absurd.
 */
export function readFragment(
  moof: Uint8Array,
  { headBytes, moofAt, tracks, nextTime }: {
    headBytes: number;
    moofAt: number;
    tracks: readonly MovieTrack[];
    nextTime: Map<number, number>;
  },
): FragmentSample[] {
  const samples: FragmentSample[] = [];
  for (const traf of readBoxes(moof, headBytes).filter(({ type }) => type === "traf")) {
    readTrackFragment(moof, traf, { moofAt, tracks, nextTime, samples });
    if (samples.length > MAX_SAMPLES) throw new RangeError(`more than ${MAX_SAMPLES} samples in a fragment`);
  }
  return samples;
}

function readTrackFragment(
  moof: Uint8Array,
  traf: BoxPlace,
  { moofAt, tracks, nextTime, samples }: {
    moofAt: number;
    tracks: readonly MovieTrack[];
    nextTime: Map<number, number>;
    samples: FragmentSample[];
  },
): void {
  const header = findBox(moof, ["tfhd"], traf.bodyStart, traf.end);
  if (header === null) return;
  const head = new FieldReader(moof, header);
  const flags = head.u32() & 0xff_ffff;
  const id = head.u32();
  const track = tracks.find((each) => each.id === id);
  if (track === undefined) return;
  const base = (flags & 1) !== 0 ? head.u64() - moofAt : 0;
  if ((flags & 2) !== 0) head.u32();
  const defaults: SampleDefaults = {
    duration: (flags & 8) !== 0 ? head.u32() : track.defaults.duration,
    size: (flags & 0x10) !== 0 ? head.u32() : track.defaults.size,
    flags: (flags & 0x20) !== 0 ? head.u32() : track.defaults.flags,
  };
  const decodeTime = findBox(moof, ["tfdt"], traf.bodyStart, traf.end);
  let time = decodeTime === null ? nextTime.get(id) ?? 0 : readDecodeTime(new FieldReader(moof, decodeTime));
  let at = base;
  for (const run of readBoxes(moof, traf.bodyStart, traf.end).filter(({ type }) => type === "trun")) {
    const fields = new FieldReader(moof, run);
    const first = fields.u32();
    const runFlags = first & 0xff_ffff;
    const count = fields.u32();
    if ((runFlags & 1) !== 0) at = base + (fields.u32() | 0);
    const firstFlags = (runFlags & 4) !== 0 ? fields.u32() : null;
    if (count > MAX_SAMPLES) throw new RangeError(`${count} samples in a run`);
    for (let i = 0; i < count; i++) {
      const duration = (runFlags & 0x100) !== 0 ? fields.u32() : defaults.duration;
      const size = (runFlags & 0x200) !== 0 ? fields.u32() : defaults.size;
      const own = (runFlags & 0x400) !== 0 ? fields.u32() : defaults.flags;
      const composition = (runFlags & 0x800) !== 0 ? fields.u32() | 0 : 0;
      const sampleFlags = i === 0 && firstFlags !== null ? firstFlags : own;
      samples.push({ track, time, duration, composition, isKeyframe: (sampleFlags & NOT_SYNC) === 0, at, size });
      time += duration;
      at += size;
    }
  }
  nextTime.set(id, time);
}

function readDecodeTime(fields: FieldReader): number {
  return fields.u32() >>> 24 === 1 ? fields.u64() : fields.u32();
}

/** Reads the fields of one box, and none behind it. */
class FieldReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array, { bodyStart, end }: BoxPlace) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + bodyStart, end - bodyStart);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4);
  }

  u64(): number {
    return this.u32() * 2 ** 32 + this.u32();
  }
}
