import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";

/** What one message of a publish is. */
export interface Frame {
  /** Number of the publish, unique in a scenario. */
  readonly session: number;
  /** Number of the frame in it. */
  readonly index: number;
  readonly kind: "key" | "inter" | "audio" | "videoHeader" | "audioHeader";
}

const SPS = "6742c00dd901519e226c0440000003004000000f03c50a92";

/** What others make of it, as segments of HLS, is H.264 of 320x180, and AAC of 44.1 kHz. */
const heads: Record<Frame["kind"], readonly number[]> = {
  // AVC: keyframe or not, NALU, composition time; the length of the only unit, and its kind.
  key: [0x17, 1, 0, 0, 0, 0, 0, 0, 0, 0x65],
  inter: [0x27, 1, 0, 0, 0, 0, 0, 0, 0, 0x41],
  // Its one PPS is the frame's own: its length, and its kind.
  videoHeader: [0x17, 0, 0, 0, 0, ...bytesOf(`0142c00dffe10018${SPS}010000`), 0x68],
  audio: [0xaf, 1],
  audioHeader: [0xaf, 0, 0x12, 0x10],
};

/** Bytes besides the frame's own. */
const LABEL_BYTES = 8;

/**
 * The payload of a frame: it says which one it is, and all its bytes follow from that.
 *
 * @param compositionMs Composition time offset of a B-frame.
 */
export function framePayload({ session, index, kind }: Frame, bytes: number, compositionMs = 0): Uint8Array {
  const head = heads[kind];
  const payload = new Uint8Array(head.length + LABEL_BYTES + bytes).fill(fillOf(session, index));
  payload.set(head);
  if (kind === "inter") payload[4] = compositionMs;
  const view = new DataView(payload.buffer);
  view.setUint32(head.length, session);
  view.setUint32(head.length + 4, index);
  // From the byte on that says what kind it is.
  if (kind === "key" || kind === "inter") view.setUint32(head.length - 5, payload.length - head.length + 1);
  if (kind === "videoHeader") view.setUint16(head.length - 3, payload.length - head.length + 1);
  return payload;
}

/** The frame that a message bears; a text where it is none, or its bytes have changed. */
export function readFrame({ typeId, payload }: Pick<RtmpMessage, "typeId" | "payload">): Frame | string {
  const isVideo = typeId === MessageType.Video;
  const kind = isVideo
    ? payload[1] === 0 ? "videoHeader" : payload[0] === 0x17 ? "key" : "inter"
    : payload[1] === 0
    ? "audioHeader"
    : "audio";
  const at = heads[kind].length;
  if (payload.length < at + LABEL_BYTES) return `${kind} of ${payload.length} bytes`;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const [session, index] = [view.getUint32(at), view.getUint32(at + 4)];
  const fill = fillOf(session, index);
  for (let i = at + LABEL_BYTES; i < payload.length; i++) {
    if (payload[i] !== fill) return `${kind} ${session}/${index}: byte ${i} is ${payload[i]} instead of ${fill}`;
  }
  return { session, index, kind };
}

/** Metadata of a publish. */
export function metadataPayload(session: number): Uint8Array {
  return encodeAmf0("@setDataFrame", "onMetaData", { session, width: 768, height: 320 });
}

function fillOf(session: number, index: number): number {
  return (session * 31 + index * 7 + 13) & 0xff;
}

function bytesOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
}
