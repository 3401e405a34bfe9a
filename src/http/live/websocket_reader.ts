/** What a client says on a WebSocket, as far as it matters to a server that only sends. */
export interface WebSocketSink {
  onPing(payload: Uint8Array): void;
  /** The client closes. */
  onClose(): void;
  /** The client breaks the rules; `code` is for the close frame. */
  onBroken(code: number): void;
}

const PROTOCOL_ERROR = 1002;
const TOO_BIG = 1009;
const MAX_CONTROL_BYTES = 125;
/** Viewers have nothing to say: what they send is dropped, and much of it is an error. */
const MAX_DATA_BYTES = 64 * 1024;
const CLOSE = 8;
const PING = 9;
/** Longest header with its mask, as far as frames of {@link MAX_DATA_BYTES} have one. */
const MAX_HEADER_BYTES = 14;

/** Reads the frames of a client. Bytes may arrive split anywhere. Source: RFC 6455 §5. */
export class WebSocketReader {
  readonly #sink: WebSocketSink;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerUsed = 0;
  #headerBytes = 2;
  readonly #payload = new Uint8Array(MAX_CONTROL_BYTES);
  #payloadBytes = 0;
  #payloadRead = 0;
  #isOver = false;

  constructor(sink: WebSocketSink) {
    this.#sink = sink;
  }

  /** Takes what has arrived. After a close or an error everything is dropped. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#isOver;) {
      if (this.#headerUsed < this.#headerBytes) {
        this.#header[this.#headerUsed++] = bytes[at++]!;
        if (this.#headerUsed === this.#headerBytes) this.#readHeader();
      } else {
        const part = bytes.subarray(at, at + this.#payloadBytes - this.#payloadRead);
        if (this.#isControl) this.#payload.set(part, this.#payloadRead);
        this.#payloadRead += part.length;
        at += part.length;
        this.#finishIfWhole();
      }
    }
  }

  get #opcode(): number {
    return this.#header[0]! & 15;
  }

  get #isControl(): boolean {
    return this.#opcode >= 8;
  }

  #readHeader(): void {
    const first = this.#header[0]!;
    const second = this.#header[1]!;
    const short = second & 127;
    if (this.#headerUsed === 2) {
      const isWrong = (first & 0x70) !== 0 || second < 128 || (this.#opcode > 2 && this.#opcode < 8) ||
        this.#opcode > 10 || (this.#isControl && (first < 128 || short > MAX_CONTROL_BYTES));
      if (isWrong) return this.#break(PROTOCOL_ERROR);
      this.#headerBytes = 6 + (short === 126 ? 2 : short === 127 ? 8 : 0);
      return;
    }
    const view = new DataView(this.#header.buffer);
    const length = short === 127 ? Number(view.getBigUint64(2)) : short === 126 ? view.getUint16(2) : short;
    if (length > MAX_DATA_BYTES) return this.#break(TOO_BIG);
    this.#payloadBytes = length;
    this.#finishIfWhole();
  }

  #finishIfWhole(): void {
    if (this.#payloadRead < this.#payloadBytes) return;
    const opcode = this.#opcode;
    const mask = this.#header.subarray(this.#headerBytes - 4, this.#headerBytes);
    const payload = this.#payload.slice(0, this.#isControl ? this.#payloadBytes : 0).map((byte, i) =>
      byte ^ mask[i & 3]!
    );
    this.#headerUsed = this.#payloadBytes = this.#payloadRead = 0;
    this.#headerBytes = 2;
    if (opcode === PING) this.#sink.onPing(payload);
    else if (opcode === CLOSE) {
      this.#isOver = true;
      this.#sink.onClose();
    }
  }

  #break(code: number): void {
    this.#isOver = true;
    this.#sink.onBroken(code);
  }
}

/** A control frame from the server: close, or the answer to a ping. */
export function encodeControlFrame(kind: "close" | "pong", payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + payload.length);
  out[0] = 0x80 | (kind === "close" ? CLOSE : 10);
  out[1] = payload.length;
  out.set(payload, 2);
  return out;
}

/** A close frame with a code of RFC 6455 §7.4. */
export function encodeCloseFrame(code: number): Uint8Array {
  return encodeControlFrame("close", Uint8Array.of(code >> 8, code));
}
