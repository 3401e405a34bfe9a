import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";

/** What a frame of a test's publisher tells of itself. */
export interface FrameIdentity {
  kind: "audio" | "video";
  isKeyframe: boolean;
  /** Counts the frames of a publisher, audio and video together, over all its connections. */
  number: number;
  /** Counts the connections of a publisher. */
  session: number;
  /** Time that the publisher gave it. */
  sentMs: number;
}

/** A message as it is published. */
export type OutgoingFrame = Pick<RtmpMessage, "typeId" | "timestampMs" | "payload">;

/** FLV's head, then the length and the type of the only NAL unit: SRS ends a publisher whose units do not add up. */
const VIDEO_HEAD = 10;
const NAL_AT = 5;
const NAL_LENGTH_BYTES = 4;
const AUDIO_HEAD = 2;
const IDENTITY_BYTES = 12;

/** A sequence parameter set that can be read: SRS ends a publisher whose it cannot. */
const SPS = Uint8Array.of(
  ...[0x67, 0x64, 0, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0, 0, 3, 0],
  ...[0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x83, 0x19, 0x60],
);
const LEVEL_AT = 3;

/** Metadata and decoder headers; another `version` is another picture size. */
export function headers(version: number): OutgoingFrame[] {
  const meta = encodeAmf0("@setDataFrame", "onMetaData", { width: 640, height: 360 + version });
  const level = 30 + version;
  const sps = SPS.with(LEVEL_AT, level);
  return [
    { typeId: MessageType.Data, timestampMs: 0, payload: meta },
    {
      typeId: MessageType.Video,
      timestampMs: 0,
      payload: Uint8Array.of(
        ...[0x17, 0, 0, 0, 0, 1, 100, 0, level, 255, 225, 0, SPS.length],
        ...sps,
        1,
        0,
        2,
        104,
        235,
      ),
    },
    { typeId: MessageType.Audio, timestampMs: 0, payload: Uint8Array.of(0xaf, 0, 0x12, 0x10) },
  ];
}

/** A frame whose every byte follows from its identity and size. */
export function encodeFrame(identity: FrameIdentity, bytes: number): OutgoingFrame {
  const { kind, isKeyframe, number, session, sentMs } = identity;
  const head = kind === "audio" ? AUDIO_HEAD : VIDEO_HEAD;
  const payload = new Uint8Array(Math.max(bytes, head + IDENTITY_BYTES));
  const view = new DataView(payload.buffer, head);
  if (kind === "audio") payload.set([0xaf, 1]);
  else {
    payload.set([isKeyframe ? 0x17 : 0x27, 1]);
    new DataView(payload.buffer).setUint32(NAL_AT, payload.length - NAL_AT - NAL_LENGTH_BYTES);
    payload[NAL_AT + NAL_LENGTH_BYTES] = isKeyframe ? 0x65 : 0x41;
  }
  view.setUint32(0, number);
  view.setUint32(4, session);
  view.setUint32(8, sentMs);
  fill(payload, head + IDENTITY_BYTES, number);
  return { typeId: kind === "audio" ? MessageType.Audio : MessageType.Video, timestampMs: sentMs, payload };
}

/** Reads a frame back; null when any byte of it is not as it was published. */
export function identify({ typeId, payload }: RtmpMessage): FrameIdentity | null {
  const kind = typeId === MessageType.Audio ? "audio" : "video";
  const head = kind === "audio" ? AUDIO_HEAD : VIDEO_HEAD;
  if (payload.length < head + IDENTITY_BYTES) return null;
  const view = new DataView(payload.buffer, payload.byteOffset + head);
  const identity: FrameIdentity = {
    kind,
    isKeyframe: kind === "video" && payload[0] === 0x17,
    number: view.getUint32(0),
    session: view.getUint32(4),
    sentMs: view.getUint32(8),
  };
  const expected = encodeFrame(identity, payload.length).payload;
  return expected.every((byte, i) => byte === payload[i]) ? identity : null;
}

function fill(payload: Uint8Array, from: number, seed: number): void {
  let value = seed;
  for (let i = from; i < payload.length; i++) payload[i] = value = (value * 73 + 41 + i) & 255;
}
