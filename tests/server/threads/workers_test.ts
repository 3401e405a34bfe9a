import { systemWorld } from "../../../src/net/system_world.ts";
import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { Server } from "../../../src/server/server.ts";
import { Workers } from "../../../src/threads/main/workers.ts";
import { assert, assertEquals, assertGreater, assertThrows } from "../../kit/assert.ts";
import { inter, key, label } from "../../kit/media/packets.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import { TestLog } from "../../kit/test_log.ts";
import { FlvViewer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, RawPeer, serverTest, sleep, until, Viewer } from "../../kit/server/rtmp_rig.ts";
import { noDelaysAt } from "../../kit/server/socket_option.ts";

/** A server of this process whose clients come to three threads. */
class ThreadedServer implements AsyncDisposable {
  readonly log = new TestLog();
  readonly spawned: Worker[] = [];
  readonly workers: Workers;
  readonly server: Server;
  readonly http: HttpServer;

  constructor(vhost = "", root = "", tickMs = 1000) {
    const text = `listen 1935; ${root} http_server { enabled on; }
      vhost __defaultVhost__ { http_remux { enabled on; } ${vhost} }`;
    const config = requireConfig(loadConfig({ path: "t.conf", text }));
    const address = { ...config.httpServer.listen, host: "127.0.0.1" };
    const { log } = this;
    const spawn = () => {
      const worker = new Worker(new URL("../../kit/server/faulty_worker.ts", import.meta.url), { type: "module" });
      this.spawned.push(worker);
      return worker;
    };
    this.workers = new Workers({ threads: 3, log, spawn, tickMs });
    const { listen } = this.workers;
    const httpServer = { ...config.httpServer, listen: { ...address, port: freePort() } };
    const world = { ...systemWorld, listen };
    this.server = new Server({ ...config, listen: [{ ...address, port: freePort() }], httpServer }, log, { world });
    this.http = new HttpServer(this.server);
    this.server.start();
    this.http.start();
  }

  get port(): number {
    return this.server.rtmp.ports[0]!;
  }

  /** Address of a stream over HTTP. */
  flv(stream: string): string {
    return `http://127.0.0.1:${this.http.webPort}/live/${stream}.flv`;
  }

  /** Plays with so many clients that every thread has some. */
  async play(stream: string): Promise<Viewer[]> {
    const viewers: Viewer[] = [];
    do viewers.push(await Viewer.start(this.port, stream)); while (
      viewers.length < 60 && !this.isSpread(viewers.length)
    );
    assert(this.isSpread(viewers.length), `connections of the threads: ${this.workers.socketCounts}`);
    return viewers;
  }

  isSpread(viewers: number): boolean {
    const counts = this.workers.socketCounts;
    const elsewhere = counts.reduce((sum, count) => sum + count, 0);
    return viewers >= 12 && counts.length === 2 && counts.every((count) => count >= 2) && viewers - elsewhere >= 2;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server.stop(), this.http.stop()]);
    this.workers[Symbol.dispose]();
  }
}

/** Waits until all threads listen: before that all clients come to the first. */
async function allListen(server: ThreadedServer): Promise<void> {
  const { rtmp } = server.server;
  const before = [rtmp.connectionCount, ...server.workers.socketCounts];
  const isSpread = () => server.workers.socketCounts.every((count, at) => count > before[at + 1]!);
  const conns: Deno.Conn[] = [];
  while (conns.length < 400 && !isSpread()) {
    conns.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
    await sleep(10);
  }
  assert(isSpread() && server.workers.socketCounts.length === 2);
  for (const conn of conns) conn.close();
  await until("those connections are gone", () => rtmp.connectionCount === before[0]);
}

async function started(server: ThreadedServer): Promise<ThreadedServer> {
  await allListen(server);
  return server;
}

