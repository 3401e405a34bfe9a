import { type AmfObject, type AmfValue, decodeAmf0, isAmfObject } from "../../../src/amf/amf0.ts";
import { ChunkReader } from "../../../src/rtmp/chunk_reader.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";

/** C0 C1 C2, or S0 S1 S2. */
export const HANDSHAKE_BYTES = 1 + 1536 + 1536;

/** The two directions of a captured dialogue, up to 60,000 bytes each. */
export interface Capture {
  name: string;
  c2s: Uint8Array;
  s2c: Uint8Array;
}

const captureNames = [
  "srs-origin.ffmpeg-publish",
  "srs-origin.ffmpeg-play",
  "srs-origin.rtmpdump-play",
  "srs-origin.gst-rtmp2src-play",
  "srs-origin.gst-rtmp2sink-publish",
  "srs-origin.redirect-ffprobe",
  "srs-edge.pull-direct",
  "srs-edge.pull-redirect",
  "srs-edge.forward-publish",
] as const;

export const captures: readonly Capture[] = captureNames.map((name) => ({
  name,
  c2s: readCapture(`${name}.c2s.bin`),
  s2c: readCapture(`${name}.s2c.bin`),
}));

export function captureOf(name: typeof captureNames[number]): Capture {
  return captures.find((capture) => capture.name === name)!;
}

function readCapture(file: string): Uint8Array {
  return Deno.readFileSync(new URL(`../../fixtures/captures/${file}`, import.meta.url));
}

/** A message as tests compare it: commands and data by their values, all else by its bytes. */
export interface Spoken {
  typeId: number;
  csid: number;
  msid: number;
  body: AmfValue[] | string;
}

/** All messages behind the handshake; a last one may be cut off. */
export function messagesOf(direction: Uint8Array): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  new ChunkReader((message) => messages.push(message)).push(direction.subarray(HANDSHAKE_BYTES));
  return messages;
}

/** Whether a message belongs to the stream itself: audio, video, metadata. */
export function isStreamMedia({ typeId, payload }: RtmpMessage): boolean {
  if (typeId === MessageType.Audio || typeId === MessageType.Video) return true;
  return typeId === MessageType.Data && decodeAmf0(payload)[0] !== "|RtmpSampleAccess";
}

export function speak({ typeId, csid, msid, payload }: RtmpMessage): Spoken {
  const isAmf = typeId === MessageType.Command || typeId === MessageType.Data;
  const hex = () => Array.from(payload, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { typeId, csid, msid, body: isAmf ? decodeAmf0(payload) : hex() };
}

/** Control and commands of one direction, in order. */
export function dialogueOf(direction: Uint8Array): Spoken[] {
  return messagesOf(direction).filter((message) => !isStreamMedia(message)).map(speak);
}

/** What a captured SRS said of itself in the answer to `connect`, in its order. */
export function identityOf(s2c: Uint8Array): AmfObject {
  for (const { body } of dialogueOf(s2c)) {
    const [name, , , info] = body;
    if (name !== "_result" || info === undefined || !isAmfObject(info as AmfValue)) continue;
    const { data } = info as AmfObject;
    if (data !== undefined && isAmfObject(data)) {
      const { version: _, ...identity } = data;
      return identity;
    }
  }
  throw new TypeError("no answer to connect in this capture");
}
