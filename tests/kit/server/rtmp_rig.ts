import { systemTimers } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { ProtocolError, type UpstreamError } from "../../../src/base/errors.ts";
import { type AmfValue, decodeAmf0 } from "../../../src/amf/amf0.ts";
import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import { ChunkReader } from "../../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import type { ClientEvent } from "../../../src/rtmp/client_session.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { setChunkSize } from "../../../src/rtmp/control.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { Server } from "../../../src/server/server.ts";
import { assertEquals, assertLess } from "../assert.ts";
import { audio, audioHeader, inter, key, label, metadata, videoHeader } from "../media/packets.ts";
import { TestLog } from "../test_log.ts";

export { freePort } from "../launcher.ts";

/** Waits some milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `test` holds. */
export async function until(what: string, test: () => boolean, limitMs = 8000): Promise<void> {
  for (const endMs = performance.now() + limitMs; !test();) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(5);
  }
}

/** Declares a test with servers in it. */
export function serverTest(name: string, fn: () => Promise<void>, { ignore = false } = {}): void {
  Deno.test({
    name,
    fn: async () => {
      await fn();
      // Turns of the event loop, and records for other threads, wait for a moment more.
      await sleep(10);
    },
    ignore,
  });
}

/** The same with TLS: whether a closed connection has let go of its file is looked at up to a second later. */
export function tlsTest(name: string, fn: () => Promise<void>, { ignore = false } = {}): void {
  Deno.test({ name, fn, ignore, sanitizeOps: false, sanitizeResources: false });
}

/** A server of this process, on a free port of the loopback, with a log that can be read. */
export class TestServer implements AsyncDisposable {
  readonly log = new TestLog();
  readonly server: Server;
  readonly port: number;

  /**
   * @param vhost Directives of the default vhost.
   * @param root Directives at the top level.
   */
  constructor(vhost = "", root = "", port = 0) {
    const text = `listen 1935; ${root} vhost __defaultVhost__ { ${vhost} }`;
    const config = requireConfig(loadConfig({ path: "t.conf", text }));
    const [listen] = config.listen;
    this.server = new Server({ ...config, listen: [{ ...listen!, host: "127.0.0.1", port }] }, this.log);
    this.server.start();
    this.port = this.server.rtmp.ports[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }

  /** What must not grow. */
  get holds(): { connections: number; clients: number; streams: number } {
    const { rtmp, registry } = this.server;
    return { connections: rtmp.connectionCount, clients: registry.clientCount, streams: registry.streams().size };
  }
}

/** One RTMP client of a test: the program's own client, and what happened to it. */
class Peer implements Disposable {
  readonly events: ClientEvent[] = [];
  /** Why the connection ended; empty while it lives. */
  ended = "";
  protected client: RtmpClient | null = null;

  constructor(readonly port: number, readonly stream: string) {}

  protected async connect(role: "play" | "publish", onMedia: (message: RtmpMessage) => void): Promise<void> {
    const { port, stream } = this;
    this.client = await RtmpClient.connect({
      host: "127.0.0.1",
      port,
      connectTimeoutMs: 5000,
      handshakeTimeoutMs: 5000,
      timers: systemTimers,
      network: networkOf(systemWorld),
      session: {
        role,
        tcUrl: `rtmp://127.0.0.1:${port}/live`,
        app: "live",
        name: stream,
        chunkSizeBytes: 60_000,
        handshake: "simple",
        ...this.connectArgs(),
      },
    }, {
      onMedia,
      onEvent: (event) => this.events.push(event),
      onEnd: (error: UpstreamError) => this.ended = error.message,
    });
    await until(`${role} ${stream} starts`, () => this.ended !== "" || this.has("ready") || this.has("refused"));
  }

  protected connectArgs(): object {
    return {};
  }

  has(kind: ClientEvent["kind"]): boolean {
    return this.events.some((event) => event.kind === kind);
  }

  /** Codes of statuses and refusals. */
  get codes(): string[] {
    return this.events.flatMap((event) => event.kind === "status" || event.kind === "refused" ? event.status.code : []);
  }

