/** Clients that reset before they are accepted keep nobody else out, on any door. */
import { systemWorld } from "../../../src/net/system_world.ts";
import { Acceptor } from "../../../src/net/acceptor.ts";
import { Workers } from "../../../src/threads/main/workers.ts";
import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { Server } from "../../../src/server/server.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { tlsPath, tlsText } from "../../kit/tls_files.ts";
import { TestLog } from "../../kit/test_log.ts";
import { ResetClients } from "../../kit/server/reset_clients.ts";
import { freePort, sleep, tlsTest, until } from "../../kit/server/rtmp_rig.ts";

/** Few enough that tests beside this one and the peers, in the same process, do not blur what is measured. */
const PER_SECOND = 1000;
const CLIENTS = 12;
/** What half of those who come in may lose by the flood. */
const LIMIT_MS = 100;
const GIVE_UP_MS = 5000;
const linuxOnly = { ignore: Deno.build.os !== "linux" };

/** A server with every kind of door. */
class Doors implements AsyncDisposable {
  readonly log = new TestLog();
  readonly ports = { rtmp: freePort(), rtmps: freePort(), api: freePort() };
  readonly workers: Workers | null;
  readonly server: Server;
  readonly http: HttpServer;

  constructor(threads: number) {
    const { ports, log } = this;
    const config = requireConfig(loadConfig({
      path: "t.conf",
      text: `listen 127.0.0.1:${ports.rtmp}; http_api { enabled on; listen 127.0.0.1:${ports.api}; }
        rtmps { enabled on; listen 127.0.0.1:${ports.rtmps};
          key ${tlsPath("server.key")}; cert ${tlsPath("server.crt")}; }
        vhost __defaultVhost__ { }`,
    }));
    this.workers = threads === 1 ? null : new Workers({ threads, log });
    const { listen, listenTls } = this.workers ?? systemWorld;
    this.server = new Server(config, log, { world: { ...systemWorld, listen, listenTls } });
    this.http = new HttpServer(this.server);
    this.server.start();
    this.http.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server.stop(), this.http.stop()]);
    this.workers?.[Symbol.dispose]();
  }
}

type Door = "rtmp" | "rtmps" | "api";

/** Comes in, says a word and waits for the answer. */
async function comeIn(door: Door, port: number): Promise<void> {
  const isSecure = door === "rtmps";
  const options = { hostname: isSecure ? "localhost" : "127.0.0.1", port };
  using conn = isSecure
    ? await Deno.connectTls({ ...options, caCerts: [tlsText("authority.crt")] })
    : await Deno.connect(options);
  const api = new TextEncoder().encode("GET /api/v1/versions HTTP/1.1\r\nHost: a\r\n\r\n");
  await conn.write(door === "api" ? api : Uint8Array.from({ length: 1537 }, (_, at) => at === 0 ? 3 : 0));
  assert(await conn.read(new Uint8Array(4096)) !== null, "the server closed");
}

async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms`)), limitMs);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What half of those who come in, one after the other, do not exceed. */
async function medianMs(door: Door, port: number): Promise<number> {
  const tookMs: number[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const startedMs = performance.now();
    await within(GIVE_UP_MS, comeIn(door, port));
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs.sort((a, b) => a - b)[CLIENTS / 2]!;
}

for (const threads of [1, 2]) {
  for (const door of ["rtmp", "rtmps", "api"] as const) {
    const name = `${PER_SECOND} resets a second on ${door} with ${threads} threads keep nobody out`;
    tlsTest(name, async () => {
      await using doors = new Doors(threads);
      const port = doors.ports[door];
      // While threads start, all clients come to the first.
      await comeIn(door, port);
      if (doors.workers !== null) await otherThreadsListen(doors.workers, doors.ports.rtmp);
      const quietMs = await medianMs(door, port);
      using resets = new ResetClients(port);
      resets.start(PER_SECOND);
      await until("the flood is there", () => resets.count > PER_SECOND / 4);
      assertLess(await medianMs(door, port), quietMs + LIMIT_MS);
      assertEquals(doors.log.find("cannot accept"), []);
    }, linuxOnly);
  }
}

async function otherThreadsListen(workers: Workers, port: number): Promise<void> {
  const conns: Deno.Conn[] = [];
  while (conns.length < 400 && workers.socketCounts.some((count) => count === 0)) {
    conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    await sleep(5);
  }
  for (const conn of conns) conn.close();
  await until("they are gone", () => workers.socketCounts.every((count) => count === 0));
}

tlsTest("a peer that resets before it is accepted fails the accept with what Acceptor passes over", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const failures: unknown[] = [];
  const acceptor = new Acceptor(() =>
    listener.accept().catch((error) => {
      failures.push(error);
      throw error;
    })
  );
  using resets = new ResetClients(listener.addr.port);
  resets.reset(5);
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using conn = await acceptor.next();
  assertEquals(conn.remoteAddr.port, client.localAddr.port);
  assertEquals(failures.length, 5);
}, linuxOnly);
