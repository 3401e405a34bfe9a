import { SrsError } from "../../../src/base/errors.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { FlvTagType } from "../../../src/flv/tag.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { freePort } from "../launcher.ts";
import { label } from "../media/packets.ts";
import { TestServer, until } from "./rtmp_rig.ts";

/** What a {@link WebServer} is configured with. */
export interface WebServerOptions {
  /** Directives of the default vhost, besides `http_remux`. */
  vhost?: string;
  /** Directives at the top level. */
  root?: string;
  /** Directives of `http_server`. */
  http?: string;
  remux?: string;
  /** Files. */
  dir?: string;
  /** In `http_api`. */
  api?: string;
  apiPort?: number;
  webPort?: number;
  /** RTMP. */
  port?: number;
}

/** A server of this process with RTMP, API, and streams and files over HTTP. */
export class WebServer extends TestServer {
  readonly http: HttpServer;
  readonly apiPort: number;
  readonly webPort: number;

  constructor(options: WebServerOptions = {}) {
    const { vhost = "", root = "", http = "", api = "", remux = "", dir = "/nonexistent" } = options;
    const { apiPort = freePort(), webPort = freePort() } = options;
    super(
      `http_remux { enabled on; ${remux} } ${vhost}`,
      `http_api { enabled on; listen 127.0.0.1:${apiPort}; ${api} }
       http_server { enabled on; listen 127.0.0.1:${webPort}; dir ${dir}; ${http} } ${root}`,
      // Not 0: coworkers are told the port that is configured.
      options.port ?? freePort(),
    );
    this.apiPort = apiPort;
    this.webPort = webPort;
    this.http = new HttpServer(this.server);
    this.http.start();
  }

  /** Address of a path. */
  url(path: string, scheme = "http"): string {
    return `${scheme}://127.0.0.1:${this.webPort}${path}`;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.http.stop();
    await super[Symbol.asyncDispose]();
  }
}

/** Reads a live FLV and keeps the labels of its tags. */
export class FlvReading {
  readonly labels: string[] = [];
  /** `label@time` of audio and video. */
  readonly media: string[] = [];
  readonly #demuxer = new FlvDemuxer();
  bytes = 0;

  push(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    for (const { type, timestampMs, payload } of this.#demuxer.push(bytes)) {
      const text = label({ typeId: type, payload });
      this.labels.push(text);
      if (type !== FlvTagType.Script) this.media.push(`${text}@${timestampMs}`);
    }
  }

  /** Kinds that the header announces, as `av`; empty before it came. */
  get announced(): string {
    const { header } = this.#demuxer;
    return `${header?.hasAudio ? "a" : ""}${header?.hasVideo ? "v" : ""}`;
  }

  /** Numbers of the frames, in the order they came. */
  get frames(): number[] {
    return this.labels.filter((text) => /^[KIA]\d/.test(text)).map((text) => Number(text.slice(1)));
  }

  /** The first numbers behind which frames are missing, or that came twice. */
  get breaks(): number[] {
    const { frames } = this;
    return frames.filter((id, i) => i > 0 && id !== frames[i - 1]! + 1);
  }

  /** Throws if a tag is half there. */
  end(): void {
    try {
      this.#demuxer.end();
    } catch (error) {
      throw new SrsError("FlvDecode", `cut after ${this.bytes} bytes`, { cause: error });
    }
  }
}

type FetchInit = RequestInit & { client?: Deno.HttpClient };

/** A viewer over HTTP, by `fetch`. */
export class FlvViewer extends FlvReading implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  /** 0 before there is an answer. */
  status = 0;
  headers = new Headers();
  /** Text of an answer that is no stream. */
  text = "";
  /** How it ended: `end` when the answer is complete, `cut` when it is not; empty while it lasts. */
  ended: "" | "end" | "cut" = "";

  constructor(url: string, init: FetchInit = {}) {
    super();
    this.#done = this.#run(url, init);
  }

  static async start(url: string, init: FetchInit = {}): Promise<FlvViewer> {
    const viewer = new FlvViewer(url, init);
    await viewer.answered();
    return viewer;
  }

  /** Waits for the head of the answer. */
  async answered(limitMs?: number): Promise<void> {
    await until("the answer begins", () => this.status > 0 || this.ended !== "", limitMs);
  }

  async waitForFrames(count: number, limitMs?: number): Promise<void> {
    const from = this.frames.length;
    await until(`${count} frames over HTTP`, () => this.frames.length >= from + count, limitMs);
  }

  async waitForEnd(limitMs?: number): Promise<void> {
    await until("the answer ends", () => this.ended !== "", limitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(url: string, init: FetchInit): Promise<void> {
    try {
      const answer = await fetch(url, { ...init, signal: this.#abort.signal });
      this.status = answer.status;
      this.headers = answer.headers;
      if (answer.headers.get("content-type") !== "video/x-flv") this.text = await answer.text();
      else for await (const piece of answer.body ?? []) this.push(piece);
      this.ended = "end";
    } catch {
      this.ended = "cut";
    }
  }
}

/** A client that sends what it is told to and keeps all that comes, as it comes. */
export class RawHttp implements Disposable {
  #bytes = new Uint8Array(1 << 16);
  #used = 0;
  closed = false;

  private constructor(readonly conn: Deno.TcpConn) {}

  static async dial(port: number, hostname = "127.0.0.1"): Promise<RawHttp> {
    return new RawHttp(await Deno.connect({ hostname, port }));
  }

  /** Dials, sends, and reads from then on. */
  static async ask(port: number, request: string | Uint8Array, hostname = "127.0.0.1"): Promise<RawHttp> {
    const client = await RawHttp.dial(port, hostname);
    client.listen();
    await client.send(request);
    return client;
  }

  async send(request: string | Uint8Array): Promise<void> {
    const bytes = typeof request === "string" ? new TextEncoder().encode(request) : request;
    try {
      for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
    } catch {
      // The server had enough.
    }
  }

  /** Everything received. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  get text(): string {
    return new TextDecoder("latin1").decode(this.bytes);
  }

  /** What follows the first head. */
  get body(): Uint8Array {
    const end = this.text.indexOf("\r\n\r\n");
    return end < 0 ? new Uint8Array(0) : this.bytes.subarray(end + 4);
  }

  /** Begins to read. */
  listen(): void {
    this.#read();
  }

  async has(pattern: RegExp, limitMs?: number): Promise<void> {
    await until(String(pattern), () => pattern.test(this.text), limitMs);
  }

  async waitForEnd(limitMs?: number): Promise<void> {
    await until("the server closes", () => this.closed, limitMs);
  }

  async #read(): Promise<void> {
    try {
      while (true) {
        if (this.#bytes.length - this.#used < 1 << 15) {
          const grown = new Uint8Array(this.#bytes.length * 2);
          grown.set(this.bytes);
          this.#bytes = grown;
        }
        const count = await this.conn.read(this.#bytes.subarray(this.#used));
        if (count === null) break;
        this.#used += count;
      }
    } catch {
      // Reset, or closed by the test.
    }
    this.closed = true;
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // Closed before.
    }
  }
}
