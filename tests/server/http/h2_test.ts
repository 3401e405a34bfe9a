import { concatBytes } from "../../../src/base/bytes.ts";
import { FieldDecoder } from "../../../src/http2/field_decoder.ts";
import { encodeFrame, type Frame, FrameFlag, FrameReader, FrameType } from "../../../src/http2/frame.ts";
import { H2ErrorCode } from "../../../src/http2/h2_error.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { h2Number, h2Preface, h2Request } from "../../kit/peers/h2_frames.ts";
import { FlvViewer, WebServer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, tlsTest, until } from "../../kit/server/rtmp_rig.ts";
import { tlsPath, tlsText } from "../../kit/tls_files.ts";

const files = `key ${tlsPath("server.key")}; cert ${tlsPath("server.crt")};`;
const caCerts = [tlsText("authority.crt")];
const client = Deno.createHttpClient({ caCerts, http1: false, http2: true });
globalThis.addEventListener("unload", () => client.close());

/** A server whose streams and files are there over HTTPS. */
class SecureServer extends WebServer {
  readonly securePort: number;

  constructor({ https = "http2 on;", root = "", api = "", vhost = "", dir = "" } = {}) {
    const securePort = freePort();
    super({
      vhost: `min_latency on; ${vhost}`,
      root,
      api,
      ...(dir === "" ? {} : { dir }),
      http: `https { enabled on; listen 127.0.0.1:${securePort}; ${files} ${https} }`,
    });
    this.securePort = securePort;
  }

  secureUrl(path: string): string {
    return `https://localhost:${this.securePort}${path}`;
  }
}

/** A client that says just what the test wants it to. */
class H2Peer implements Disposable {
  readonly frames: Frame[] = [];
  ended = false;
  readonly #conn: Deno.TlsConn;
  readonly #decoder = new FieldDecoder();

  private constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
    this.#read();
  }

  static async connect(port: number, settings: readonly (readonly [number, number])[] = []): Promise<H2Peer> {
    const conn = await Deno.connectTls({ port, hostname: "localhost", caCerts, alpnProtocols: ["h2"] });
    assertEquals((await conn.handshake()).alpnProtocol, "h2");
    const peer = new H2Peer(conn);
    await peer.send(h2Preface(settings));
    return peer;
  }

  async send(...parts: Uint8Array[]): Promise<void> {
    const bytes = concatBytes(...parts);
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Status of an answer; null before it comes. */
  status(streamId: number): string | null {
    const head = this.frames.find((frame) => frame.type === FrameType.Headers && frame.streamId === streamId);
    return head === undefined ? null : this.#decoder.decode(head.payload, 10_000).fields[0]![1];
  }

  bodyBytes(streamId: number): number {
    return this.frames.filter((frame) => frame.type === FrameType.Data && frame.streamId === streamId)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Code of the last frame of a type; null without one. */
  code(type: number): number | null {
    const frame = this.frames.findLast((each) => each.type === type);
    return frame === undefined ? null : new DataView(frame.payload.buffer).getUint32(frame.payload.length - 4);
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It has ended.
    }
  }

  async #read(): Promise<void> {
    const reader = new FrameReader();
    const buffer = new Uint8Array(65_536);
    try {
      for (let count; (count = await this.#conn.read(buffer)) !== null;) {
        reader.push(buffer.subarray(0, count), (frame) => {
          this.frames.push({ ...frame, payload: frame.payload.slice() });
        });
      }
    } catch {
      // Cut off.
    }
    this.ended = true;
  }
}

tlsTest("files, playlists and streams come over HTTP/2, many at a time on one connection", async () => {
  const dir = await Deno.makeTempDir();
  const file = crypto.getRandomValues(new Uint8Array(50_000));
  await Deno.writeFile(`${dir}/a.bin`, file);
  const vhost = "hls { enabled on; hls_ctx off; hls_fragment 1; }";
  await using server = new SecureServer({ dir, vhost });
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.secureUrl("/live/s.flv"), { client });
  await using other = await FlvViewer.start(server.secureUrl("/live/s.flv"), { client });
  assertEquals(viewer.headers.get("transfer-encoding"), null);
  const answers = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const headers = { range: `bytes=${i * 1000}-` };
    const answer = await fetch(server.secureUrl("/a.bin"), { client, headers });
    return [answer.status, new Uint8Array(await answer.arrayBuffer())] as const;
  }));
  for (const [i, [status, bytes]] of answers.entries()) {
    assertEquals([status, bytes], [206, file.subarray(i * 1000)]);
  }
  const head = await fetch(server.secureUrl("/a.bin"), { client, method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length"), (await head.text()).length], [200, "50000", 0]);
  const missing = await fetch(server.secureUrl("/b.bin"), { client, method: "POST", body: "x".repeat(30_000) });
  assertEquals(missing.status, 405);
  await missing.body?.cancel();
  await viewer.waitForFrames(50);
  await other.waitForFrames(50);
  assertEquals([viewer.breaks, other.breaks, server.http.viewerCount], [[], [], 2]);
  await viewer[Symbol.asyncDispose]();
  await until("a viewer has left", () => server.http.viewerCount === 1);
  await Deno.remove(dir, { recursive: true });
});

tlsTest("a viewer over HTTP/2 is ended by the end of its stream, and by the API", async () => {
  await using server = new SecureServer({ api: "remote_control all;" });
  const publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.secureUrl("/live/s.flv"), { client });
  await using kicked = await FlvViewer.start(server.secureUrl("/live/s.flv"), { client });
  await kicked.waitForFrames(10);
  const [, last] = [...server.server.registry.clients()].filter(({ type }) => type === "flv-play");
  last!.kick();
  const ends = () => [viewer.ended, kicked.ended].sort().join();
  await until("one is kicked", () => ends() === ",cut");
  publisher[Symbol.dispose]();
  await until("the stream has ended", () => ends() === "cut,end");
});

