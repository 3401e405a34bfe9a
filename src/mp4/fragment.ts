import { box, fullBox, u32, u64 } from "./box.ts";

/** A frame in a fragment. */
export interface Mp4Sample {
  /** Decoding time in ticks of the track. */
  readonly time: number;
  /** In ticks, 1 or more. */
  readonly duration: number;
  /** Shown so many ticks later than decoded; may be negative. */
  readonly composition: number;
  readonly isKeyframe: boolean;
  readonly data: Uint8Array;
}

/** The frames of one track in a fragment, in the order of decoding; at least one. */
export interface Mp4Run {
  readonly trackId: number;
  readonly samples: readonly Mp4Sample[];
}

const SYNC_FLAGS = 0x0200_0000;
const OTHER_FLAGS = 0x0101_0000;
const HEAD_BYTES = 8;
const DEFAULT_BASE_IS_MOOF = 0x2_0000;
/** Data offset, and of each sample duration, size, flags and composition. */
const RUN_FLAGS = 0x1 | 0x100 | 0x200 | 0x400 | 0x800;
const TYPE_MDAT = [0x6d, 0x64, 0x61, 0x74];

/**
 * A fragment: `moof`, then `mdat` with the runs one after the other. Times of a run come from its first sample and the
 * durations: samples of a run lie one behind the other.
 *
 * Source: ISO/IEC 14496-12 §8.8.
 *
 * @param sequence Unsigned 32-bit; higher than that of the fragment before.
 */
export function fragment(sequence: number, runs: readonly Mp4Run[]): Uint8Array<ArrayBuffer> {
  // The offsets depend on the length of the box that they stand in, which does not depend on them.
  const headBytes = movieFragment(sequence, runs, 0).length;
  const head = movieFragment(sequence, runs, headBytes + HEAD_BYTES);
  const dataBytes = runs.reduce((sum, run) => sum + runBytes(run), 0);
  const out = new Uint8Array(headBytes + HEAD_BYTES + dataBytes);
  out.set(head);
  out.set([...u32(HEAD_BYTES + dataBytes), ...TYPE_MDAT], headBytes);
  let at = headBytes + HEAD_BYTES;
  for (const { samples } of runs) {
    for (const { data } of samples) {
      out.set(data, at);
      at += data.length;
    }
  }
  return out;
}

function movieFragment(sequence: number, runs: readonly Mp4Run[], dataAt: number): Uint8Array {
  let at = dataAt;
  const tracks = runs.map((run) => {
    const made = trackFragment(run, at);
    at += runBytes(run);
    return made;
  });
  return box("moof", fullBox("mfhd", 0, 0, u32(sequence)), ...tracks);
}

function trackFragment({ trackId, samples }: Mp4Run, dataAt: number): Uint8Array {
  return box(
    "traf",
    fullBox("tfhd", 0, DEFAULT_BASE_IS_MOOF, u32(trackId)),
    fullBox("tfdt", 1, 0, u64(samples[0]!.time)),
    fullBox("trun", 1, RUN_FLAGS, u32(samples.length), u32(dataAt), sampleTable(samples)),
  );
}

function sampleTable(samples: readonly Mp4Sample[]): Uint8Array {
  const table = new Uint8Array(samples.length * 16);
  const view = new DataView(table.buffer);
  samples.forEach(({ duration, data, isKeyframe, composition }, i) => {
    view.setUint32(i * 16, duration);
    view.setUint32(i * 16 + 4, data.length);
    view.setUint32(i * 16 + 8, isKeyframe ? SYNC_FLAGS : OTHER_FLAGS);
    view.setInt32(i * 16 + 12, composition);
  });
  return table;
}

function runBytes({ samples }: Mp4Run): number {
  return samples.reduce((sum, { data }) => sum + data.length, 0);
}
