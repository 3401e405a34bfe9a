import type { World } from "../../../src/base/world.ts";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../../src/base/bytes.ts";

const READ_BYTES = 4096;
const [CR, LF] = [13, 10];

/**
 * The part of a `Response` that servers use; Deno's own costs more than the request. What is missing here fails, and can be
 * added.
 */
class MemoryResponse {
  readonly #head: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly body: MemoryBody | null;
  #headers: Headers | null = null;

  constructor(readonly status: number, head: string, bytes: Uint8Array<ArrayBuffer>) {
    this.#head = head;
    this.#bytes = bytes;
    this.body = status === 204 || status === 304 ? null : new MemoryBody(bytes);
  }

  get headers(): Headers {
    this.#headers ??= new Headers(
      this.#head.split("\r\n").slice(1).map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }),
    );
    return this.#headers;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  text(): Promise<string> {
    return Promise.resolve(decodeUtf8(this.#bytes));
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(this.#bytes);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(this.#bytes.slice().buffer);
  }
}

/** `fetch` over the connections of a world: HTTP/1.1, one request a connection, bodies of a known length. */
export async function memoryFetch(world: Pick<World, "connect">, url: string, init: RequestInit): Promise<Response> {
  const [, authority = "", target = "/"] = /^http:\/\/([^/?]+)(.*)$/.exec(url) ?? [];
  const [, host = "", port = "80"] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  const signal = init.signal ?? new AbortController().signal;
  const socket = await world.connect({ host, port: Number(port) }, signal);
  const onAbort = () => socket.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const body = encodeUtf8(typeof init.body === "string" ? init.body : "");
    const lines = [
      `${init.method ?? "GET"} ${target} HTTP/1.1`,
      `Host: ${authority}`,
      ...fieldsOf(init.headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${body.length}`,
      "Connection: close",
    ];
    const request = concatBytes(encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`), body);
    for (let at = 0; at < request.length;) at += await socket.write(request.subarray(at));
    return await readResponse(socket);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.close();
  }
}

function fieldsOf(headers: HeadersInit = {}): [string, string][] {
  return headers instanceof Headers || Array.isArray(headers) ? [...new Headers(headers)] : Object.entries(headers);
}

async function readResponse(socket: { read(buffer: Uint8Array): Promise<number | null> }): Promise<Response> {
  const buffer = new Uint8Array(READ_BYTES);
  let bytes: Uint8Array<ArrayBuffer> | null = null;
  for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
    const more = buffer.subarray(0, count);
    bytes = bytes === null ? more.slice() : concatBytes(bytes, more);
  }
  bytes ??= new Uint8Array(0);
  const end = endOfHead(bytes);
  const head = decodeUtf8(bytes.subarray(0, Math.max(0, end)));
  const [, status] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r|$)/.exec(head) ?? [];
  if (status === undefined) throw new TypeError(`error sending request: ${end < 0 ? "no answer" : "no HTTP"}`);
  const body = bytes.slice(end + 4);
  const [, length = "0"] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  if (body.length < Number(length)) throw new TypeError("error reading a body from connection: the peer has ended it");
  return new MemoryResponse(Number(status), head, body) as unknown as Response;
}

function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
  }
  return -1;
}

/** What was fetched, in one piece. */
class MemoryBody implements AsyncIterable<Uint8Array> {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#bytes.length > 0) yield await Promise.resolve(this.#bytes);
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }
}