serverTest("threads: every player gets every frame of one publisher, wherever they came in", async () => {
  await using server = await started(new ThreadedServer());
  using publisher = await Publisher.start(server.port, "a", 20_000);
  const viewers = await server.play("a");
  const web = await Promise.all(Array.from({ length: 8 }, () => FlvViewer.start(server.flv("a"))));
  await Promise.all(viewers.map((viewer) => viewer.waitForFrames(100)));
  const { registry, rtmp } = server.server;
  assertEquals(registry.streams().get("/live/a")?.clientCount, viewers.length + web.length + 1);
  assertEquals(rtmp.connectionCount, viewers.length + 1);
  publisher.unpublish();
  await sleep(500);
  const last = publisher.sent.at(-1);
  for (const viewer of viewers) {
    assertEquals(viewer.breaks, []);
    assertEquals(viewer.labels.at(-1), last);
  }
  for (const viewer of web) {
    assertEquals(viewer.breaks, []);
    assertEquals([viewer.labels.at(-1), viewer.ended], [last, "end"]);
  }
  for (const viewer of viewers) viewer[Symbol.dispose]();
  await until("nobody is left", () => server.workers.socketCounts.every((count) => count <= 1));
});

serverTest(
  "threads: publishers of any thread feed players of any thread; one source, one publisher a stream",
  async () => {
    await using server = await started(new ThreadedServer());
    const names = Array.from({ length: 12 }, (_, at) => `s${at}`);
    const publishers = await Promise.all(names.map((name) => Publisher.start(server.port, name)));
    assertGreater(Math.max(...server.workers.socketCounts), 0);
    const viewers = await Promise.all(names.flatMap((name) => [1, 2, 3].map(() => Viewer.start(server.port, name))));
    await Promise.all(viewers.map((viewer) => viewer.waitForFrames(60)));
    for (const viewer of viewers) assertEquals(viewer.breaks, []);
    using second = await Publisher.start(server.port, "s3");
    assert(second.codes.includes("NetStream.Publish.BadName"));
    for (const each of [...publishers, ...viewers]) each[Symbol.dispose]();
  },
);

serverTest("threads: limits and kicks see one server", async () => {
  await using server = await started(new ThreadedServer("", "max_connections 20;"));
  using _publisher = await Publisher.start(server.port, "a");
  const viewers: Viewer[] = [];
  for (let i = 0; i < 19; i++) viewers.push(await Viewer.start(server.port, "a"));
  assertEquals(server.server.rtmp.connectionCount, 20);
  const refused = await Viewer.start(server.port, "a").catch((error: Error) => ({ ended: error.message }));
  assert(refused.ended !== "");
  for (const client of [...server.server.registry.clients()]) if (client.type === "rtmp-play") client.kick();
  await until("all players are gone", () => viewers.every(({ ended }) => ended !== ""));
});

/** Numbers of the video frames of the second part of a stream. */
function framesOf(messages: readonly RtmpMessage[]): number[] {
  const frames = messages.filter(({ typeId, payload }) => typeId === 9 && payload[1] === 1);
  return frames.map((frame) => Number(label(frame).slice(1))).filter((id) => id >= 10_000);
}

serverTest("threads: a player that stalls is moved on to a keyframe, wherever it came in", async () => {
  await using server = await started(new ThreadedServer("play { mw_latency 100; queue_length 1; }"));
  using publisher = await Publisher.start(server.port, "a", 30_000);
  const stalled: RawPeer[] = [];
  while (stalled.length < 12 || server.workers.socketCounts.some((count) => count < 2)) {
    const peer = await RawPeer.shakeHands(server.port);
    await peer.command("connect", 1, { app: "live", tcUrl: "rtmp://x/live" });
    await peer.command("play", 0, null, "a");
    stalled.push(peer);
  }
  const { registry } = server.server;
  await until("they play", () => registry.clientCount === stalled.length + 1);
  const players = [...registry.clients()].slice(1);
  publisher.pause();
  let timeMs = 60_000;
  const endMs = performance.now() + 8000;
  let id = 10_000;
  for (; players.some((each) => each.dropped() === 0) && performance.now() < endMs; timeMs += 40, id++) {
    publisher.send(id % 25 === 0 ? key(id, timeMs, 60_000) : inter(id, timeMs, 60_000));
    await sleep(2);
  }
  assertEquals(players.filter((each) => each.dropped() === 0).length, 0);
  const lastKey = id - 1 - (id - 1) % 25;
  for (const peer of stalled) peer.listen();
  await until("all read on", () => stalled.every(({ messages }) => (framesOf(messages).at(-1) ?? 0) >= lastKey));
  for (const { messages } of stalled) {
    const ids = framesOf(messages);
    for (const [at, id] of ids.entries()) {
      if (at > 0 && id !== ids[at - 1]! + 1) assertEquals(id % 25, 0, `goes on at ${id}`);
    }
  }
  for (const peer of stalled) peer[Symbol.dispose]();
});

