import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeFlvHeader, encodeFlvTag } from "../../../src/flv/tag.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { audio, audioHeader, inter, key, videoHeader } from "../media/packets.ts";

/** A server that answers every HTTP request with what it is told to say, right or wrong. */
export class FakeFlvOrigin implements Disposable {
  readonly port: number;
  readonly text: string;
  /** Heads of the requests that came. */
  readonly asked: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #clients = new Set<Deno.TcpConn>();

  /** @param serve Called for each request; the connection is closed when it is done. */
  constructor(serve: (client: FakeFlvClient) => void | Promise<void>) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.text = `127.0.0.1:${this.port}`;
    this.#accept(serve);
  }

  /** Connections that are open. */
  get clients(): number {
    return this.#clients.size;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#clients) close(conn);
  }

  async #accept(serve: (client: FakeFlvClient) => void | Promise<void>): Promise<void> {
    for await (const conn of this.#listener) this.#answer(conn, serve);
  }

  async #answer(conn: Deno.TcpConn, serve: (client: FakeFlvClient) => void | Promise<void>): Promise<void> {
    this.#clients.add(conn);
    try {
      const buffer = new Uint8Array(8192);
      const count = await conn.read(buffer) ?? 0;
      if (count === 0) return;
      this.asked.push(new TextDecoder().decode(buffer.subarray(0, count)));
      const gone = conn.read(buffer).then(() => {}, () => {});
      await serve(new FakeFlvClient(conn, gone));
    } catch {
      // The client has left.
    } finally {
      this.#clients.delete(conn);
      close(conn);
    }
  }
}

/** The client of one request. */
export class FakeFlvClient {
  readonly #conn: Deno.TcpConn;
  /** Settles when the client has closed the connection. */
  readonly gone: Promise<void>;

  constructor(conn: Deno.TcpConn, gone: Promise<void>) {
    this.#conn = conn;
    this.gone = gone;
  }

  /** Sends text or bytes, as they are. */
  async send(bytes: string | Uint8Array): Promise<void> {
    const all = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    for (let at = 0; at < all.length;) at += await this.#conn.write(all.subarray(at));
  }
}

/** A live FLV as it begins: headers, and some frames numbered from `first` on. */
export function flvBytes(count: number, first = 10): Uint8Array {
  const frames = Array.from({ length: count }, (_, i) => {
    const [id, timeMs] = [first + i, i * 20];
    return i % 2 === 1 ? audio(id, timeMs) : i % 50 === 0 ? key(id, timeMs) : inter(id, timeMs);
  });
  const tags = [videoHeader(2), audioHeader(3), ...frames].map(({ kind, timestampMs, payload }) =>
    encodeFlvTag({ type: kind === "video" ? MessageType.Video : MessageType.Audio, timestampMs, payload })
  );
  return concatBytes(encodeFlvHeader({ hasAudio: true, hasVideo: true }), ...tags);
}

/** Bytes as chunks of the HTTP transfer coding, of `size` bytes each; without the last, empty one. */
export function inChunks(bytes: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const text = (line: string) => new TextEncoder().encode(line);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    parts.push(text(`${part.length.toString(16)}\r\n`), part, text("\r\n"));
  }
  return concatBytes(...parts);
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // Closed before.
  }
}
