import { openPolicy } from "../../../../src/http/access/policy.ts";
import { systemWorld } from "../../../../src/net/system_world.ts";
import { worldAt } from "../../../kit/memory/world.ts";
import { loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { HttpConn } from "../../../../src/http/conn.ts";
import { Router } from "../../../../src/http/router.ts";
import { TcpConn } from "../../../../src/net/tcp_conn.ts";
import type { Socket } from "../../../../src/base/socket.ts";
import { RtmpConn } from "../../../../src/server/rtmp/conn.ts";
import { Server } from "../../../../src/server/server.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

const address: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };

/** A client that has said something, and takes its time to take the answer. */
class BusySocket implements Socket {
  readonly remoteAddr = address;
  readonly localAddr = address;
  readonly #pending = Promise.withResolvers<never>();
  #said: Uint8Array | null;
  writes = 0;
  closed = false;

  constructor(said: Uint8Array) {
    this.#said = said;
    this.#pending.promise.catch(() => {});
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const said = this.#said;
    this.#said = null;
    if (said === null) return this.#pending.promise;
    buffer.set(said);
    return Promise.resolve(said.length);
  }

  write(): Promise<number> {
    this.writes++;
    return this.#pending.promise;
  }

  close(): void {
    this.closed = true;
    this.#pending.reject(new Deno.errors.BadResource());
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  setNoDelay(): void {}
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

Deno.test("RtmpConn: a tick in the middle of the first write does not take the client for a stalled one", async () => {
  const hello = new Uint8Array(1537);
  hello[0] = 3;
  const socket = new BusySocket(hello);
  const config = requireConfig(loadConfig({ path: "t.conf", text: "listen 1935;" }));
  const server = new Server(config, new TestLog());
  const conn = new RtmpConn(new TcpConn(socket, systemWorld), server);
  const done = conn.run();
  await turns();
  assertEquals(socket.writes, 1);
  const nowMs = server.timers.nowMs();
  conn.tick(nowMs);
  assertEquals([conn.isOver, socket.closed], [false, false]);
  conn.tick(nowMs + 31_000);
  assertEquals(socket.closed, true);
  await done;
  await server.stop();
});

Deno.test("HttpConn: a tick in the middle of the first write does not take the client for a stalled one", async () => {
  const socket = new BusySocket(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const timers = new ManualTimers();
  timers.advance(100_000);
  const log = new TestLog();
  const policy = openPolicy;
  const router = new Router([() => new Response("hello")], () => policy, log);
  const conn = new HttpConn(new TcpConn(socket, systemWorld), { router, world: worldAt(timers), log });
  const done = conn.run();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(socket.writes, 1);
  conn.tick(timers.nowMs());
  assertEquals(socket.closed, false);
  conn.tick(timers.nowMs() + 31_000);
  assertEquals(socket.closed, true);
  await done;
});
