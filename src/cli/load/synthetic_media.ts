import { STAMP_END, stampFrame } from "./frame_stamp.ts";

/** One FLV tag body with its place in time. */
export interface MediaTag {
  /** 8 audio, 9 video, 18 script. */
  typeId: 8 | 9 | 18;
  timestampMs: number;
  payload: Uint8Array<ArrayBuffer>;
  /** Number of a video frame that takes a stamp: {@link stampTag}. */
  frame?: number;
}

/** Stamps a frame that takes one: right before it is copied, as frames share their payloads. */
export function stampTag({ frame, payload }: MediaTag, sentAtMs: number): void {
  if (frame !== undefined) stampFrame(payload, { sentAtMs, frame });
}

/** Media without end. `next()` gives tags in the order of their timestamps. */
export interface MediaSource {
  /** Metadata and sequence headers, to be sent first. */
  readonly headers: MediaTag[];
  next(): MediaTag;
}

export const FPS = 25;
export const GOP_FRAMES = 50;
export const AUDIO_PER_SECOND = 44_100 / 1024;

const AUDIO_KBPS = 64;
/** A keyframe weighs as much as this many other frames. */
const KEYFRAME_WEIGHT = 8;

/** High profile 1280x720, as x264 writes it; AAC-LC 44.1 kHz stereo. Servers parse these. */
const AVC_HEADER = "1700000000" + "0164001fffe1001a" + "6764001facd9405005bb011000000300100000030320f1831960" +
  "010006" + "68ebe3cb22c0" + "fdf8f800";
const AAC_HEADER = "af001210";

/** H.264 and AAC in shape (headers, keyframes, sizes, times), noise in content. */
export class SyntheticMedia implements MediaSource {
  readonly headers: MediaTag[] = [
    { typeId: 9, timestampMs: 0, payload: fromHex(AVC_HEADER) },
    { typeId: 8, timestampMs: 0, payload: fromHex(AAC_HEADER) },
  ];
  readonly #keyframe: Uint8Array<ArrayBuffer>;
  readonly #frame: Uint8Array<ArrayBuffer>;
  readonly #audio: Uint8Array<ArrayBuffer>;
  #frames = 0;
  #audioPackets = 0;

  /** @param kbps Audio and video together; audio takes 64, or an eighth where that is less. */
  constructor(kbps: number) {
    const audioKbps = Math.min(AUDIO_KBPS, kbps / 8);
    const gopBytes = (kbps - audioKbps) * 1000 / 8 * GOP_FRAMES / FPS;
    const frameBytes = gopBytes / (GOP_FRAMES - 1 + KEYFRAME_WEIGHT);
    this.#keyframe = videoFrame(0x17, 0x65, Math.round(frameBytes * KEYFRAME_WEIGHT));
    this.#frame = videoFrame(0x27, 0x41, Math.round(frameBytes));
    this.#audio = noise(Math.max(8, Math.round(audioKbps * 1000 / 8 / AUDIO_PER_SECOND)));
    this.#audio.set([0xaf, 1]);
  }

  next(): MediaTag {
    const videoMs = this.#frames * 1000 / FPS;
    const audioMs = this.#audioPackets * 1000 / AUDIO_PER_SECOND;
    if (videoMs <= audioMs) {
      const frame = this.#frames++;
      return {
        typeId: 9,
        timestampMs: videoMs,
        payload: frame % GOP_FRAMES === 0 ? this.#keyframe : this.#frame,
        frame,
      };
    }
    this.#audioPackets++;
    return { typeId: 8, timestampMs: Math.floor(audioMs), payload: this.#audio };
  }
}

function videoFrame(flags: number, nalType: number, length: number): Uint8Array<ArrayBuffer> {
  const payload = noise(Math.max(STAMP_END, length));
  payload.set([flags, 1, 0, 0, 0]);
  new DataView(payload.buffer).setUint32(5, payload.length - 9);
  payload[9] = nalType;
  return payload;
}

/** Bytes that hold no start code and look alike in every run. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => 1 + (i * 131 + (i >> 5)) % 254);
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** The tags of an FLV file, over and over with times that go on. */
export class FlvLoop implements MediaSource {
  readonly headers: MediaTag[] = [];
  readonly #tags: MediaTag[];
  readonly #durationMs: number;
  #index = 0;
  #offsetMs = 0;

  constructor(file: Uint8Array<ArrayBuffer>) {
    this.#tags = parseFlv(file);
    const last = this.#tags.at(-1);
    if (last === undefined) throw new Error("the FLV file holds no media");
    this.#durationMs = last.timestampMs + 1000 / FPS;
  }

  next(): MediaTag {
    if (this.#index === this.#tags.length) {
      this.#index = 0;
      this.#offsetMs += this.#durationMs;
    }
    const tag = this.#tags[this.#index++];
    if (tag === undefined) throw new RangeError("index out of range");
    return { ...tag, timestampMs: Math.floor(tag.timestampMs + this.#offsetMs) };
  }
}

function parseFlv(file: Uint8Array<ArrayBuffer>): MediaTag[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tags: MediaTag[] = [];
  for (let at = view.getUint32(5) + 4; at + 11 <= file.length;) {
    const length = view.getUint32(at) & 0xffffff;
    const typeId = view.getUint8(at);
    const timestampMs = (view.getUint32(at + 4) >>> 8) | (view.getUint8(at + 7) << 24);
    const payload = file.subarray(at + 11, at + 11 + length);
    if (typeId === 8 || typeId === 9 || typeId === 18) tags.push({ typeId, timestampMs, payload });
    at += 11 + length + 4;
  }
  return tags;
}
