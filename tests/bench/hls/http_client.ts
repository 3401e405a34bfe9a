import { gunzipSync } from "node:zlib";
import { concatBytes } from "../../../src/base/bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** An answer; `text` is empty where the body was only counted. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** What is asked for besides the path. */
export interface GetOptions {
  /** Whether the body is wanted as text. */
  readonly keepsBody: boolean;
  /** Lines of the request's head, each with its end. */
  readonly fields: string;
}

interface ServerAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Shared by all clients: what is read is looked at before the next read. */
const BUFFER_BYTES = 1024 * 1024;

/** A connection that is kept, for one request after the other; what it costs must be little beside a server's part. */
export class HttpClient {
  readonly #address: ServerAddress;
  #conn: Deno.Conn;
  #bytes = 0;

  private constructor(conn: Deno.Conn, address: ServerAddress) {
    this.#conn = conn;
    this.#address = address;
  }

  static async connect(hostname: string, port: number): Promise<HttpClient> {
    return new HttpClient(await Deno.connect({ hostname, port }), { hostname, port });
  }

  /** Bytes read since the last call, heads included. */
  takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  /** On a new connection where the server has ended the one there was. @throws {Error} Where that ends, too. */
  async get(path: string, options: GetOptions): Promise<HttpAnswer> {
    const bytes = this.#bytes;
    try {
      return await this.#ask(path, options);
    } catch (error) {
      if (this.#bytes !== bytes) throw error;
      this.#conn.close();
      this.#conn = await Deno.connect(this.#address);
      return await this.#ask(path, options);
    }
  }

  async #ask(path: string, { keepsBody, fields }: GetOptions): Promise<HttpAnswer> {
    const host = `${this.#address.hostname}:${this.#address.port}`;
    const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: srs-ts-load\r\n${fields}\r\n`;
    await this.#conn.write(encoder.encode(request));
    const buffer = bufferOf();
    let head = "";
    let leftBytes = -1;
    let status = 0;
    let isZipped = false;
    const body: Uint8Array[] = [];
    try {
      while (leftBytes !== 0) {
        const count = await this.#conn.read(buffer);
        if (count === null) throw new Error("the server has closed the connection");
        this.#bytes += count;
        if (leftBytes > 0) {
          if (keepsBody) body.push(buffer.slice(0, count));
          leftBytes = Math.max(0, leftBytes - count);
          continue;
        }
        const before = head.length;
        head += decoder.decode(buffer.subarray(0, count));
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) continue;
        const bodyAt = end + 4 - before;
        head = head.slice(0, end + 2);
        status = Number(head.slice(9, 12));
        isZipped = /\r\ncontent-encoding: *gzip/i.test(head);
        const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
        if (length === undefined) throw new Error(`an answer without Content-Length: ${head.slice(0, 200)}`);
        leftBytes = Number(length) - (count - bodyAt);
        if (keepsBody) body.push(buffer.slice(bodyAt, count));
      }
    } finally {
      spare.push(buffer);
    }
    if (!keepsBody) return { status, text: "" };
    const bytes = concatBytes(...body);
    return { status, text: isZipped ? gunzipSync(bytes).toString() : decoder.decode(bytes) };
  }
}

const spare: Uint8Array[] = [];

function bufferOf(): Uint8Array {
  return spare.pop() ?? new Uint8Array(BUFFER_BYTES);
}
