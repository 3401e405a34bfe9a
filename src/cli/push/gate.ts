import { type AmfObject, EcmaArray, encodeAmf0 } from "../../amf/amf0.ts";
import { equalBytes } from "../../base/bytes.ts";
import { MediaFlag } from "../../flv/codec.ts";
import type { TimedTag } from "../../flv/looper.ts";
import { FlvTagType } from "../../flv/tag.ts";
import { MetaCache, noHeaders, readScript, type StreamHeaders } from "../../stream/meta_cache.ts";
import type { MediaPacket, PacketKind } from "../../stream/packet.ts";

/** A message of the stream, ready to be published. */
export interface OutgoingMessage {
  typeId: number;
  /** Milliseconds; does not wrap. */
  timeMs: number;
  payload: Uint8Array;
  /** Audio or video of its own, no header. */
  isFrame: boolean;
}

/** A stream without another keyframe (intra refresh) goes on without one after this much of it was held back. */
const MAX_KEYFRAME_WAIT_MS = 10_000;

/** A GOP larger than this is not kept: 8 s of 8 Mbit/s. */
const MAX_GOP_BYTES = 8 * 1024 * 1024;

/** Members of metadata that are true of a file only, not of the endless stream made from it. */
const fileMembers = new Set([
  "duration",
  "filesize",
  "datasize",
  "videosize",
  "audiosize",
  "lasttimestamp",
  "lastkeyframetimestamp",
  "lastkeyframelocation",
  "keyframes",
  "cuePoints",
  "hasKeyframes",
  "hasCuePoints",
  "canSeekToEnd",
]);

/**
 * Decides what of a stream is sent: each start, on a new connection or after a jam, begins with a keyframe, and on a new
 * connection metadata and decoder headers come before it. Headers that a server has already are not sent again.
 *
 * A new connection begins with the newest keyframe there was, not with the next: what players have of its GOP servers do
 * not repeat, so that nothing is missing in between.
 */
export class PushGate {
  readonly #cache = new MetaCache();
  /** What the server has of the headers. */
  #sentHeaders: StreamHeaders = noHeaders;
  #isOpen = false;
  #hasVideo = false;
  /** The newest keyframe and all behind it; empty where it is not kept. */
  #gop: OutgoingMessage[] = [];
  #gopBytes = 0;
  #beginsWithGop = false;
  /** Time of the first tag held back; null while there is none. */
  #heldSinceMs: number | null = null;

  /** A new connection: the server knows nothing yet. */
  restart(): void {
    this.#sentHeaders = noHeaders;
    this.hold();
    this.#beginsWithGop = true;
  }

  /** Sends nothing more before the next keyframe. */
  hold(): void {
    this.#isOpen = false;
    this.#heldSinceMs = null;
  }

  /**
   * Takes the next tag.
   *
   * @param canSend False while there is no connection, or no room in its queue: closes the gate.
   * @returns What is to be sent now, in order, maybe nothing; null for a frame that is held back.
   */
  offer(tag: TimedTag, canSend: boolean): OutgoingMessage[] | null {
    if (!canSend) this.hold();
    const kind = kindOf(tag.type);
    if (kind === "video") this.#hasVideo = true;
    if (kind === "script") return this.#offerScript(tag);
    if ((tag.flags & (MediaFlag.SequenceHeader | MediaFlag.ExtraHeader)) !== 0) {
      const before = this.#cache.headers;
      this.#cache.putHeader(packetOf(kind, tag), tag.flags);
      // What came before another header cannot be decoded with it.
      if (this.#cache.headers !== before) this.#gop = [];
      return this.#isOpen ? this.#newHeaders(tag.timeMs) : [];
    }
    const message = messageOf(tag, (tag.flags & MediaFlag.SequenceEnd) === 0);
    this.#keep(message, (tag.flags & MediaFlag.Keyframe) !== 0);
    if (canSend && !this.#isOpen && this.#beginsWithGop && this.#gop.length > 0) return this.#beginWithGop();
    if (canSend && !this.#isOpen) this.#isOpen = this.#mayStart(tag);
    if (!this.#isOpen) return null;
    this.#beginsWithGop = false;
    return [...this.#newHeaders(tag.timeMs), message];
  }

  #keep(message: OutgoingMessage, isKeyframe: boolean): void {
    if (isKeyframe) {
      this.#gop = [];
      this.#gopBytes = 0;
    } else if (this.#gop.length === 0) return;
    this.#gop.push(message);
    this.#gopBytes += message.payload.length;
    if (this.#gopBytes > MAX_GOP_BYTES) this.#gop = [];
  }

  #beginWithGop(): OutgoingMessage[] {
    this.#isOpen = true;
    this.#beginsWithGop = false;
    return [...this.#newHeaders(this.#gop[0]!.timeMs), ...this.#gop];
  }

  #offerScript(tag: TimedTag): OutgoingMessage[] {
    const script = tag.type === FlvTagType.Script ? readScript(packetOf("script", tag), {}) : null;
    if (script !== null && script.metadata !== null) {
      const packet = { ...script.packet, payload: encodeMetadata(script.metadata) };
      const known = this.#cache.metadata;
      if (known === null || !equalBytes(known.payload, packet.payload)) this.#cache.putMetadata(packet);
      return this.#isOpen ? this.#newHeaders(tag.timeMs) : [];
    }
    const isUsable = script !== null || tag.type === FlvTagType.ScriptAmf3;
    return this.#isOpen && isUsable ? [messageOf(tag, false)] : [];
  }

  #mayStart(tag: TimedTag): boolean {
    this.#heldSinceMs ??= tag.timeMs;
    return !this.#hasVideo || (tag.flags & MediaFlag.Keyframe) !== 0 ||
      tag.timeMs - this.#heldSinceMs >= MAX_KEYFRAME_WAIT_MS;
  }

  /** The headers that the server does not have, stamped with the time of what follows. */
  #newHeaders(timeMs: number): OutgoingMessage[] {
    const { headers } = this.#cache;
    const fresh = headers.packets.filter((packet) => !this.#sentHeaders.packets.includes(packet));
    this.#sentHeaders = headers;
    return fresh.map(({ kind, payload }) => ({ typeId: typeOf[kind], timeMs, payload, isFrame: false }));
  }
}

const typeOf = { audio: FlvTagType.Audio, video: FlvTagType.Video, script: FlvTagType.Script };

function kindOf(type: number): PacketKind {
  return type === FlvTagType.Audio ? "audio" : type === FlvTagType.Video ? "video" : "script";
}

function messageOf({ type, timeMs, payload }: TimedTag, isFrame: boolean): OutgoingMessage {
  return { typeId: type, timeMs, payload, isFrame };
}

function packetOf(kind: PacketKind, { payload, timeMs }: TimedTag): MediaPacket {
  return { kind, timestampMs: timeMs >>> 0, payload };
}

/** `@setDataFrame`, as encoders send it: servers that keep metadata for later players look for it. */
function encodeMetadata(metadata: AmfObject): Uint8Array {
  const kept = Object.entries(metadata).filter(([name]) => !fileMembers.has(name));
  return encodeAmf0("@setDataFrame", "onMetaData", new EcmaArray(Object.fromEntries(kept)));
}
