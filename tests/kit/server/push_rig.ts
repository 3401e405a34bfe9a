import { systemWorld } from "../../../src/net/system_world.ts";
import { createLogger } from "../../../src/base/log.ts";
import type { CliIo, Command } from "../../../src/cli/command.ts";
import { parseCommandLine } from "../../../src/cli/parse_args.ts";
import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import { RtmpServerSession, type SessionEvent, type SessionRequest } from "../../../src/rtmp/server_session.ts";
import { Server } from "../../../src/server/server.ts";
import { acceptAll, openReply } from "../peers/peers.ts";

/** What a command printed, and how it ended. */
export interface CommandRun {
  out: string;
  err: string;
  /** Ctrl-C. */
  stop(): void;
  /** The exit status. */
  readonly status: Promise<number>;
}

/** Runs a command of the program in this process, as if its words had been typed. */
export function run(command: Command, ...words: string[]): CommandRun {
  const abort = new AbortController();
  const running = { out: "", err: "", stop: () => abort.abort() };
  const io: CliIo = {
    out: (text) => running.out += text,
    err: (text) => running.err += text,
    isTerminal: false,
    color: false,
    stop: abort.signal,
  };
  const args = parseCommandLine(words, command.options);
  return Object.assign(running, { status: Promise.resolve().then(() => command.run(args, io)) });
}

/** Waits until `test` holds, at most `limitMs`. */
export async function until(test: () => boolean, what: string, limitMs = 5000): Promise<void> {
  for (const endMs = performance.now() + limitMs; !test();) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A real origin in this process. */
export class Origin implements AsyncDisposable {
  readonly server: Server;

  /** @param directives Of the default vhost. */
  constructor(directives = "", port = 0) {
    const text = `listen 1935; vhost __defaultVhost__ { ${directives} }`;
    const config = requireConfig(loadConfig({ path: "test.conf", text }));
    const [listen] = config.listen;
    this.server = new Server({ ...config, listen: [{ ...listen!, host: "127.0.0.1", port }] }, createLogger("test"));
    this.server.start();
  }

  get port(): number {
    return this.server.rtmp.ports[0]!;
  }

  url(stream = "s"): string {
    return `rtmp://127.0.0.1:${this.port}/live/${stream}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** A server of which the test decides how it answers; it keeps what it is sent. */
export class FakeServer implements Disposable {
  readonly port: number;
  /** Requests and events by their kind, of all connections: `publish live/s`, `unpublish`, `closed`. */
  readonly log: string[] = [];
  readonly media: RtmpMessage[] = [];
  #listener: Deno.TcpListener;
  #conns = new Set<TcpConn>();
  #answer: (request: SessionRequest, session: RtmpServerSession, server: FakeServer) => void;

  constructor(answer: (request: SessionRequest, session: RtmpServerSession, server: FakeServer) => void = acceptAll) {
    this.#answer = answer;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  url(stream = "s"): string {
    return `rtmp://127.0.0.1:${this.port}/live/${stream}`;
  }

  /** Sends a message to every client, behind the answer to its connect. */
  async send(message: RtmpMessage): Promise<void> {
    for (const conn of this.#conns) await conn.write(encodeMessage(message, openReply.chunkSizeBytes));
  }

  /** Ends all connections. */
  hangUp(): void {
    for (const conn of this.#conns) conn.close();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.hangUp();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#serve(new TcpConn(conn, systemWorld)).catch(() => this.log.push("broken"));
    }
  }

  async #serve(conn: TcpConn): Promise<void> {
    this.#conns.add(conn);
    const session: RtmpServerSession = new RtmpServerSession({
      onRequest: (request) => {
        this.log.push(
          request.kind === "connect"
            ? "connect"
            : `${request.kind} ${request.url.app}/${request.url.stream}${request.url.query}`,
        );
        this.#answer(request, session, this);
      },
      onEvent: ({ kind }: SessionEvent) => this.log.push(kind),
      // Its payload is only lent.
      onMedia: (message) => this.media.push({ ...message, payload: message.payload.slice() }),
    }, { random: (count) => crypto.getRandomValues(new Uint8Array(count)), nowMs: 0 });
    try {
      await conn.readLoop(async (view) => {
        session.receive(view);
        for (let out = session.takeOutput(); out !== null; out = session.takeOutput()) await conn.write(out);
      }, { bufferBytes: 65536 });
      this.log.push("closed");
    } finally {
      this.#conns.delete(conn);
      conn.close();
    }
  }
}

/** A server that speaks no RTMP: `serve` gets each connection. */
export class RawServer implements Disposable {
  readonly port: number;
  #listener: Deno.TcpListener;
  #conns: Deno.TcpConn[] = [];

  constructor(serve: (conn: Deno.TcpConn) => Promise<unknown> | void) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept(serve);
  }

  url(): string {
    return `rtmp://127.0.0.1:${this.port}/live/s`;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // The test closed it.
      }
    }
  }

  async #accept(serve: (conn: Deno.TcpConn) => Promise<unknown> | void): Promise<void> {
    for await (const conn of this.#listener) {
      this.#conns.push(conn);
      Promise.resolve(serve(conn)).catch(() => {});
    }
  }
}

/** A port on which nothing listens. */
export function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
