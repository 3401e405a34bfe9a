import { ByteQueue } from "../base/byte_queue.ts";
import { SrsError } from "../base/errors.ts";
import {
  type FlvHeader,
  type FlvTag,
  type FlvTagHeader,
  flvTagHeaderBytes,
  FlvTagType,
  maxFlvPayloadBytes,
  parseFlvTagHeader,
} from "./tag.ts";

const fileHeaderBytes = 9;
/** A header may be longer than 9 bytes "in future versions"; none is, so more than this is nonsense. */
const maxFileHeaderBytes = 1024;
/** Input is taken in pieces of this size, so that what is buffered has a bound. */
const pieceBytes = 65_536;
const maxBufferedBytes = flvTagHeaderBytes + maxFlvPayloadBytes + pieceBytes;
const knownTypes: readonly number[] = Object.values(FlvTagType);

/**
 * Reads an FLV file or stream in pieces of any size. A tag comes out as soon as its payload is whole.
 *
 * Errors are `SrsError` "FlvDecode" and name the byte offset. PreviousTagSize must fit, except for what common
 * muxers get wrong: 0, or the length without the tag header.
 */
export class FlvDemuxer {
  readonly #queue = new ByteQueue(maxBufferedBytes);
  /** What the next bytes are. */
  #step: "fileHeader" | "headerRest" | "previousTagSize" | "tagHeader" | "payload" = "fileHeader";
  #offset = 0;
  #header: FlvHeader | null = null;
  #headerRestBytes = 0;
  #tagHeader: FlvTagHeader | null = null;
  /** Length of the last tag with its header; what PreviousTagSize must say. */
  #lastTagBytes = 0;
  #error: SrsError | null = null;

  /** The file header; null until it was read. */
  get header(): FlvHeader | null {
    return this.#header;
  }

  /** Bytes read and understood so far. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Takes bytes and returns the tags that they complete; payloads are copies.
   *
   * @throws {SrsError} At the first broken place, or at the next call if the same bytes held whole tags before it.
   */
  push(bytes: Uint8Array): FlvTag[] {
    if (this.#error !== null) throw this.#error;
    const tags: FlvTag[] = [];
    try {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        this.#queue.push(bytes.subarray(at, at + pieceBytes));
        while (this.#advance(tags));
      }
    } catch (error) {
      if (!(error instanceof SrsError)) throw error;
      this.#error = error;
      if (tags.length === 0) throw error;
    }
    return tags;
  }

  /**
   * To be called at the end of input.
   *
   * @throws {SrsError} If the input was broken, or ends within the header or a tag. A missing last PreviousTagSize is fine.
   */
  end(): void {
    if (this.#error !== null) throw this.#error;
    const left = this.#queue.length;
    const atBoundary = this.#step === "tagHeader" || this.#step === "previousTagSize" && this.#lastTagBytes > 0;
    if (atBoundary && left === 0) return;
    throw this.#fail(`truncated: ${this.#missing(left)}`, this.#offset + left);
  }

  #missing(left: number): string {
    switch (this.#step) {
      case "fileHeader":
      case "headerRest":
        return "incomplete FLV header";
      case "previousTagSize":
        return `${left} of 4 bytes of PreviousTagSize`;
      case "tagHeader":
        return `${left} of ${flvTagHeaderBytes} bytes of a tag header`;
      case "payload":
        return `${left} of ${this.#tagHeader?.payloadBytes} bytes of a tag that begins at byte ${
          this.#offset - flvTagHeaderBytes
        }`;
    }
  }

  /** One step on, if the bytes for it are there. */
  #advance(tags: FlvTag[]): boolean {
    switch (this.#step) {
      case "fileHeader":
        return this.#readFileHeader();
      case "headerRest":
        return this.#skipHeaderRest();
      case "previousTagSize":
        return this.#readPreviousTagSize();
      case "tagHeader":
        return this.#readTagHeader();
      case "payload":
        return this.#readPayload(tags);
    }
  }

  #take(count: number): Uint8Array | null {
    const bytes = this.#queue.take(count);
    if (bytes !== null) this.#offset += count;
    return bytes;
  }

  #readFileHeader(): boolean {
    const bytes = this.#take(fileHeaderBytes);
    if (bytes === null) return false;
    const view = new DataView(bytes.buffer);
    if (view.getUint32(0) >>> 8 !== 0x464c56) throw this.#fail('not an FLV file: it does not begin with "FLV"', 0);
    if (view.getUint8(3) !== 1) throw this.#fail(`unknown FLV version ${view.getUint8(3)}`, 3);
    const headerBytes = view.getUint32(5);
    if (headerBytes < fileHeaderBytes || headerBytes > maxFileHeaderBytes) {
      throw this.#fail(`header of ${headerBytes} bytes, expected ${fileHeaderBytes} to ${maxFileHeaderBytes}`, 5);
    }
    const flags = view.getUint8(4);
    this.#header = { hasAudio: (flags & 4) !== 0, hasVideo: (flags & 1) !== 0 };
    this.#headerRestBytes = headerBytes - fileHeaderBytes;
    this.#step = "headerRest";
    return true;
  }

  #skipHeaderRest(): boolean {
    if (this.#take(this.#headerRestBytes) === null) return false;
    this.#step = "previousTagSize";
    return true;
  }

  #readPreviousTagSize(): boolean {
    const bytes = this.#take(4);
    if (bytes === null) return false;
    const size = new DataView(bytes.buffer).getUint32(0);
    const expected = this.#lastTagBytes;
    if (size !== expected && size !== 0 && size !== expected - flvTagHeaderBytes) {
      throw this.#fail(`PreviousTagSize ${size} after a tag of ${expected} bytes`, this.#offset - 4);
    }
    this.#step = "tagHeader";
    return true;
  }

  #readTagHeader(): boolean {
    const bytes = this.#take(flvTagHeaderBytes);
    if (bytes === null) return false;
    const header = parseFlvTagHeader(bytes);
    const start = this.#offset - flvTagHeaderBytes;
    if (!knownTypes.includes(header.type)) throw this.#fail(`unknown tag type ${header.type}`, start);
    if (header.isEncrypted) throw this.#fail("encrypted tags are not supported", start);
    this.#tagHeader = header;
    this.#step = "payload";
    return true;
  }

  #readPayload(tags: FlvTag[]): boolean {
    const header = this.#tagHeader;
    const payload = header === null ? null : this.#take(header.payloadBytes);
    if (header === null || payload === null) return false;
    tags.push({ type: header.type, timestampMs: header.timestampMs, payload });
    this.#lastTagBytes = flvTagHeaderBytes + header.payloadBytes;
    this.#step = "previousTagSize";
    return true;
  }

  #fail(text: string, offset: number): SrsError {
    return new SrsError("FlvDecode", `FLV: ${text} (at byte ${offset})`);
  }
}
