import { until } from "../../kit/server/rtmp_rig.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { assert, assertEquals, assertRejects } from "../../kit/assert.ts";
import { UpstreamError } from "../../../src/base/errors.ts";
import { isConnectionEnd, TcpConn } from "../../../src/net/tcp_conn.ts";

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function connectedPair(): Promise<{ conn: TcpConn; peer: Deno.TcpConn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [accepted, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  return { conn: new TcpConn(accepted, systemWorld), peer };
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

async function readAll(peer: Deno.TcpConn): Promise<number[]> {
  const all: number[] = [];
  const buffer = new Uint8Array(65536);
  for (let count = await peer.read(buffer); count !== null; count = await peer.read(buffer)) {
    all.push(...buffer.subarray(0, count));
  }
  return all;
}

Deno.test("TcpConn.readLoop hands over all bytes in one buffer whose size can be changed", async () => {
  const { conn, peer } = await connectedPair();
  const sent = bytes(20000);
  const got: number[] = [];
  const buffers = new Set<ArrayBufferLike>();
  const sizes: number[] = [];
  const looped = conn.readLoop((view) => {
    got.push(...view);
    buffers.add(view.buffer);
    sizes.push(view.buffer.byteLength);
    if (got.length >= 3000) conn.readBufferBytes = 8192;
  }, { bufferBytes: 1000 });
  for (let at = 0; at < sent.length;) at += await peer.write(sent.subarray(at));
  peer.close();
  assertEquals(await looped, "peerClosed");
  assertEquals(got, [...sent]);
  assertEquals(buffers.size, 2);
  assertEquals([sizes[0], sizes.at(-1)], [1000, 8192]);
  conn.close();
});

Deno.test("TcpConn.readLoop reads on only after a slow receiver is done", async () => {
  const { conn, peer } = await connectedPair();
  let busy = false;
  const looped = conn.readLoop(async () => {
    assert(!busy, "two views at once");
    busy = true;
    await sleep(5);
    busy = false;
  }, { bufferBytes: 10 });
  await peer.write(bytes(50));
  peer.close();
  assertEquals(await looped, "peerClosed");
  conn.close();
});

Deno.test("TcpConn.readLoop passes on what onBytes throws", async () => {
  const { conn, peer } = await connectedPair();
  const looped = conn.readLoop(() => {
    throw new RangeError("bad chunk");
  }, { bufferBytes: 10 });
  await peer.write(bytes(1));
  await assertRejects(() => looped, RangeError, "bad chunk");
  assertEquals(conn.end, null);
  conn.close();
  peer.close();
});

Deno.test("TcpConn.readLoop ends as closedHere when the connection is closed under it", async () => {
  const { conn, peer } = await connectedPair();
  const looped = conn.readLoop(() => {}, { bufferBytes: 10 });
  await sleep(5);
  conn.close();
  assertEquals(await looped, "closedHere");
  assertEquals(await conn.read(new Uint8Array(1)), null);
  peer.close();
});

/** What the test needs of `node:net`, whose types are not at hand in every Deno version. */
interface ResettableSocket {
  on(event: "error", listener: () => void): void;
  once(event: "close", listener: () => void): void;
  resetAndDestroy?(): void;
}
const nodeNet: string = "node:net";
const { connect, Socket }: {
  connect(port: number, host: string): ResettableSocket;
  Socket: { prototype: ResettableSocket };
} = await import(nodeNet);

Deno.test("TcpConn tells a reset from an end", { ignore: !Socket.prototype.resetAndDestroy }, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const peer = connect(listener.addr.port, "127.0.0.1");
  peer.on("error", () => {});
  const closed = Promise.withResolvers<void>();
  peer.once("close", closed.resolve);
  using conn = new TcpConn(await listener.accept(), systemWorld);
  const looped = conn.readLoop(() => {}, { bufferBytes: 10 });
  await sleep(20);
  peer.resetAndDestroy?.();
  assertEquals(await looped, "peerReset");
  assertEquals(conn.end, "peerReset");
  await closed.promise;
});

Deno.test("TcpConn.write to a peer that left fails with an error isConnectionEnd knows, as does a write after close", async () => {
  const { conn, peer } = await connectedPair();
  peer.close();
  const failure = await (async () => {
    for (let i = 0; i < 100; i++) {
      await conn.write(bytes(1000));
      await sleep(2);
    }
  })().then(() => null, (error: unknown) => error);
  assert(isConnectionEnd(failure), String(failure));
  conn.close();
  const afterClose = await conn.write(bytes(1)).then(() => null, (error: unknown) => error);
  assert(isConnectionEnd(afterClose), String(afterClose));
  assert(!isConnectionEnd(new TypeError("misuse")));
});

Deno.test("TcpConn.write sends a view on shared memory", async () => {
  const { conn, peer } = await connectedPair();
  const sent = bytes(5000);
  const shared = new Uint8Array(new SharedArrayBuffer(6000), 700, 5000);
  shared.set(sent);
  for (let at = 0; at < shared.length;) at += await conn.write(shared.subarray(at));
  conn.close();
  assertEquals(await readAll(peer), [...sent]);
  peer.close();
});

Deno.test("TcpConn.finish lets the last message arrive although input is left", async () => {
  const { conn, peer } = await connectedPair();
  let handedOver = 0;
  const refusal = bytes(500);
  const looped = conn.readLoop((view) => {
    handedOver += view.length;
    if (handedOver === 3000) conn.write(refusal).then(() => conn.finish(1000));
  }, { bufferBytes: 1000 });
  await peer.write(bytes(3000));
  await sleep(30);
  await peer.write(bytes(2000));
  assertEquals(await readAll(peer), [...refusal]);
  peer.close();
  assertEquals(await looped, "peerClosed");
  // What came after finish was read, so that the kernel had no reason for a reset, but not handed over.
  assertEquals(handedOver, 3000);
  conn.close();
});

Deno.test("TcpConn.finish closes after its time when the peer stays", async () => {
  const { conn, peer } = await connectedPair();
  const looped = conn.readLoop(() => {}, { bufferBytes: 1000 });
  conn.finish(50);
  conn.finish(10_000);
  assertEquals(await looped, "closedHere");
  assert(conn.closed);
  peer.close();
});

Deno.test("TcpConn.connect gives a connection that works both ways", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [accepted, conn] = await Promise.all([
    listener.accept(),
    TcpConn.connect(systemWorld, { host: "127.0.0.1", port: listener.addr.port, timeoutMs: 2000 }),
  ]);
  assertEquals([conn.remoteIp, conn.remotePort], ["127.0.0.1", listener.addr.port]);
  assertEquals(await conn.write(bytes(3)), 3);
  assertEquals(await accepted.read(new Uint8Array(9)), 3);
  await accepted.write(bytes(4));
  assertEquals(await conn.read(new Uint8Array(9)), 4);
  conn[Symbol.dispose]();
  accepted.close();
});

