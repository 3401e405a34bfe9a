/** TLS in several threads. */
import { systemWorld } from "../../../src/net/system_world.ts";
import { HttpServer } from "../../../src/http/server.ts";
import type { ReloadPart } from "../../../src/server/reload/reload_part.ts";
import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { Server } from "../../../src/server/server.ts";
import { Workers } from "../../../src/threads/main/workers.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { shownName, tlsPath, tlsText } from "../../kit/tls_files.ts";
import { TestLog } from "../../kit/test_log.ts";
import { FlvViewer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, sleep, TestServer, tlsTest, until, Viewer } from "../../kit/server/rtmp_rig.ts";

/** A server whose clients come to three threads, with and without TLS. */
class ThreadedServer implements AsyncDisposable {
  readonly log = new TestLog();
  readonly dir = Deno.makeTempDirSync();
  readonly ports = { rtmp: freePort(), rtmps: freePort(), web: freePort(), secureWeb: freePort() };
  readonly workers = new Workers({ threads: 3, log: this.log });
  readonly server: Server;
  readonly http: HttpServer;
  readonly #text: string;

  constructor() {
    const { ports, log } = this;
    this.show("server");
    const pair = `key ${this.dir}/server.key; cert ${this.dir}/server.crt;`;
    this.#text = `listen 127.0.0.1:${ports.rtmp}; rtmps { enabled on; listen 127.0.0.1:${ports.rtmps}; ${pair} }
      http_server { enabled on; listen 127.0.0.1:${ports.web};
        https { enabled on; listen 127.0.0.1:${ports.secureWeb}; ${pair} } }
      vhost __defaultVhost__ { min_latency on; http_remux { enabled on; } }`;
    const { listen, listenTls } = this.workers;
    const config = this.#config();
    this.server = new Server(config, log, { world: { ...systemWorld, listen, listenTls } });
    this.http = new HttpServer(this.server);
    this.server.start();
    this.http.start();
  }

  show(name: "server" | "other_name"): void {
    Deno.copyFileSync(tlsPath(`${name}.crt`), `${this.dir}/server.crt`);
    Deno.copyFileSync(tlsPath("server.key"), `${this.dir}/server.key`);
  }

  /** Reads the certificates anew. */
  async reload(): Promise<void> {
    const parts: ReloadPart[] = [...this.server.rtmp.secure.reloadParts, ...this.http.certificates];
    for (const part of parts) (await part.prepare(this.#config())).commit();
  }

  #config() {
    return requireConfig(loadConfig({ path: "t.conf", text: this.#text }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server.stop(), this.http.stop()]);
    this.workers[Symbol.dispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

tlsTest(
  "threads: viewers over https get every frame, wherever they came in, also while the certificate changes",
  async () => {
    await using server = new ThreadedServer();
    const { ports, workers } = server;
    using _publisher = await Publisher.start(ports.rtmp, "s");
    using client = Deno.createHttpClient({ http2: false, caCerts: [tlsText("authority.crt")] });
    await using viewers = new AsyncDisposableStack();
    const all: FlvViewer[] = [];
    const isSpread = () => all.length >= 12 && workers.socketCounts.every((count) => count >= 2);
    await allListen(ports.rtmp, workers);
    while (all.length < 60 && !isSpread()) {
      const url = `https://localhost:${ports.secureWeb}/live/s.flv`;
      all.push(viewers.use(await FlvViewer.start(url, { client })));
    }
    assert(isSpread(), `connections of the threads: ${workers.socketCounts}`);
    for (const name of ["other_name", "server"] as const) {
      server.show(name);
      await server.reload();
      // A thread hears of it some milliseconds later.
      for (let tries = 0; !await allShow(ports.secureWeb, name); tries++) assertLess(tries, 60);
    }
    await Promise.all(all.map((viewer) => viewer.waitForFrames(50)));
    assertEquals(all.map(({ breaks, ended }) => [breaks, ended]), all.map(() => [[] as number[], ""]));
  },
);

/** Threads need a moment to start: before that all clients come to the first. */
async function allListen(port: number, workers: Workers): Promise<void> {
  const conns: Deno.Conn[] = [];
  const before = workers.socketCounts;
  while (conns.length < 600 && !workers.socketCounts.every((count) => count > 0)) {
    conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    await sleep(20);
  }
  for (const conn of conns) conn.close();
  await until("those connections are gone", () => workers.socketCounts.every((count, at) => count <= before[at]!));
}

/** Whether so many new connections see a certificate that every thread must have shown it. */
async function allShow(port: number, name: "server" | "other_name"): Promise<boolean> {
  for (let i = 0; i < 20; i++) if (await shownName(port) !== name) return false;
  return true;
}

tlsTest("threads: an edge pulls over rtmps, and odd clients are logged wherever they came in", async () => {
  await using server = new ThreadedServer();
  const { ports, log } = server;
  using _publisher = await Publisher.start(ports.rtmp, "s");
  const origin = `cluster { mode remote; origin rtmps://localhost:${ports.rtmps}; }`;
  await using edge = new TestServer(`min_latency on; ${origin}`, `tls_ca_file ${tlsPath("authority.crt")};`);
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(30);
  const odd: Deno.Conn[] = [];
  for (let i = 0; i < 30; i++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: ports.rtmps });
    await conn.write(new Uint8Array(1537).fill(3));
    odd.push(conn);
  }
  const lines = () => log.find("rtmps: TLS handshake with 127.0.0.1 failed: the peer does not speak TLS").length;
  await until("all are known", () => lines() === 30);
  for (const conn of odd) conn.close();
  await viewer.waitForFrames(30);
  assertEquals(viewer.breaks, []);
  assertGreater(server.server.registry.clientCount, 0);
});
