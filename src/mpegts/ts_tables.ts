import type { TsUnit } from "./ts_packets.ts";

/** Packet ids. Those of the streams are SRS's. */
export const TsPid = { Programs: 0, Map: 0x1001, Video: 0x100, Audio: 0x101 } as const;

/** What the streams of a program are. Source: ISO/IEC 13818-1 table 2-34, with its amendments. */
export const TsStreamType = { Mp3: 0x03, Aac: 0x0f, H264: 0x1b, Hevc: 0x24 } as const;

/** The streams of the program; null for one that is not there. */
export interface TsProgram {
  readonly video: number | null;
  readonly audio: number | null;
}

const TRANSPORT_STREAM_ID = 1;
const PROGRAM_NUMBER = 1;
const NO_PID = 0x1fff;

/** Whether the tables say the same. */
export function isSameProgram(a: TsProgram, b: TsProgram): boolean {
  return a.video === b.video && a.audio === b.audio;
}

/** Both tables, a packet each. @param version Counts the changes of the program. */
export function tableUnits(program: TsProgram, version: number): TsUnit[] {
  const table = (pid: number, payload: Uint8Array) => ({
    pid,
    payload,
    clockMs: null,
    isKeyframe: false,
    isSection: true,
  });
  return [table(TsPid.Programs, programTable()), table(TsPid.Map, programMap(program, version))];
}

/** The list of programs: one. */
function programTable(): Uint8Array {
  return section(0, TRANSPORT_STREAM_ID, 0, [0, PROGRAM_NUMBER, 0xe0 | TsPid.Map >>> 8, TsPid.Map & 255]);
}

/** What the program is made of. */
function programMap({ video, audio }: TsProgram, version: number): Uint8Array {
  const clock = video !== null ? TsPid.Video : audio !== null ? TsPid.Audio : NO_PID;
  const stream = (type: number | null, pid: number) =>
    type === null ? [] : [type, 0xe0 | pid >>> 8, pid & 255, 0xf0, 0];
  const streams = [...stream(video, TsPid.Video), ...stream(audio, TsPid.Audio)];
  return section(2, PROGRAM_NUMBER, version, [0xe0 | clock >>> 8, clock & 255, 0xf0, 0, ...streams]);
}

/** A section after its pointer byte, as it begins a packet. Source: ISO/IEC 13818-1 §2.4.4. */
function section(tableId: number, id: number, version: number, body: readonly number[]): Uint8Array {
  const length = 5 + body.length + 4;
  const head = [tableId, 0xb0 | length >>> 8, length & 255, id >>> 8, id & 255, 0xc1 | (version & 31) << 1, 0, 0];
  const bytes = Uint8Array.from([...head, ...body]);
  const out = new Uint8Array(1 + bytes.length + 4);
  out.set(bytes, 1);
  new DataView(out.buffer).setUint32(1 + bytes.length, crc32(bytes));
  return out;
}

/** Source: ISO/IEC 13818-1 annex A. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? crc << 1 ^ 0x04c1_1db7 : crc << 1;
  }
  return crc >>> 0;
}