  [Symbol.dispose](): void {
    this.client?.close();
  }
}

/** Publishes numbered frames in real time: headers, then video at 25/s with a keyframe every second, and audio. */
export class Publisher extends Peer {
  readonly sent: string[] = [];
  /** Settled once the server has answered. */
  started: Promise<void> = Promise.resolve();
  #id = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param frameBytes Size of a video frame. */
  static async start(port: number, stream: string, frameBytes = 500): Promise<Publisher> {
    const publisher = Publisher.begin(port, stream, frameBytes);
    await publisher.started;
    return publisher;
  }

  /** As {@link start}, but waits for nothing: it has an answer once {@link started} is settled. */
  static begin(port: number, stream: string, frameBytes = 500): Publisher {
    const publisher = new Publisher(port, stream);
    publisher.started = publisher.connect("publish", () => {}).then(() => {
      if (publisher.has("ready")) publisher.#run(frameBytes);
    });
    return publisher;
  }

  #run(frameBytes: number): void {
    const startedMs = performance.now();
    this.send(metadata(1));
    this.send(videoHeader(2));
    this.send(audioHeader(3));
    this.#timer = setInterval(() => {
      for (; this.#id * 20 < performance.now() - startedMs && this.ended === ""; this.#id++) {
        const id = this.#id + 10;
        const timeMs = this.#id * 20;
        if (this.#id % 2 === 1) this.send(audio(id, timeMs));
        else this.send(this.#id % 50 === 0 ? key(id, timeMs, frameBytes) : inter(id, timeMs, frameBytes));
      }
    }, 20);
  }

  send({ kind, timestampMs, payload }: ReturnType<typeof key>): void {
    const typeId = kind === "audio" ? MessageType.Audio : kind === "video" ? MessageType.Video : MessageType.Data;
    this.client?.publish(typeId, timestampMs, payload);
    this.sent.push(label({ typeId, payload }));
  }

  /** Sends no more frames, the connection stays. */
  pause(): void {
    clearInterval(this.#timer);
  }

  /** Ends the stream as encoders do. */
  unpublish(): void {
    this.pause();
    this.client?.unpublish();
  }

  override [Symbol.dispose](): void {
    this.pause();
    super[Symbol.dispose]();
  }
}

/** Plays and keeps the labels of what comes. */
export class Viewer extends Peer {
  readonly labels: string[] = [];
  readonly timestampsMs: number[] = [];
  /** Longest time between two messages. */
  worstGapMs = 0;
  #lastMs = 0;
  #asEdge = false;

