import { ChunkSkimmer, readLoadU32, type SkimmedMessage } from "./chunk_skimmer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Values the load's commands need, as AMF0. */
export type LoadAmfValue = string | number | null | { [key: string]: string | number };

/** Encodes values one after the other as AMF0. */
export function encodeLoadAmf(...values: LoadAmfValue[]): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  const text = (value: string) => {
    const utf8 = encoder.encode(value);
    out.push(utf8.length >> 8, utf8.length & 255, ...utf8);
  };
  const scalar = (value: string | number) => {
    if (typeof value === "string") {
      out.push(2);
      text(value);
    } else {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, value);
      out.push(0, ...bytes);
    }
  };
  for (const value of values) {
    if (value === null) {
      out.push(5);
    } else if (typeof value === "object") {
      out.push(3);
      for (const [key, field] of Object.entries(value)) {
        text(key);
        scalar(field);
      }
      out.push(0, 0, 9);
    } else {
      scalar(value);
    }
  }
  return Uint8Array.from(out);
}

/** One message as a fmt 0 chunk with as many fmt 3 chunks as it takes. */
export function encodeLoadChunks(
  header: { csid: number; typeId: number; msid: number; timestampMs: number },
  payload: Uint8Array,
  chunkSize: number,
): Uint8Array<ArrayBuffer> {
  const { csid, typeId, msid, timestampMs } = header;
  const extended = timestampMs >= 0xffffff;
  const chunks = Math.max(1, Math.ceil(payload.length / chunkSize));
  const out = new Uint8Array(12 + (chunks - 1) + (extended ? 4 * chunks : 0) + payload.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, (csid << 24) | Math.min(timestampMs, 0xffffff));
  view.setUint32(4, (payload.length << 8) | typeId);
  view.setUint32(8, msid, true);
  let at = 12;
  for (let from = 0; from === 0 || from < payload.length; from += chunkSize) {
    if (from > 0) out[at++] = 0xc0 | csid;
    if (extended) {
      view.setUint32(at, timestampMs);
      at += 4;
    }
    const part = payload.subarray(from, from + chunkSize);
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Options of {@link RtmpLoadClient.connect}. */
export interface LoadClientOptions {
  host: string;
  port: number;
  app: string;
  stream: string;
  role: "play" | "publish";
  /** Size of the read buffer. */
  bufferBytes: number;
  /** Audio, video and script messages. */
  onMedia?(message: SkimmedMessage): void;
  /** Called before the bytes of one read are skimmed. */
  onRead?(count: number): void;
}

/** Chunk size of what the load sends. */
export const SEND_CHUNK_SIZE = 60_000;

/**
 * The load's own RTMP client, small and honest: simple handshake, the usual commands, acknowledgements and pongs.
 * `started` settles when the server has accepted the play or publish, or has refused it.
 */
export class RtmpLoadClient {
  readonly started: Promise<void>;
  /** When the play or publish command was sent, by `performance.now()`. */
  requestedAtMs = 0;
  msid = 1;
  readonly #conn: Deno.Conn;
  readonly #options: LoadClientOptions;
  readonly #skimmer = new ChunkSkimmer((message) => this.#onMessage(message));
  readonly #outcome = Promise.withResolvers<void>();
  #received = 0;
  #acknowledged = 0;
  #windowAckSize = 2_500_000;
  #sending: Promise<unknown> = Promise.resolve();

  private constructor(conn: Deno.Conn, options: LoadClientOptions) {
    this.#conn = conn;
    this.#options = options;
    this.started = this.#outcome.promise;
    this.started.catch(() => {});
  }

  /** Connects, shakes hands and asks; {@link run} does the rest. */
  static async connect(options: LoadClientOptions): Promise<RtmpLoadClient> {
    const conn = await Deno.connect({ hostname: options.host, port: options.port });
    conn.setNoDelay(true);
    const client = new RtmpLoadClient(conn, options);
    try {
      await client.#handshake();
    } catch (error) {
      conn.close();
      throw error;
    }
    const tcUrl = `rtmp://${options.host}:${options.port}/${options.app}`;
    client.#control(1, SEND_CHUNK_SIZE);
    client.#command(encodeLoadAmf("connect", 1, { app: options.app, flashVer: "LNX 9,0,124,2", tcUrl }));
    return client;
  }

  async #handshake(): Promise<void> {
    const c0c1 = crypto.getRandomValues(new Uint8Array(1537));
    c0c1[0] = 3;
    // Time and version zero: the simple handshake.
    c0c1.fill(0, 1, 9);
    await this.send(c0c1);
    const answer = new Uint8Array(1 + 1536 * 2);
    for (let at = 0; at < answer.length;) {
      const count = await this.#conn.read(answer.subarray(at));
      if (count === null) throw new Error("the server closed in the handshake");
      at += count;
    }
    await this.send(answer.slice(1, 1537));
  }

  /** Reads until the server closes or `close()`; never throws. */
  async run(): Promise<void> {
    const buffer = new Uint8Array(this.#options.bufferBytes);
    const { onRead } = this.#options;
    try {
      while (true) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        onRead?.(count);
        this.#skimmer.push(buffer.subarray(0, count));
        this.#received += count;
        if (this.#received - this.#acknowledged >= this.#windowAckSize) {
          this.#acknowledged = this.#received;
          this.#control(3, this.#received >>> 0);
        }
      }
    } catch {
      // Reset, or closed by us: the caller counts ends, not reasons.
    }
    this.#outcome.reject(new Error("the server closed the connection"));
    this.close();
  }

  /** Sends bytes after everything sent before. */
  send(bytes: Uint8Array): Promise<void> {
    const sent = this.#sending.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    });
    this.#sending = sent.catch(() => {});
    return sent;
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed before.
    }
  }

  #control(typeId: number, value: number): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, value);
    this.#post(encodeLoadChunks({ csid: 2, typeId, msid: 0, timestampMs: 0 }, payload, SEND_CHUNK_SIZE));
  }

  #command(payload: Uint8Array, msid = 0): void {
    this.#post(
      encodeLoadChunks({ csid: msid === 0 ? 3 : 8, typeId: 20, msid, timestampMs: 0 }, payload, SEND_CHUNK_SIZE),
    );
  }

  /** Sends without waiting: when it fails, the read loop sees the end too. */
  #post(bytes: Uint8Array): void {
    this.send(bytes).catch(() => {});
  }

  #onMessage(message: SkimmedMessage): void {
    const { typeId, body } = message;
    if (typeId === 8 || typeId === 9 || typeId === 18) {
      this.#options.onMedia?.(message);
    } else if (typeId === 5) {
      this.#windowAckSize = readLoadU32(body) || this.#windowAckSize;
    } else if (typeId === 4 && body[1] === 6) {
      const pong = body.slice();
      pong[1] = 7;
      this.#post(encodeLoadChunks({ csid: 2, typeId: 4, msid: 0, timestampMs: 0 }, pong, SEND_CHUNK_SIZE));
    } else if (typeId === 20) {
      this.#onCommand(body);
    }
  }

  #onCommand(body: Uint8Array): void {
    const text = decoder.decode(body);
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const name = text.slice(3, 3 + view.getUint16(1));
    if (name === "_result") {
      const transaction = view.getFloat64(11);
      if (transaction === 1) this.#command(encodeLoadAmf("createStream", 2, null));
      // Layout of the answer: name (10 bytes), transaction (9), null (1), then the id as a number.
      if (transaction === 2) this.#ask(view.getFloat64(21));
    } else if (name === "_error" || (name === "onStatus" && text.includes("error"))) {
      this.#outcome.reject(new Error(`refused: ${text.replace(/[^\x20-\x7e]+/g, " ")}`));
    } else if (name === "onStatus" && /NetStream\.(Play|Publish)\.Start/.test(text)) {
      this.#outcome.resolve();
    }
  }

  #ask(msid: number): void {
    const { role, stream } = this.#options;
    this.msid = msid;
    this.requestedAtMs = performance.now();
    this.#command(
      role === "play" ? encodeLoadAmf("play", 4, null, stream) : encodeLoadAmf("publish", 4, null, stream, "live"),
      msid,
    );
  }
}
