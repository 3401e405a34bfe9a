import { concatBytes, encodeUtf8 } from "../../base/bytes.ts";
import { UpstreamError } from "../../base/errors.ts";
import type { Socket } from "../../base/socket.ts";
import type { Tracer } from "../../base/trace.ts";
import type { Fetch, World } from "../../base/world.ts";
import { ChunkedBody } from "../../http1/chunked_body.ts";
import { parseResponseHead, type ResponseHead } from "../../http1/response_head.ts";
import { formatHost } from "../../rtmp/url.ts";

const HTTP_PORT = 80;
const READ_BYTES = 16 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_BODY_BYTES = 256 * 1024;
const PROTOCOL = "HTTP/1.";

/**
 * `fetch` for questions that are put all the time, and which no trace is to show: each one of Deno's own is a span, and
 * cannot be kept from being one (2.9.6). HTTP/1.1 without TLS, a connection for each request, no body, no redirects.
 *
 * Rejects as `fetch` does: with a `TypeError` whose cause tells what the system says. With an `UpstreamError`
 * (`HttpResponseData`) if the answer is longer than makes sense.
 */
export function plainFetch(world: Pick<World, "connect">): Fetch {
  return async (url, { method = "GET", headers, signal }) => {
    const address = new URL(url);
    const giveUp = signal ?? new AbortController().signal;
    const host = address.hostname.replace(/^\[|\]$/g, "");
    let socket: Socket | null = null;
    const onAbort = () => socket?.close();
    giveUp.addEventListener("abort", onAbort, { once: true });
    try {
      socket = await world.connect({ host, port: Number(address.port || HTTP_PORT) }, giveUp);
      giveUp.throwIfAborted();
      // Not the path that `URL` makes of it: that changes what it finds odd.
      const target = url.slice(url.indexOf("/", url.indexOf("//") + 2));
      await send(socket, [
        `${method} ${target} HTTP/1.1`,
        `Host: ${formatHost(host)}${address.port === "" ? "" : `:${address.port}`}`,
        ...[...new Headers(headers)].map(([name, value]) => `${name}: ${value}`),
        ...(method === "GET" ? [] : ["Content-Length: 0"]),
        "Accept: */*",
        "Connection: close",
      ]);
      return await new AnswerReader(socket, method === "HEAD").read();
    } catch (error) {
      if (error instanceof UpstreamError || error instanceof TypeError || giveUp.aborted) throw error;
      throw new TypeError(`error sending request for url (${url})`, { cause: error });
    } finally {
      giveUp.removeEventListener("abort", onAbort);
      socket?.close();
    }
  };
}

/** For questions that are part of no trace, some in a second. @param tracer Null while nobody wants traces. */
export function quietFetch(world: Pick<World, "connect" | "fetch">, tracer: Tracer | null): Fetch {
  return tracer === null ? world.fetch : plainFetch(world);
}

async function send(socket: Socket, lines: readonly string[]): Promise<void> {
  const bytes = encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`);
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}

/** Reads one answer, up to its end or that of the connection. */
class AnswerReader {
  readonly #socket: Socket;
  readonly #isHeadOnly: boolean;
  readonly #buffer = new Uint8Array(READ_BYTES);

  constructor(socket: Socket, isHeadOnly: boolean) {
    this.#socket = socket;
    this.#isHeadOnly = isHeadOnly;
  }

  async read(): Promise<Response> {
    let head: ResponseHead | null = null;
    let rest: Uint8Array = new Uint8Array(0);
    // What is preliminary (1xx) is followed by another one.
    while (head === null || head.status < 200) [head, rest] = await this.#readHead(rest);
    const { status, headers, body } = head;
    const isEmpty = this.#isHeadOnly || status === 204 || status === 304;
    return new Response(isEmpty ? null : await this.#readBody(body, rest), { status, headers });
  }

  async #readHead(begun: Uint8Array): Promise<[head: ResponseHead, rest: Uint8Array]> {
    let bytes = begun;
    while (true) {
      const text = String.fromCharCode(...bytes.subarray(0, MAX_HEAD_BYTES));
      const end = text.indexOf("\r\n\r\n");
      if (!PROTOCOL.startsWith(text.slice(0, PROTOCOL.length))) throw new TypeError("not an HTTP/1 response");
      if (end >= 0) {
        const head = parseResponseHead(bytes.subarray(0, end));
        if (typeof head === "string") throw new TypeError(`invalid response: ${head}`);
        return [head, bytes.subarray(end + 4)];
      }
      if (bytes.length >= MAX_HEAD_BYTES) throw new TypeError("response headers too long");
      const more = await this.#more();
      if (more === null) throw new TypeError("the connection ended before the answer");
      bytes = concatBytes(bytes, more);
    }
  }

  async #readBody(kind: ResponseHead["body"], begun: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const chunks = new ChunkedBody();
    const pieces: Uint8Array[] = [];
    let length = 0;
    const take = (view: Uint8Array) => {
      pieces.push(view.slice());
      length += view.length;
    };
    for (let bytes: Uint8Array | null = begun;; bytes = await this.#more()) {
      if (bytes === null) {
        if (kind === "untilClose") return concatBytes(...pieces);
        throw new TypeError("the connection ended within the answer");
      }
      if (kind === "chunks") chunks.push(bytes, take);
      else take(bytes);
      if (length > MAX_BODY_BYTES) throw new UpstreamError("HttpResponseData", "answer too long");
      if (kind === "chunks" ? chunks.isOver : typeof kind === "number" && length >= kind) {
        return concatBytes(...pieces).slice(0, typeof kind === "number" ? kind : length);
      }
    }
  }

  async #more(): Promise<Uint8Array | null> {
    const count = await this.#socket.read(this.#buffer);
    return count === null ? null : this.#buffer.slice(0, count);
  }
}
