import type { Timers } from "../../base/clock.ts";
import { describeError, SrsError, UpstreamError } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/bytes.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import type { Network } from "../../net/network.ts";
import type { DialOptions } from "../../net/tls/dial.ts";
import type { ClientEvent } from "../../rtmp/client_session.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import { offerMembers, readOfferHeaders } from "../../stream/segment_offer.ts";
import {
  DISCONTINUITIES_HEADER,
  EPOCH_HEADER,
  factMembers,
  readEpochHeader,
  readMarkHeader,
  readZeroHeader,
  ZERO_HEADER,
} from "../../stream/publish_facts.ts";
import { formatHost } from "../../rtmp/url.ts";
import { FlvResponse } from "./flv_response.ts";
import type { ResponseHead } from "../../http1/response_head.ts";

/** What to ask for, and how long each step may take. */
export interface FlvClientOptions extends Pick<DialOptions, "host" | "port" | "tls" | "mayTalkTo" | "signal"> {
  /** Path and query, as they are sent. */
  path: string;
  /** More headers, without line ends in them. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Name look-up and TCP. */
  connectTimeoutMs: number;
  /** The TLS handshake. */
  handshakeTimeoutMs: number;
  /** From the request to the head of an answer, if only a preliminary one. */
  headTimeoutMs: number;
  timers: Timers;
  network: Pick<Network, "dial">;
}

/** Who uses a client hears of the server here, in the words of an RTMP client. None is called after `close`. */
export interface FlvClientHandlers {
  onMedia(message: Pick<RtmpMessage, "typeId" | "timestampMs" | "payload">): void;
  onEvent(event: ClientEvent): void;
  /** What was read at once has been handed on. */
  onBurstEnd?(): void;
  /** The connection is over, for a reason that can be shown to a user. Called once, unless `close` was. */
  onEnd(error: UpstreamError): void;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const READ_BYTES = 64 * 1024;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * A connection to a server that plays one live stream over HTTP-FLV, from dialling to the end: owner of the socket.
 *
 * Not by `fetch`: that does not tell the address it talks to, which decides whether a redirect may lead there, has no
 * bound for headers, and takes half as much CPU again (200 against 140 ms a Gbit, Deno 2.9.6).
 */
export class FlvClient implements Disposable {
  readonly #options: FlvClientOptions;
  readonly #handlers: FlvClientHandlers;
  readonly #tcp: TcpConn;
  readonly #response: FlvResponse;
  readonly #deadline: { cancel(): void };
  #isReady = false;
  #closed = false;

  private constructor(tcp: TcpConn, options: FlvClientOptions, handlers: FlvClientHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#tcp = tcp;
    tcp.isServed = true;
    this.#response = new FlvResponse({
      onHead: (head) => this.#onHead(head),
      onTag: ({ type: typeId, timestampMs, payload }) => {
        if (!this.#closed) handlers.onMedia({ typeId, timestampMs, payload });
      },
      onComplete: () => this.#tell({ kind: "streamEnd" }),
    });
    const { headTimeoutMs, timers } = options;
    this.#deadline = timers.after(
      headTimeoutMs,
      () => this.#end(new UpstreamError("SocketTimeout", `${this.address}: no answer within ${headTimeoutMs} ms`)),
    );
  }

  /**
   * Dials and asks; how it goes on comes through the handlers.
   *
   * @throws {UpstreamError} `StConnect` if there is no TCP connection, or no TLS.
   */
  static async connect(options: FlvClientOptions, handlers: FlvClientHandlers): Promise<FlvClient> {
    const { connectTimeoutMs: timeoutMs, handshakeTimeoutMs: tlsTimeoutMs } = options;
    const tcp = await options.network.dial({ ...options, timeoutMs, tlsTimeoutMs });
    const client = new FlvClient(tcp, options, handlers);
    client.#run();
    return client;
  }

  /** `host:port` as dialled. */
  get address(): string {
    return `${formatHost(this.#options.host)}:${this.#options.port}`;
  }

  /** Address that the host name led to. */
  get remoteIp(): string {
    return this.#tcp.remoteIp;
  }

  /** Closes at once; no handler is called any more. */
  close(): void {
    this.#closed = true;
    this.#deadline.cancel();
    this.#tcp.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #run(): Promise<void> {
    try {
      await this.#ask();
      const end = await this.#tcp.readLoop((view) => this.#onBytes(view), {
        bufferBytes: READ_BYTES,
        // A full buffer: the rest of the burst is there already, and players are to get it in one write.
        handOn: (isFull) => {
          if (!this.#closed && !isFull) this.#handlers.onBurstEnd?.();
        },
      });
      if (this.#closed) return;
      if (end === "peerReset") throw new UpstreamError("StConnect", "the connection was reset");
      this.#response.end();
    } catch (error) {
      const [code, text] = error instanceof SrsError
        ? [error.codeName, error.message] as const
        : ["StConnect", describeError(error)] as const;
      this.#end(new UpstreamError(code, `${this.address}: ${text}`, { cause: error }));
    }
  }

  async #ask(): Promise<void> {
    const { host, port, tls = null, path, headers } = this.#options;
    const usualPort = tls === null ? HTTP_PORT : HTTPS_PORT;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${formatHost(host)}${port === usualPort ? "" : `:${port}`}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      "Accept: */*",
      "Connection: close",
    ];
    const bytes = encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`);
    for (let at = 0; at < bytes.length;) at += await this.#tcp.write(bytes.subarray(at));
  }

  #onBytes(view: Uint8Array): void {
    if (!this.#closed) this.#response.push(view);
  }

  #onHead({ status, server, location, headers }: ResponseHead): boolean {
    if (this.#closed) return false;
    if (status === 200 || status < 200) {
      // A server of our own kind says at once that it holds the request until the stream comes.
      if (status < 200) this.#tell({ kind: "connected", identity: { srs_server: server } });
      const epoch = readEpochHeader(headers.get(EPOCH_HEADER)) ?? 0;
      const zeroMs = readZeroHeader(headers.get(ZERO_HEADER));
      const discontinuities = readMarkHeader(headers.get(DISCONTINUITIES_HEADER));
      const members = {
        ...factMembers({ epoch, zeroMs, discontinuities }),
        ...offerMembers(readOfferHeaders(headers)),
      };
      if (Object.keys(members).length > 0) this.#tell({ kind: "told", members });
      if (!this.#isReady) this.#tell({ kind: "ready" });
      this.#isReady = true;
      this.#deadline.cancel();
      return true;
    }
    if (redirects.has(status) && location !== "") this.#tell({ kind: "redirect", url: this.#absolute(location) });
    else {
      const description = "the server refused the stream";
      this.#tell({ kind: "refused", status: { level: "error", code: `HTTP ${status}`, description } });
    }
    return false;
  }

  /** A location may be relative to what was asked for; one that makes no sense is left as it is. */
  #absolute(location: string): string {
    const base = `${this.#options.tls ? "https" : "http"}://${this.address}${this.#options.path}`;
    return URL.canParse(location, base) ? new URL(location, base).href : location;
  }

  #tell(event: ClientEvent): void {
    if (!this.#closed) this.#handlers.onEvent(event);
  }

  #end(error: UpstreamError): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.onEnd(error);
  }
}