  /** @param asEdge Says that it is an edge of a cluster. */
  static async start(port: number, stream: string, asEdge = false): Promise<Viewer> {
    const viewer = new Viewer(port, stream);
    viewer.#asEdge = asEdge;
    await viewer.connect("play", (message) => viewer.#onMedia(message));
    return viewer;
  }

  protected override connectArgs(): object {
    return this.#asEdge ? { connectArgs: { srs_server: "SRS/6.0.0", srs_version: "6.0.0" } } : {};
  }

  #onMedia(message: RtmpMessage): void {
    // |RtmpSampleAccess is data too.
    if (message.typeId === MessageType.Data && decodeAmf0(message.payload)[0] !== "onMetaData") return;
    this.labels.push(label(message));
    if (message.typeId !== MessageType.Data) this.timestampsMs.push(message.timestampMs);
    const nowMs = performance.now();
    if (this.#lastMs > 0) this.worstGapMs = Math.max(this.worstGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
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

  async waitForFrames(count: number, limitMs?: number): Promise<void> {
    const from = this.frames.length;
    await until(`${count} frames of ${this.stream}`, () => this.frames.length >= from + count, limitMs);
  }
}

const SEND_CHUNK = 128;

/** A client that says what it is told to say, right or wrong. */
export class RawPeer implements Disposable {
  readonly messages: RtmpMessage[] = [];
  /** The server closed or reset the connection. */
  closed = false;
  #reader: ChunkReader | null = null;
  #reading: Promise<void> | null = null;

  private constructor(readonly conn: Deno.TcpConn) {}

  /** A TCP connection on which nothing was said. */
  static async dial(port: number): Promise<RawPeer> {
    return new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** One that has shaken hands. */
  static async shakeHands(port: number): Promise<RawPeer> {
    const peer = await RawPeer.dial(port);
    const c0c1 = new Uint8Array(1537);
    c0c1[0] = 3;
    await peer.send(c0c1);
    let left = 3073;
    while (left > 0) {
      const count = await peer.conn.read(new Uint8Array(left));
      if (count === null) throw new Error("closed in the handshake");
      left -= count;
    }
    await peer.send(new Uint8Array(1536));
    return peer;
  }

  /** One that has shaken hands and connected to app `live`; it reads from now on. */
  static async connect(port: number): Promise<RawPeer> {
    const peer = await RawPeer.shakeHands(port);
    peer.listen();
    await peer.command("connect", 1, { app: "live", tcUrl: `rtmp://127.0.0.1:${port}/live` });
    await until("connect is answered", () => peer.closed || peer.names.includes("_result"));
    return peer;
  }

  /** Sends everything; false if the server was gone before. */
  async send(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
      return true;
    } catch {
      return false;
    }
  }

  message(typeId: number, payload: Uint8Array, csid = 3, msid = 0): Promise<boolean> {
    return this.send(encodeMessage({ csid, typeId, msid, timestampMs: 0, payload }, SEND_CHUNK));
  }

  command(name: string, transactionId: number, ...values: AmfValue[]): Promise<boolean> {
    return this.send(encodeMessage(encodeCommand({ csid: 3, msid: 0 }, name, transactionId, ...values), SEND_CHUNK));
  }

  async setChunkSize(bytes: number): Promise<void> {
    await this.send(encodeMessage(setChunkSize(bytes), SEND_CHUNK));
  }

  /** Names of the commands received. */
  get names(): string[] {
    return this.commands.map(([name]) => String(name));
  }

  /** Values of the commands received. */
  get commands(): AmfValue[][] {
    return this.messages.filter(({ typeId }) => typeId === MessageType.Command).map(({ payload }) =>
      decodeAmf0(payload)
    );
  }

  /** Codes of the statuses received. */
  get codes(): string[] {
    return this.commands.filter(([name]) => name === "onStatus").map(([, , , info]) =>
      String((info as { code: string }).code)
    );
  }

  /** Begins to read: first what follows the handshake. */
  listen(): void {
    this.#reader = new ChunkReader((message) => this.messages.push(message));
    this.#reading ??= this.#read();
  }

  /** Reads without understanding, to see the end. */
  drain(): void {
    this.#reading ??= this.#read();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65536);
    try {
      for (let count = await this.conn.read(buffer); count !== null; count = await this.conn.read(buffer)) {
        this.#reader?.push(buffer.slice(0, count));
      }
    } catch (error) {
      // Else it was reset, or closed by the test.
      if (error instanceof ProtocolError) throw error;
    } finally {
      this.closed = true;
    }
  }

  async waitForEnd(limitMs = 8000): Promise<void> {
    this.drain();
    await until("the server ends the connection", () => this.closed, limitMs);
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // Closed before.
    }
  }
}

/** Runs an attack beside a publisher and a player, who must not notice; afterwards only these two are left. */
export async function besideHealthyPlayer(server: TestServer, attack: () => Promise<void>): Promise<void> {
  using publisher = await Publisher.start(server.port, "healthy");
  using viewer = await Viewer.start(server.port, "healthy");
  await viewer.waitForFrames(10);
  await attack();
  await until("only the healthy are left", () => server.holds.connections === 2);
  assertEquals(server.holds, { connections: 2, clients: 2, streams: 1 });
  await viewer.waitForFrames(10);
  assertEquals(viewer.breaks, []);
  // An attack costs others nothing; the machine may be busy all the same.
  // On a busy machine of two cores; a stall that one client causes lasts as long as that client.
  assertLess(viewer.worstGapMs, 4000);
  assertEquals([publisher.ended, viewer.ended], ["", ""]);
  assertEquals(server.log.find("internalError"), []);
}
