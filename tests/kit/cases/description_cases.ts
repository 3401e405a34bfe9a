// Records as x264, x265, libaom and libvpx write them for a picture of 322x182 (so that cropping matters), 30 frames/s.
const avcHigh422 = "017a0015ffe10019677a0015bcd941533c44d80880000003008000001e0f8a14cb01000668fba3cb22c0fef8f800";
const avcBaseline = "0142c00dffe100186742c00dd901519e226c0440000003004000000f03c50a9201000568cb83cb20";
const avcHigh = "0164000dffe100196764000dacd941519e226c04400000fa40003a9803c50a658001000768ebe3cb3002c0fdf8f800";
const hevcMain =
  "0101600000009000000000003cf000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003003c95980921" +
  "0001002a42010101600000030090000003000003003ca00a480b9c9596566924caf0168080000003008000000f0422000100074401c172b46240";
const av1Main = "81000c000a0b000000043d06d4daf90040";

/** Video payloads and their description: codec, profile, level, width, height, frames per second. */
export const describedVideos = [
  {
    name: "AVC Baseline",
    payload: `17 00 000000 ${avcBaseline}`,
    is: ["H264", "Baseline(Constrained)", "1.3", 322, 182, 30],
  },
  { name: "AVC High, 30000/1001", payload: `17 00 000000 ${avcHigh}`, is: ["H264", "High", "1.3", 322, 182, 29.97003] },
  {
    name: "AVC High 4:2:2, interlaced",
    payload: `90 'avc1' ${avcHigh422}`,
    is: ["H264", "High(422)", "2.1", 322, 182, 30],
  },
  { name: "HEVC", payload: `90 'hvc1' ${hevcMain}`, is: ["HEVC", "Main", "2", 322, 182, 0] },
  { name: "HEVC by the unofficial id", payload: `1c 00 000000 ${hevcMain}`, is: ["HEVC", "Main", "2", 322, 182, 0] },
  { name: "AV1", payload: `90 'av01' ${av1Main}`, is: ["AV1", "Main", "2.0", 322, 182, 0] },
  { name: "VP9", payload: "90 'vp09' 000b820202020000", is: ["VP9", "Profile 0", "1.1", 0, 0, 0] },
  {
    name: "VP9 with version and flags",
    payload: "90 'vp09' 01000000 020b820202020000",
    is: ["VP9", "Profile 2", "1.1", 0, 0, 0],
  },
  { name: "VVC", payload: "90 'vvc1' ff0000000000", is: ["VVC", "", "", 0, 0, 0] },
  { name: "H.263", payload: "12 0000840081", is: ["H263", "", "", 0, 0, 0] },
  { name: "an AVC record of 4 bytes", payload: "17 00 000000 01640028", is: ["H264", "High", "4", 0, 0, 0] },
  {
    name: "an AVC record without parameter sets",
    payload: "17 00 000000 014d001fffe0",
    is: ["H264", "Main", "3.1", 0, 0, 0],
  },
  {
    name: "an AVC record of an unknown profile",
    payload: "17 00 000000 0163001fffe0",
    is: ["H264", "Other", "3.1", 0, 0, 0],
  },
] as const;

const opusHead = "'OpusHead' 01 02 3801 80bb0000 0000 00";
const flacHead = "'fLaC' 80000022 120012000000780005110bb802f0000012c0ba43705036a3bb057849a9f54f6928a3";

/** Audio payloads and their description: codec, profile, sample rate, channels. */
export const describedAudios = [
  { name: "AAC LC 44.1 kHz stereo", payload: "af 00 1210", is: ["AAC", "LC", 44_100, 2] },
  { name: "AAC LC 48 kHz mono", payload: "af 00 1188", is: ["AAC", "LC", 48_000, 1] },
  { name: "AAC LC 7.1", payload: "af 00 11b8", is: ["AAC", "LC", 48_000, 8] },
  { name: "HE-AAC, the rate of its output", payload: "af 00 2b118800", is: ["AAC", "HE", 48_000, 2] },
  { name: "HE-AAC v2, the channels of its output", payload: "af 00 eb098800", is: ["AAC", "HEv2", 48_000, 2] },
  { name: "AAC with its rate written out", payload: "af 00 1780562210", is: ["AAC", "LC", 44_100, 2] },
  { name: "AAC by FourCC", payload: "90 'mp4a' 1210", is: ["AAC", "LC", 44_100, 2] },
  { name: "AAC with an empty config", payload: "af 00", is: ["AAC", "", 0, 0] },
  { name: "AAC of an unknown object type", payload: "af 00 b990", is: ["AAC", "Other", 48_000, 2] },
  { name: "MP3 48 kHz, whatever the FLV byte says", payload: "2f fffb5400", is: ["MP3", "", 48_000, 2] },
  { name: "MP3 MPEG-2 22.05 kHz mono", payload: "2a fff350c4", is: ["MP3", "", 22_050, 1] },
  { name: "MP3 MPEG-2.5 8 kHz", payload: "2a ffe35800", is: ["MP3", "", 8_000, 2] },
  { name: "MP3 without a frame header", payload: "2e 0000", is: ["MP3", "", 44_100, 1] },
  { name: "Opus", payload: `90 'Opus' ${opusHead}`, is: ["Opus", "", 48_000, 2] },
  { name: "Opus without a header", payload: "90 'Opus'", is: ["Opus", "", 48_000, 0] },
  { name: "FLAC", payload: `90 'fLaC' ${flacHead}`, is: ["FLAC", "", 48_000, 2] },
  { name: "FLAC cut short", payload: "90 'fLaC' 'fLaC' 80", is: ["FLAC", "", 0, 0] },
  { name: "AC-3", payload: "91 'ac-3' 0b77", is: ["AC3", "", 0, 0] },
  { name: "G.711", payload: "72 d5", is: ["PCMA", "", 8_000, 1] },
  { name: "Speex", payload: "b6 00", is: ["Speex", "", 16_000, 1] },
  { name: "Nellymoser 8 kHz", payload: "52 00", is: ["Nellymoser", "", 8_000, 1] },
] as const;
