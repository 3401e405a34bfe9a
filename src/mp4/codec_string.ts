import type { AudioTrackConfig, VideoTrackConfig } from "../flv/track_config.ts";

/** The codec as playlists and `MediaSource` name it, such as `avc1.64001f`. Source: RFC 6381 and each codec's binding. */
export function videoCodecString({ codec, record }: VideoTrackConfig): string {
  switch (codec) {
    case "H264":
      return `avc1.${hex(record[1])}${hex(record[2])}${hex(record[3])}`;
    case "HEVC":
      return hevcString(record);
    case "AV1":
      return av1String(record);
    case "VP9":
      return `vp09.${two(record[0])}.${two(record[1])}.${two((record[2] ?? 0x80) >>> 4)}`;
  }
}

/** As {@link videoCodecString}, audio. */
export function audioCodecString({ codec, record }: AudioTrackConfig): string {
  switch (codec) {
    case "AAC":
      return `mp4a.40.${aacObject(record)}`;
    case "MP3":
      return "mp4a.40.34";
    case "Opus":
      return "opus";
  }
}

function aacObject(config: Uint8Array): number {
  const object = (config[0] ?? 0) >>> 3;
  return object === 31 ? 32 + (((config[0] ?? 0) & 7) << 3 | (config[1] ?? 0) >>> 5) : object;
}

/** Source: ISO/IEC 14496-15 annex E.3. */
function hevcString(record: Uint8Array): string {
  const byte = (at: number) => record[at] ?? 0;
  const space = ["", "A", "B", "C"][byte(1) >>> 6]!;
  const tier = (byte(1) & 0x20) !== 0 ? "H" : "L";
  let compatibility = 0;
  for (let bit = 0; bit < 32; bit++) {
    if ((byte(2 + (bit >>> 3)) >>> 7 - (bit & 7) & 1) === 1) compatibility += 2 ** bit;
  }
  const constraints = Array.from(record.subarray(6, 12));
  while (constraints.at(-1) === 0) constraints.pop();
  const parts = [
    `hvc1.${space}${byte(1) & 31}`,
    compatibility.toString(16),
    `${tier}${byte(12)}`,
    ...constraints.map((value) => value.toString(16)),
  ];
  return parts.join(".");
}

/** Source: AV1 Codec ISO Media File Format Binding §5. */
function av1String(record: Uint8Array): string {
  const second = record[1] ?? 0;
  const third = record[2] ?? 0;
  const depth = (third & 0x40) === 0 ? 8 : (third & 0x20) === 0 ? 10 : 12;
  return `av01.${second >>> 5}.${two(second & 31)}${third >= 0x80 ? "H" : "M"}.${two(depth)}`;
}

function hex(byte = 0): string {
  return byte.toString(16).padStart(2, "0");
}

function two(value = 0): string {
  return String(value).padStart(2, "0");
}
