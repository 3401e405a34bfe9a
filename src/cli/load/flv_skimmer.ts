import type { SkimmedMessage } from "./chunk_skimmer.ts";
import { STAMP_END } from "./frame_stamp.ts";

const FILE_HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;

/** Follows the tags of a live FLV at the least cost: headers are parsed, payloads are stepped over. */
export class FlvSkimmer {
  readonly #onMessage: (message: SkimmedMessage) => void;
  readonly #message: SkimmedMessage = {
    typeId: 0,
    msid: 0,
    timestampMs: 0,
    length: 0,
    head: new Uint8Array(STAMP_END),
    body: new Uint8Array(0),
  };
  readonly #header = new Uint8Array(FILE_HEADER_BYTES);
  #headerBytes = FILE_HEADER_BYTES;
  #headerUsed = 0;
  /** Payload and PreviousTagSize still to come. */
  #left = 0;
  #isInTag = false;

  constructor(onMessage: (message: SkimmedMessage) => void) {
    this.#onMessage = onMessage;
  }

  push(view: Uint8Array): void {
    for (let at = 0; at < view.length;) {
      if (this.#left > 0) at += this.#payload(view, at);
      else {
        this.#header[this.#headerUsed++] = view[at++]!;
        if (this.#headerUsed === this.#headerBytes) this.#begin();
      }
    }
  }

  #begin(): void {
    this.#headerUsed = 0;
    this.#headerBytes = TAG_HEADER_BYTES;
    if (!this.#isInTag) {
      this.#isInTag = true;
      return;
    }
    const view = new DataView(this.#header.buffer);
    const message = this.#message;
    message.typeId = view.getUint8(0);
    message.length = view.getUint32(0) & 0xffffff;
    message.timestampMs = ((view.getUint32(4) >>> 8) | (view.getUint8(7) << 24)) >>> 0;
    message.head.fill(0);
    this.#left = message.length + 4;
  }

  #payload(view: Uint8Array, at: number): number {
    const message = this.#message;
    const done = message.length + 4 - this.#left;
    const count = Math.min(this.#left, view.length - at);
    const headEnd = Math.min(STAMP_END, message.length, done + count);
    for (let i = done; i < headEnd; i++) message.head[i] = view[at + i - done]!;
    this.#left -= count;
    if (this.#left === 0) this.#onMessage(message);
    return count;
  }
}