const failures: [string, { host: string; port: number }, string][] = [
  ["nothing listens", { host: "127.0.0.1", port: 1 }, "cannot connect to 127.0.0.1:1: connection refused"],
  ["IPv6 address", { host: "::1", port: 1 }, "cannot connect to [::1]:1: "],
  ["unknown name", { host: "nowhere.invalid", port: 1935 }, "nowhere.invalid:1935: unknown host name"],
  ["impossible port", { host: "127.0.0.1", port: 99999 }, "cannot connect to 127.0.0.1:99999: invalid port"],
  ["empty host", { host: "", port: 1935 }, "cannot connect to :1935: the host name is empty"],
];

// Deno 2.4 forgets the resource behind `signal`, some bytes, when a look-up fails.
const sanitizeResources = !Deno.version.deno.startsWith("2.4.");

for (const [name, address, text] of failures) {
  Deno.test(`TcpConn.connect names the trouble: ${name}`, { sanitizeResources }, async () => {
    const error = await assertRejects(
      () => TcpConn.connect(systemWorld, { ...address, timeoutMs: 5000 }),
      UpstreamError,
      text,
    );
    assertEquals(error.codeName, "StConnect");
  });
}

Deno.test("TcpConn.connect gives up when its signal was aborted before", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const options = { host: "127.0.0.1", port: listener.addr.port, timeoutMs: 5000, signal: AbortSignal.abort() };
  await assertRejects(() => TcpConn.connect(systemWorld, options), UpstreamError, "cancelled");
});

/** TCP connections to `port` in the given state of /proc/net/tcp, seen from the connecting side. */
function countToPort(port: number, state: string): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = Deno.readTextFileSync("/proc/self/net/tcp").split("\n").map((line) => line.trim().split(/\s+/));
  return lines.filter((fields) => fields[2]?.endsWith(remote) && fields[3] === state).length;
}

const SYN_SENT = "02";

Deno.test("TcpConn.connect gives up in time and leaves no socket behind", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  // A listener that never accepts: once its backlog is full the kernel answers no further handshake.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { host: "127.0.0.1", port: listener.addr.port };
  const held: TcpConn[] = [];
  try {
    let error: unknown = null;
    while (error === null && held.length < 2000) {
      await TcpConn.connect(systemWorld, { ...address, timeoutMs: 200 }).then(
        (conn) => held.push(conn),
        (e) => error = e,
      );
    }
    assert(error instanceof UpstreamError, "the backlog never filled");
    assertEquals(error.message, `cannot connect to 127.0.0.1:${address.port}: no answer within 200 ms`);
    const abort = new AbortController();
    const cancelled = TcpConn.connect(systemWorld, { ...address, timeoutMs: 5000, signal: abort.signal });
    setTimeout(() => abort.abort(), 30);
    await assertRejects(() => cancelled, UpstreamError, "cancelled");
    await sleep(80);
    assertEquals(countToPort(address.port, SYN_SENT), 0);
  } finally {
    for (const conn of held) conn.close();
  }
});

Deno.test("TcpConn.connect holds no connection that comes about in the moment of its abort", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const serving = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      conn.read(new Uint8Array(1)).then(() => {}, () => {}).then(() => {
        conn.close();
        open.delete(conn);
      });
    }
  })();
  const { port } = listener.addr;
  // In every moment from before it to after it.
  for (let i = 0; i < 1500; i++) {
    const abort = new AbortController();
    const connecting = TcpConn.connect(systemWorld, { host: "127.0.0.1", port, timeoutMs: 1000, signal: abort.signal });
    if (i % 3 === 0) setTimeout(() => abort.abort(), i % 2);
    else if (i % 3 === 1) queueMicrotask(() => abort.abort());
    else {
      for (const endMs = performance.now() + i % 10 / 5; performance.now() < endMs;);
      abort.abort();
    }
    await connecting.then((conn) => conn.close(), () => {});
  }
  await until("all are closed", () => open.size === 0, 2000);
  listener.close();
  await serving;
});
