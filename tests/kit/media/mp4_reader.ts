import { createFile, type ISOFile, MP4BoxBuffer, type Sample } from "mp4box";

/** A frame as mp4box reads it. */
export interface ReadSample {
  /** Ticks of the track. */
  readonly dts: number;
  readonly cts: number;
  readonly duration: number;
  readonly isSync: boolean;
  readonly data: Uint8Array;
}

/** A track as mp4box reads it. */
export interface ReadTrack {
  readonly id: number;
  readonly codec: string;
  readonly timescale: number;
  readonly samples: readonly ReadSample[];
}

/** Reads an MP4 file, fragmented or not, or an init segment with what follows it; throws at what mp4box does not like. */
export function readMp4(bytes: Uint8Array): ReadTrack[] {
  const file: ISOFile = createFile();
  const samples = new Map<number, Sample[]>();
  const tracks: Omit<ReadTrack, "samples">[] = [];
  let problem: string | null = null;
  file.onError = (module: string, message: string) => {
    problem = `${module}: ${message}`;
  };
  file.onReady = (info) => {
    for (const { id, codec, timescale } of info.tracks) {
      tracks.push({ id, codec, timescale });
      file.setExtractionOptions(id, null, { nbSamples: 1 });
    }
    file.start();
  };
  file.onSamples = (id, _user, got) => samples.set(id, [...samples.get(id) ?? [], ...got]);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer, 0));
  file.flush();
  if (problem !== null) throw new Error(problem);
  return tracks.map((track) => ({
    ...track,
    samples: (samples.get(track.id) ?? []).map(({ dts, cts, duration, is_sync: isSync, data }) => ({
      dts,
      cts,
      duration,
      isSync,
      data: data ?? new Uint8Array(0),
    })),
  }));
}

/** The contents of the first box of a type, wherever it stands; null if there is none. */
export function findBox(bytes: Uint8Array, type: string): Uint8Array | null {
  const letters = [...type].map((letter) => letter.charCodeAt(0));
  for (let at = 4; at + 4 <= bytes.length; at++) {
    if (!letters.every((letter, i) => bytes[at + i] === letter)) continue;
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at - 4);
    return bytes.subarray(at + 4, at - 4 + size);
  }
  return null;
}
