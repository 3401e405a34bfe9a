import { type AmfValue, decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { ChunkReader } from "../../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { setChunkSize } from "../../../src/rtmp/control.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import type { SourceOptions } from "../../../src/stream/source_options.ts";

/** Chunk size of the sources under test: small, so that messages have several chunks. */
export const CHUNK_SIZE = 4096;

export const sourceOptions: SourceOptions = {
  chunkSizeBytes: CHUNK_SIZE,
  mwLatencyMs: 350,
  mwMsgs: 0,
  gopCache: true,
  gopCacheMaxFrames: 2500,
  queueLengthMs: 30_000,
  sendMinIntervalMs: 0,
  timeJitter: "full",
  atcAuto: false,
  mixCorrect: false,
  reduceSequenceHeader: false,
  identity: { server: "test" },
};

/** H.264 keyframe number `id`, labelled `K<id>`. */
export function key(id: number, timestampMs: number, bytes = 40): MediaPacket {
  return media("video", [0x17, 1, 0, 0, 0], id, timestampMs, bytes);
}

/** H.264 inter frame, labelled `I<id>`. */
export function inter(id: number, timestampMs: number, bytes = 40): MediaPacket {
  return media("video", [0x27, 1, 0, 0, 0], id, timestampMs, bytes);
}

/** AAC frame, labelled `A<id>`. */
export function audio(id: number, timestampMs: number, bytes = 20): MediaPacket {
  return media("audio", [0xaf, 1], id, timestampMs, bytes);
}

/** H.264 sequence header, labelled `VH<id>`. */
export function videoHeader(id: number, timestampMs = 0): MediaPacket {
  return media("video", [0x17, 0, 0, 0, 0], id, timestampMs, 20);
}

/** AAC sequence header, labelled `AH<id>`. */
export function audioHeader(id: number, timestampMs = 0): MediaPacket {
  return media("audio", [0xaf, 0], id, timestampMs, 8);
}

/** Script data, labelled by its name; metadata by its `id` too. */
export function script(...values: AmfValue[]): MediaPacket {
  return { kind: "script", timestampMs: 0, payload: encodeAmf0(...values) };
}

export function metadata(id: number): MediaPacket {
  return script("@setDataFrame", "onMetaData", { id });
}

function media(kind: "audio" | "video", head: number[], id: number, timestampMs: number, bytes: number): MediaPacket {
  const payload = new Uint8Array(Math.max(bytes, head.length + 4)).fill(id);
  payload.set(head);
  new DataView(payload.buffer).setUint32(head.length, id);
  return { kind, timestampMs, payload };
}

/** Name of a packet as the functions above made it, such as `K12` or `meta1`. */
export function label({ typeId, payload }: Pick<RtmpMessage, "typeId" | "payload">): string {
  if (typeId === MessageType.Data) {
    const [name, data] = decodeAmf0(payload);
    return name === "onMetaData" ? `meta${(data as { id: number }).id}` : String(name);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (typeId === MessageType.Audio) return `${payload[1] === 0 ? "AH" : "A"}${view.getUint32(2)}`;
  const kind = payload[1] === 0 ? "VH" : payload[0] === 0x17 ? "K" : "I";
  return `${kind}${view.getUint32(5)}`;
}

/** The label with the timestamp, such as `K12@40`. */
export function labelAt(message: RtmpMessage): string {
  return `${label(message)}@${message.timestampMs}`;
}

/** Reads what a player receives; throws where the bytes are no proper chunks. */
export class WireReader {
  readonly messages: RtmpMessage[] = [];
  readonly #chunks = new ChunkReader((message) => this.messages.push(message));

  constructor() {
    this.#chunks.push(encodeMessage(setChunkSize(CHUNK_SIZE), 128));
  }

  push(view: Uint8Array): void {
    this.#chunks.push(view);
  }

  /** True unless a message is half there. */
  get isWhole(): boolean {
    return this.#chunks.partialBytes === 0;
  }

  /** Labels of everything since the last call. */
  take(): string[] {
    return this.messages.splice(0).map(label);
  }

  /** Labels with timestamps of everything since the last call. */
  takeAt(): string[] {
    return this.messages.splice(0).map(labelAt);
  }
}