serverTest("threads: one that ends takes its own clients only, is told of, and is started again", async () => {
  await using server = await started(new ThreadedServer());
  let publisher = await Publisher.start(server.port, "a");
  // The publisher shall not be among the lost.
  while (server.workers.socketCounts.some((count) => count > 0)) {
    publisher[Symbol.dispose]();
    await until("it is gone", () => server.server.rtmp.connectionCount === 0);
    publisher = await Publisher.start(server.port, "a");
  }
  const viewers = await server.play("a");
  const lost = server.workers.socketCounts[0]!;
  server.spawned[0]!.postMessage("fail");
  await until("its clients are gone", () => viewers.filter(({ ended }) => ended !== "").length === lost);
  const kept = viewers.filter(({ ended }) => ended === "");
  await Promise.all(kept.map((viewer) => viewer.waitForFrames(100)));
  for (const viewer of kept) assertEquals(viewer.breaks, []);
  assert(server.log.lines.some((line) => line.includes("thread 1 died: ") && line.includes("told to fail")));
  for (const each of [publisher, ...viewers]) each[Symbol.dispose]();
  await until("another one is started", () => server.spawned.length === 3);
  await until("all have left", () => server.server.rtmp.connectionCount === 0);
  await allListen(server);
});

serverTest(
  "threads: one that hangs is given up: its clients are cut off, and new ones come to the others",
  async () => {
    await using server = await started(new ThreadedServer("", "", 200));
    const clients: RawPeer[] = [];
    do {
      const client = await RawPeer.dial(server.port);
      client.listen();
      clients.push(client);
    } while (!server.isSpread(clients.length));
    await until("the threads tell of the last one", () => server.server.rtmp.connectionCount === clients.length);
    const lost = server.workers.socketCounts[0]!;
    server.spawned[0]!.postMessage("hang");
    await until("its clients are cut off", () => clients.filter(({ closed }) => closed).length === lost, 30_000);
    await until("another one is started", () => server.spawned.length === 3);
    for (const client of clients) client[Symbol.dispose]();
    await until("all have left", () => server.server.rtmp.connectionCount === 0);
    using publisher = await Publisher.start(server.port, "a");
    // With a dead thread on the port, a third of them would wait in vain.
    const viewers = await server.play("a");
    for (const viewer of viewers) viewer[Symbol.dispose]();
    assertEquals(publisher.ended, "");
  },
);

serverTest("threads: a second server on the port is told that it is taken", async () => {
  await using server = new ThreadedServer();
  const workers = new Workers({ threads: 2, log: new TestLog() });
  try {
    const { port } = server;
    assertThrows(() => workers.listen({ host: "127.0.0.1", port }), Deno.errors.AddrInUse);
  } finally {
    workers[Symbol.dispose]();
  }
});

if (Deno.build.os === "linux") {
  serverTest("threads obey tcp_nodelay, off by default for players", async () => {
    await using server = new ThreadedServer();
    await allListen(server);
    using _publisher = await Publisher.start(server.port, "a");
    const viewers = await server.play("a");
    const small = () => noDelaysAt(server.port).filter((noDelay) => noDelay).length;
    await until("only the publisher's is on", () => small() === 1);
    assertEquals(noDelaysAt(server.port).length, viewers.length + 1);
    for (const viewer of viewers) viewer[Symbol.dispose]();
  });
}

serverTest("threads: a reload from all addresses to one, and back, finds the port free", async () => {
  await using server = await started(new ThreadedServer());
  const { port } = server;
  using publisher = await Publisher.start(port, "a");
  using viewer = await Viewer.start(port, "a");
  const { listeners } = server.server.rtmp;
  for (const host of ["0.0.0.0", "127.0.0.1", "0.0.0.0", "127.0.0.1"]) {
    const listen = [{ host, port, text: `${host}:${port}` }];
    (await listeners.prepare({ ...server.server.config, listen })).commit();
    assertEquals(server.server.rtmp.ports, [port]);
    await allListen(server);
  }
  await viewer.waitForFrames(20);
  assertEquals([viewer.breaks, publisher.ended], [[], ""]);
});
