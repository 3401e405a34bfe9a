import { type AmfObject, decodeAmf0, encodeAmf0, isAmfObject, readAmf0 } from "../amf/amf0.ts";
import { ByteReader, equalBytes } from "../base/bytes.ts";
import { extraHeaderSlot, MediaFlag } from "../flv/codec.ts";
import type { MediaPacket } from "./packet.ts";

/** What a new player gets before any media: metadata, then audio, then video headers, as SRS orders them. Never changed. */
export interface StreamHeaders {
  readonly packets: readonly MediaPacket[];
  /** The publisher that is there has sent frames. */
  readonly isInUse: boolean;
}

const METADATA = "metadata";
/** Real headers have some hundred bytes and two slots. What is beyond passes through and is not kept. */
const MAX_HEADER_BYTES = 256 * 1024;
const MAX_SLOTS = 64;

export const noHeaders: StreamHeaders = { packets: [], isInUse: false };

/**
 * The newest metadata and decoder headers of a stream.
 *
 * Headers outlive the publisher, so that players that stay have them; when it returns, those that it does not send again
 * before its first frame are dropped.
 */
export class MetaCache {
  #metadata: MediaPacket | null = null;
  /** Sequence headers and other headers to keep, by kind and slot; audio before video. */
  readonly #slots = new Map<string, MediaPacket>();
  #headers: StreamHeaders = noHeaders;
  #fresh = new Set<string>();
  #isInUse = false;

  /** The headers of this moment; a new object after each change. */
  get headers(): StreamHeaders {
    return this.#headers;
  }

  get metadata(): MediaPacket | null {
    return this.#metadata;
  }

  /** The decoder configuration of a kind; null before it came. */
  sequenceHeader(kind: "audio" | "video"): MediaPacket | null {
    return this.#slots.get(`${kind}/0`) ?? null;
  }

  /** Keeps metadata. */
  putMetadata(packet: MediaPacket): void {
    this.#metadata = packet;
    this.#fresh.add(METADATA);
    this.#rebuild();
  }

  /**
   * Keeps a header.
   *
   * @returns True when it is the first of this publisher and equal, byte for byte, to what players have: no need to send it.
   */
  putHeader(packet: MediaPacket, flags: number): boolean {
    if (packet.payload.length > MAX_HEADER_BYTES) return false;
    const isVideo = packet.kind === "video";
    const slot = (flags & MediaFlag.SequenceHeader) !== 0
      ? 0
      : 1 + extraHeaderSlot(packet.payload, isVideo ? "video" : "audio");
    const key = `${packet.kind}/${slot}`;
    const known = this.#slots.get(key);
    const isRepeat = known !== undefined && !this.#fresh.has(key) && equalBytes(known.payload, packet.payload);
    this.#fresh.add(key);
    if (known !== undefined && equalBytes(known.payload, packet.payload)) return isRepeat;
    if (known === undefined && this.#slots.size >= MAX_SLOTS) return false;
    // A copy: the payload may be a small part of a large aggregate.
    this.#slots.set(key, { ...packet, payload: packet.payload.slice() });
    this.#rebuild();
    return false;
  }

  /** A publisher starts: what it does not send again is stale. */
  startSession(): void {
    this.#fresh = new Set();
  }

  /** The publisher has left. */
  endSession(): void {
    this.#isInUse = false;
    this.#rebuild();
  }

  /** The publisher sent its first frame: drops headers of the one before that it did not renew. */
  dropStale(): void {
    for (const key of [...this.#slots.keys()]) if (!this.#fresh.has(key)) this.#slots.delete(key);
    if (!this.#fresh.has(METADATA)) this.#metadata = null;
    this.#isInUse = true;
    this.#rebuild();
  }

  #rebuild(): void {
    const slots = [...this.#slots.values()];
    const packets = [
      ...(this.#metadata === null ? [] : [this.#metadata]),
      ...slots.filter((packet) => packet.kind === "audio"),
      ...slots.filter((packet) => packet.kind === "video"),
    ];
    this.#headers = { packets, isInUse: this.#isInUse };
  }
}

/** A script packet read: its name, and for `onMetaData` the packet as players get it. */
export interface ScriptData {
  name: string;
  packet: MediaPacket;
  metadata: AmfObject | null;
}

/**
 * Reads a script packet. `@setDataFrame` is taken off; metadata loses `duration`, a live stream has none, and gains who
 * serves it, as SRS does. Data with other names is handed on as it came. Null for what no player could use.
 *
 * @param identity Members to add to metadata (`server`, `server_version`).
 */
export function readScript(packet: MediaPacket, identity: AmfObject): ScriptData | null {
  const script = readName(packet.payload);
  if (script === null) return null;
  const { name, body, values } = script;
  if (name.startsWith("@") || name === "|RtmpSampleAccess") return null;
  if (name !== "onMetaData") return { name, packet: { ...packet, payload: body }, metadata: null };
  const data = readMetadata(values);
  if (data === null) return null;
  const { duration: _, ...kept } = data;
  const metadata: AmfObject = { ...kept, ...identity };
  return { name, packet: { ...packet, payload: encodeAmf0(name, metadata) }, metadata };
}

/** True for metadata of an encoder whose times are absolute. Source: SRS 7, `atc_auto`. */
export function asksForAtc({ bravo_atc: mark }: AmfObject): boolean {
  return mark === "true" || mark === true;
}

/** A script's name, its bytes from the name on, and those after the name. */
function readName(payload: Uint8Array): { name: string; body: Uint8Array; values: Uint8Array } | null {
  const reader = new ByteReader(payload);
  try {
    let name = readAmf0(reader);
    const from = name === "@setDataFrame" ? payload.length - reader.remaining : 0;
    if (from > 0) name = readAmf0(reader);
    return typeof name === "string" ? { name, body: payload.subarray(from), values: reader.readRest() } : null;
  } catch {
    return null;
  }
}

function readMetadata(values: Uint8Array): AmfObject | null {
  try {
    const [data] = decodeAmf0(values);
    return data !== undefined && isAmfObject(data) ? data : null;
  } catch {
    // Cameras send broken metadata; it is advice only and must not end the stream.
    return null;
  }
}
