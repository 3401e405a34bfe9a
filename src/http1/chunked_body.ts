import { UpstreamError } from "../base/errors.ts";

/** Longest line with the size of a chunk; what some servers add after it is ignored. */
const MAX_LINE_BYTES = 1024;
/** Longest trailer. */
const MAX_TRAILER_BYTES = 8192;
const CR = 13;
const LF = 10;

/**
 * Takes the frames off a body in the chunked transfer coding, in pieces of any size. Source: RFC 9112 §7.1.
 */
export class ChunkedBody {
  #step: "size" | "data" | "dataEnd" | "trailer" | "end" = "size";
  /** Bytes of the line that is being read, as text. */
  #line = "";
  #leftBytes = 0;
  #trailerBytes = 0;

  /** The last chunk has come, with what follows it. */
  get isOver(): boolean {
    return this.#step === "end";
  }

  /**
   * Hands what `bytes` holds of the body to `onData`, as views on it. What follows the end is dropped.
   *
   * @throws {UpstreamError} `HttpResponseData` at the first broken place.
   */
  push(bytes: Uint8Array, onData: (view: Uint8Array) => void): void {
    for (let at = 0; at < bytes.length && this.#step !== "end";) {
      if (this.#step === "data") {
        const view = bytes.subarray(at, at + this.#leftBytes);
        at += view.length;
        this.#leftBytes -= view.length;
        if (this.#leftBytes === 0) this.#step = "dataEnd";
        onData(view);
      } else this.#onLineByte(bytes[at++]!);
    }
  }

  #onLineByte(byte: number): void {
    if (this.#step === "dataEnd" && byte !== (this.#line === "" ? CR : LF)) {
      throw broken("a chunk is longer than declared");
    }
    if (byte !== LF) {
      this.#line += String.fromCharCode(byte);
      if (this.#line.length > MAX_LINE_BYTES) throw broken(`a line has more than ${MAX_LINE_BYTES} bytes`);
      return;
    }
    if (this.#line.charCodeAt(this.#line.length - 1) !== CR) throw broken("a line ends without CR");
    const line = this.#line.slice(0, -1);
    this.#line = "";
    this.#onLine(line);
  }

  #onLine(line: string): void {
    if (this.#step === "size") {
      // Eight digits are more than any server sends, and never negative.
      const [, digits] = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
      if (digits === undefined) throw broken("a chunk has no size");
      this.#leftBytes = parseInt(digits, 16);
      this.#step = this.#leftBytes === 0 ? "trailer" : "data";
    } else if (this.#step === "dataEnd") {
      this.#step = "size";
    } else if (line === "") this.#step = "end";
    else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MAX_TRAILER_BYTES) throw broken(`the trailer has more than ${MAX_TRAILER_BYTES} bytes`);
    }
  }
}

function broken(what: string): UpstreamError {
  return new UpstreamError("HttpResponseData", `malformed chunked body: ${what}`);
}
