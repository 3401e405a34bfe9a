const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** An answer; `text` is empty where the body was only counted. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Shared by all clients: what is read is looked at before the next read. */
const BUFFER_BYTES = 65_536;

/** A connection that is kept, for one request after the other; what it costs must be little beside a server's part. */
export class HttpClient {
  readonly #conn: Deno.Conn;
  readonly #host: string;
  #bytes = 0;

  private constructor(conn: Deno.Conn, host: string) {
    this.#conn = conn;
    this.#host = host;
  }

  static async connect(host: string, port: number): Promise<HttpClient> {
    return new HttpClient(await Deno.connect({ hostname: host, port }), `${host}:${port}`);
  }

  /** Bytes read since the last call, heads included. */
  takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  /** @param keepsBody Whether the body is wanted as text. @throws {Error} Where the connection ends. */
  async get(path: string, keepsBody: boolean): Promise<HttpAnswer> {
    const head = `GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nUser-Agent: srs-ts-load\r\n\r\n`;
    await this.#conn.write(encoder.encode(head));
    const buffer = bufferOf();
    let text = "";
    let leftBytes = -1;
    let status = 0;
    let body = "";
    try {
      while (leftBytes !== 0) {
        const count = await this.#conn.read(buffer);
        if (count === null) throw new Error("the server has closed the connection");
        this.#bytes += count;
        if (leftBytes > 0) {
          if (keepsBody) body += decoder.decode(buffer.subarray(0, count));
          leftBytes = Math.max(0, leftBytes - count);
          continue;
        }
        text += decoder.decode(buffer.subarray(0, count));
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) continue;
        status = Number(text.slice(9, 12));
        const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2))?.[1];
        if (length === undefined) throw new Error(`an answer without Content-Length: ${text.slice(0, 200)}`);
        const has = text.length - end - 4;
        leftBytes = Number(length) - has;
        if (keepsBody) body = text.slice(end + 4);
        text = "";
      }
    } finally {
      spare.push(buffer);
    }
    return { status, text: body };
  }
}

const spare: Uint8Array[] = [];

function bufferOf(): Uint8Array {
  return spare.pop() ?? new Uint8Array(BUFFER_BYTES);
}
