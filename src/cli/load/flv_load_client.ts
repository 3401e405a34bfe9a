import { FlvSkimmer } from "./flv_skimmer.ts";
import type { LoadClientOptions } from "./rtmp_load_client.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const LF = 10;

/** The load's own HTTP-FLV client: one request, then chunks of HTTP/1.1 or a plain body, as the server likes. */
export class FlvLoadClient {
  /** When the request was sent, by `performance.now()`. */
  requestedAtMs = 0;
  readonly #conn: Deno.Conn;
  readonly #options: LoadClientOptions;
  readonly #skimmer: FlvSkimmer;
  #head = "";
  #isBody = false;
  #isChunked = false;
  #line = "";
  /** Of the chunk, with the line end behind it. */
  #chunkLeft = 0;

  private constructor(conn: Deno.Conn, options: LoadClientOptions) {
    this.#conn = conn;
    this.#options = options;
    this.#skimmer = new FlvSkimmer((message) => options.onMedia?.(message));
  }

  /** Connects and asks; {@link run} does the rest. */
  static async connect(options: LoadClientOptions): Promise<FlvLoadClient> {
    const { host, port, app, stream } = options;
    const client = new FlvLoadClient(await Deno.connect({ hostname: host, port }), options);
    const request = `GET /${app}/${stream}.flv HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: srs-ts-load\r\n\r\n`;
    client.requestedAtMs = performance.now();
    await client.#conn.write(encoder.encode(request));
    return client;
  }

  /** Reads until the server closes; never throws. */
  async run(): Promise<void> {
    const buffer = new Uint8Array(this.#options.bufferBytes);
    try {
      for (let count = await this.#conn.read(buffer); count !== null; count = await this.#conn.read(buffer)) {
        this.#options.onRead?.(count);
        this.#push(buffer.subarray(0, count));
      }
    } catch {
      // Reset: the caller counts ends, not reasons.
    }
    this.close();
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed before.
    }
  }

  #push(view: Uint8Array): void {
    let at = 0;
    while (!this.#isBody && at < view.length) {
      this.#head += decoder.decode(view.subarray(at, ++at));
      if (!this.#head.endsWith("\r\n\r\n")) continue;
      if (!this.#head.startsWith("HTTP/1.1 200")) throw new Error(this.#head.split("\r\n")[0]);
      this.#isBody = true;
      this.#isChunked = /transfer-encoding: *chunked/i.test(this.#head);
    }
    if (this.#isChunked) this.#pushChunks(view, at);
    else this.#skimmer.push(view.subarray(at));
  }

  #pushChunks(view: Uint8Array, from: number): void {
    for (let at = from; at < view.length;) {
      if (this.#chunkLeft > 2) {
        const count = Math.min(this.#chunkLeft - 2, view.length - at);
        this.#skimmer.push(view.subarray(at, at + count));
        this.#chunkLeft -= count;
        at += count;
      } else if (this.#chunkLeft > 0) {
        this.#chunkLeft--;
        at++;
      } else if (view[at] !== LF) this.#line += String.fromCharCode(view[at++]!);
      else {
        this.#chunkLeft = parseInt(this.#line, 16) + 2;
        this.#line = "";
        at++;
      }
    }
  }
}
