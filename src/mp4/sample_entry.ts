import type { AudioTrackConfig, VideoTrackConfig } from "../flv/track_config.ts";
import { box, fullBox, u16, u32, zeros } from "./box.ts";

const MP3_OBJECT = 0x6b;
const AAC_OBJECT = 0x40;
const OPUS_MAGIC_BYTES = 8;

/** How a track's samples are coded, as MP4 describes video. Source: ISO/IEC 14496-12 §12.1.3, 14496-15. */
export function videoSampleEntry({ codec, record, width, height }: VideoTrackConfig): Uint8Array {
  const head = [...zeros(6), ...u16(1), ...zeros(16), ...u16(width), ...u16(height), ...u32(0x48_0000)];
  const rest = [...u32(0x48_0000), ...u32(0), ...u16(1), ...zeros(32), ...u16(0x18), 0xff, 0xff];
  switch (codec) {
    case "H264":
      return box("avc1", head, rest, box("avcC", record));
    case "HEVC":
      // Apple's players want the parameter sets here alone.
      return box("hvc1", head, rest, box("hvcC", record));
    case "AV1":
      return box("av01", head, rest, box("av1C", record));
    case "VP9":
      return box("vp09", head, rest, fullBox("vpcC", 1, 0, record));
  }
}

/** As {@link videoSampleEntry}, audio. Source: ISO/IEC 14496-12 §12.2.3, 14496-14 §5.6; Opus in ISOBMFF §4.3. */
export function audioSampleEntry(track: AudioTrackConfig): Uint8Array {
  const { codec, record, sampleRate, channels } = track;
  // Rates that do not fit stand in the decoder's configuration only.
  const rate = sampleRate < 0x1_0000 ? sampleRate : 0;
  const head = [...zeros(6), ...u16(1), ...zeros(8), ...u16(channels), ...u16(16), ...zeros(4), ...u16(rate), 0, 0];
  switch (codec) {
    case "AAC":
      return box("mp4a", head, elementaryStream(AAC_OBJECT, record));
    case "MP3":
      return box("mp4a", head, elementaryStream(MP3_OBJECT, record));
    case "Opus":
      return box("Opus", head, box("dOps", opusConfig(track)));
  }
}

/** Source: ISO/IEC 14496-1 §7.2.6.5. */
function elementaryStream(objectType: number, config: Uint8Array): Uint8Array {
  const specific = config.length === 0 ? [] : [5, config.length, ...config];
  const decoder = [objectType, 0x15, ...zeros(3 + 4 + 4), ...specific];
  const sync = [6, 1, 2];
  return fullBox("esds", 0, 0, [
    3,
    3 + 2 + decoder.length + sync.length,
    0,
    0,
    0,
    4,
    decoder.length,
    ...decoder,
    ...sync,
  ]);
}

/** The ID header with its numbers the other way round. */
function opusConfig({ record, channels }: AudioTrackConfig): number[] {
  const head = record.subarray(OPUS_MAGIC_BYTES);
  if (head.length < 11) return [0, channels, ...u16(0), ...u32(48_000), ...u16(0), 0];
  const byte = (at: number) => head[at] ?? 0;
  const family = byte(10);
  const mapping = family === 0 ? [] : [...head.subarray(11, 13 + byte(1))];
  const fixed = [0, byte(1), byte(3), byte(2), byte(7), byte(6), byte(5), byte(4), byte(9), byte(8), family];
  return [...fixed, ...mapping];
}