tlsTest("a slow reader gets what it has room for, and is cut off alone", async () => {
  await using server = new SecureServer();
  using _publisher = await Publisher.start(server.port, "s");
  using peer = await H2Peer.connect(server.securePort, [[4, 3000]]);
  await peer.send(h2Request(1, "/live/s.flv"));
  await until("its room is used", () => peer.bodyBytes(1) > 1900);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertLess(peer.bodyBytes(1), 3001);
  await peer.send(encodeFrame(FrameType.WindowUpdate, 0, 1, h2Number(4000)));
  await until("it gets more", () => peer.bodyBytes(1) > 4000);
  // Others on the connection are served meanwhile.
  await peer.send(h2Request(3, "/nothing"));
  await until("an answer", () => peer.status(3) === "404");
  await peer.send(encodeFrame(FrameType.RstStream, 0, 1, h2Number(8)));
  await until("the viewer has left", () => server.http.viewerCount === 0);
  await peer.send(h2Request(5, "/nothing"));
  await until("an answer", () => peer.status(5) === "404");
});

tlsTest("requests taken back by the thousand end their connection, and leave nothing behind", async () => {
  await using server = new SecureServer();
  using peer = await H2Peer.connect(server.securePort);
  for (let id = 1; id < 4001 && !peer.ended; id += 200) {
    const parts = Array.from({ length: 100 }, (_, i) => [
      h2Request(id + 2 * i, "/live/none.flv"),
      encodeFrame(FrameType.RstStream, 0, id + 2 * i, h2Number(8)),
    ]).flat();
    await peer.send(...parts).catch(() => {});
  }
  await until("it is over", () => peer.ended);
  assertEquals(peer.code(FrameType.GoAway), H2ErrorCode.EnhanceYourCalm);
  await until("nobody waits", () => server.http.viewerCount === 0 && server.server.registry.totalClients < 2);
  using again = await H2Peer.connect(server.securePort);
  await again.send(h2Request(1, "/nothing"));
  await until("others are served", () => again.status(1) === "404");
});

tlsTest("requests on all connections are no more than max_connections", async () => {
  await using server = new SecureServer({ root: "max_connections 20;" });
  const peers = await Promise.all([1, 2, 3].map(() => H2Peer.connect(server.securePort)));
  for (const peer of peers) {
    // They wait for a publisher.
    await peer.send(...Array.from({ length: 30 }, (_, i) => h2Request(2 * i + 1, "/live/none.flv")));
  }
  const refused = () => peers.flatMap(({ frames }) => frames).filter(({ type }) => type === FrameType.RstStream).length;
  await until("the rest is refused", () => refused() >= 68);
  assertLess(refused(), 71);
  assertEquals(peers[0]!.code(FrameType.RstStream), H2ErrorCode.RefusedStream);
  for (const peer of peers) peer[Symbol.dispose]();
});

tlsTest("what speaks no HTTP/2 after it said so is told, and a connection without requests ends", async () => {
  await using server = new SecureServer();
  const conn = await Deno.connectTls({
    port: server.securePort,
    hostname: "localhost",
    caCerts,
    alpnProtocols: ["h2"],
  });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const bytes = new Uint8Array(1000);
  let count = 0;
  for (let read; (read = await conn.read(bytes.subarray(count))) !== null;) count += read;
  conn.close();
  const frames: number[] = [];
  new FrameReader().push(bytes.subarray(0, count), ({ type }) => frames.push(type));
  assertEquals(frames, [FrameType.Settings, FrameType.GoAway]);
  const fromMs = performance.now();
  using idle = await H2Peer.connect(server.securePort);
  await until("it ends", () => idle.ended, 20_000);
  assertGreater(performance.now() - fromMs, 14_000);
  assertEquals(idle.code(FrameType.GoAway), H2ErrorCode.NoError);
});

tlsTest("http2 off: HTTP/1.1 is agreed upon; RTMP over TLS never talks about it", async () => {
  await using server = new SecureServer({ https: "http2 off;" });
  const conn = await Deno.connectTls({
    port: server.securePort,
    hostname: "localhost",
    caCerts,
    alpnProtocols: ["h2", "http/1.1"],
  });
  assertEquals((await conn.handshake()).alpnProtocol, null);
  conn.close();
  const both = Deno.createHttpClient({ caCerts });
  const answer = await fetch(server.secureUrl("/nothing"), { client: both });
  assertEquals(answer.status, 404);
  await answer.body?.cancel();
  both.close();
});

tlsTest("a blocked reload that is taken back waits no longer", async () => {
  const vhost = "hls { enabled on; hls_ctx off; hls_low_latency on; hls_fragment 2; }";
  await using server = new SecureServer({ vhost });
  using peer = await H2Peer.connect(server.securePort);
  await peer.send(h2Request(1, "/live/none.m3u8?_HLS_msn=1"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals(peer.status(1), null);
  await peer.send(encodeFrame(FrameType.RstStream, 0, 1, h2Number(8)));
  await peer.send(h2Request(3, "/nothing"));
  await until("an answer", () => peer.status(3) === "404");
  assert(peer.frames.every(({ streamId }) => streamId !== 1));
  const { flags } = peer.frames.find(({ type }) => type === FrameType.Headers)!;
  assertEquals(flags & FrameFlag.EndHeaders, FrameFlag.EndHeaders);
});
