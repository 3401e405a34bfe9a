import { type FlvTag, FlvTagType } from "../../../src/flv/tag.ts";

/** Small tags of every kind that a push treats in its own way; `mark` ends up in the payload. */
export const tags = {
  keyframe: (timestampMs: number, mark = 0) => video(timestampMs, 0x17, 1, 0, 0, 0, mark),
  frame: (timestampMs: number, mark = 0) => video(timestampMs, 0x27, 1, 0, 0, 0, mark),
  videoHeader: (timestampMs: number, mark = 0) => video(timestampMs, 0x17, 0, 0, 0, 0, 1, mark),
  videoEnd: (timestampMs: number) => video(timestampMs, 0x17, 2, 0, 0, 0),
  sound: (timestampMs: number, mark = 0) => audio(timestampMs, 0xaf, 1, mark),
  soundHeader: (timestampMs: number, mark = 0) => audio(timestampMs, 0xaf, 0, 0x12, mark),
  script: (timestampMs: number, payload: Uint8Array): FlvTag => ({ type: FlvTagType.Script, timestampMs, payload }),
};

function video(timestampMs: number, ...bytes: number[]): FlvTag {
  return { type: FlvTagType.Video, timestampMs: timestampMs >>> 0, payload: Uint8Array.from(bytes) };
}

function audio(timestampMs: number, ...bytes: number[]): FlvTag {
  return { type: FlvTagType.Audio, timestampMs: timestampMs >>> 0, payload: Uint8Array.from(bytes) };
}
