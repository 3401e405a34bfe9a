/** The TLS listener alone: handshakes, clients that do something else, certificates that change. */
import { systemWorld } from "../../../src/net/system_world.ts";
import { TcpListener } from "../../../src/net/tcp_listener.ts";
import type { TcpConn } from "../../../src/net/tcp_conn.ts";
import { TlsListener, type TlsListenerOptions } from "../../../src/net/tls/listener.ts";
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { shownName, tlsPair, tlsText } from "../../kit/tls_files.ts";
import { tlsTest, until } from "../../kit/server/rtmp_rig.ts";
import { eventually, isOpen, sleep, socketLink } from "../../kit/server/socket_files.ts";

const isLinux = Deno.build.os === "linux";

/** A listener with everybody who came through it. */
class Rig implements AsyncDisposable {
  readonly conns: TcpConn[] = [];
  readonly failures: string[] = [];
  readonly acceptErrors: unknown[] = [];
  readonly tls: TlsListener;
  readonly #listener: TcpListener;
  readonly #serving: Promise<void>;

  constructor(options: Partial<TlsListenerOptions> = {}) {
    const keys = tlsPair("server");
    const onHandshakeError = (_ip: string, reason: string) => this.failures.push(reason);
    this.tls = new TlsListener({ host: "127.0.0.1", port: 0, keys, onHandshakeError, ...options });
    this.#listener = new TcpListener(this.tls, systemWorld);
    this.#serving = this.#listener.serve((conn) => void this.conns.push(conn), {
      onAcceptError: (error) => this.acceptErrors.push(error),
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  connect(): Promise<Deno.TlsConn> {
    return Deno.connectTls({ hostname: "localhost", port: this.port, caCerts: [tlsText("authority.crt")] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    for (const conn of this.conns) conn.close();
  }
}

function plainTo({ port }: Rig): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

async function roundTrip(client: Deno.TlsConn, conn: TcpConn): Promise<void> {
  const buffer = new Uint8Array(16);
  await client.write(new Uint8Array([1, 2, 3]));
  assertEquals([await conn.read(buffer), ...buffer.subarray(0, 3)], [3, 1, 2, 3]);
  await conn.write(new Uint8Array([4, 5]));
  assertEquals([await client.read(buffer), ...buffer.subarray(0, 2)], [2, 4, 5]);
}

tlsTest("TlsListener gives out connections that bytes go through both ways", async () => {
  await using rig = new Rig();
  using client = await rig.connect();
  await client.handshake();
  await until("the connection comes", () => rig.conns.length === 1);
  const conn = rig.conns[0]!;
  assert(conn.isEncrypted);
  assertEquals([conn.remoteIp, conn.localPort], ["127.0.0.1", rig.port]);
  await roundTrip(client, conn);
});

tlsTest("TlsListener: TcpConn.finish() lets the last bytes arrive, and hears the peer's", async () => {
  await using rig = new Rig();
  using client = await rig.connect();
  await client.handshake();
  await until("the connection comes", () => rig.conns.length === 1);
  const conn = rig.conns[0]!;
  const last = new Uint8Array(200_000).fill(7);
  const loop = conn.readLoop(() => {}, { bufferBytes: 4096 });
  for (let at = 0; at < last.length;) at += await conn.write(last.subarray(at));
  conn.finish(5000);
  let got = 0;
  for (const buffer = new Uint8Array(65536);;) {
    const count = await client.read(buffer);
    if (count === null) break;
    got += count;
  }
  assertEquals(got, last.length);
  client.close();
  assertEquals(await loop, "peerClosed");
});

tlsTest("TlsListener writes from shared memory", async () => {
  await using rig = new Rig();
  using client = await rig.connect();
  await client.handshake();
  await until("the connection comes", () => rig.conns.length === 1);
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(9);
  assertEquals(await rig.conns[0]!.write(shared), 4);
  const buffer = new Uint8Array(8);
  assertEquals([await client.read(buffer), buffer[3]], [4, 9]);
});

tlsTest("TlsListener lets go of a client that says nothing, and keeps nobody waiting for it", async () => {
  await using rig = new Rig({ handshakeTimeoutMs: 300 });
  const silent = await Promise.all(Array.from({ length: 5 }, () => plainTo(rig)));
  const startedMs = performance.now();
  using client = await rig.connect();
  await client.handshake();
  await until("the connection comes", () => rig.conns.length === 1);
  assertLess(performance.now() - startedMs, 290);
  await until("all others are given up", () => rig.failures.length === 5, 2000);
  assertEquals(rig.failures[0], "no TLS handshake within 300 ms");
  if (isLinux) {
    const links = silent.map(({ localAddr }) => linkOrNone(rig.port, localAddr.port));
    assert(await eventually(() => !links.some((link) => link !== "" && isOpen(link)), 8000), "a socket stays open");
  }
  for (const conn of silent) conn.close();
});

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

function linkOrNone(localPort: number, remotePort: number): string {
  try {
    return socketLink(localPort, remotePort);
  } catch {
    // Closed already.
    return "";
  }
}

const strangers: [what: string, bytes: Uint8Array, words: string][] = [
  ["plain RTMP", new Uint8Array(1537).fill(3), "does not speak TLS"],
  ["HTTP", new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "does not speak TLS"],
  ["zeros", new Uint8Array(4096), "does not speak TLS"],
  ["a handshake of garbage", new Uint8Array([22, 3, 1, 0, 4, 1, 2, 3, 4]), ""],
];

for (const [what, bytes, words] of strangers) {
  tlsTest(`TlsListener closes a connection with ${what}, and only that`, async () => {
    await using rig = new Rig({ handshakeTimeoutMs: 500 });
    using stranger = await plainTo(rig);
    await stranger.write(bytes);
    await until("it is given up", () => rig.failures.length === 1);
    assertStringIncludes(rig.failures[0]!, words);
    assert(rig.failures[0] !== "");
    using client = await rig.connect();
    await client.handshake();
    await until("the next one comes", () => rig.conns.length === 1);
    assertEquals(rig.acceptErrors, []);
  });
}

tlsTest("TlsListener has no words for a client that only leaves", async () => {
  await using rig = new Rig();
  (await plainTo(rig)).close();
  await until("it is noticed", () => rig.failures.length === 1);
  assertEquals(rig.failures, [""]);
});

tlsTest("TlsListener drops the newest of too many handshakes, or one that takes longer than usual", async () => {
  await using rig = new Rig({ maxHandshakes: 8 });
  const silent: Deno.TcpConn[] = [];
  for (let i = 0; i < 10; i++) silent.push(await plainTo(rig));
  await until("those beyond 8 are dropped", () => rig.failures.length === 2);
  assertEquals(await Promise.all(silent.slice(8).map(ended)), [true, true]);
  await sleep(1100);
  for (let i = 0; i < 3; i++) {
    using client = await rig.connect();
    await client.handshake();
  }
  await until("those that mean it come", () => rig.conns.length === 3);
  // Each made room for itself, or found the room that the one before had made.
  assertEquals(new Set(rig.failures), new Set(["too many TLS handshakes at once"]));
  assertLess(rig.failures.length, 6);
  assertEquals(await ended(silent[0]!), true);
  for (const conn of silent) conn.close();
});

/** Whether the other side has ended a connection; waits for it some time. */
async function ended(conn: Deno.TcpConn): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), 5000);
  const read = conn.read(new Uint8Array(8)).then((count) => count === null, () => true);
  return await Promise.race([read, late]).finally(() => clearTimeout(timer));
}

tlsTest("TlsListener.renew() shows another certificate from then on; connections go on", async () => {
  await using rig = new Rig();
  using before = await rig.connect();
  await before.handshake();
  await until("the connection comes", () => rig.conns.length === 1);
  assertEquals(await shownName(rig.port), "server");
  for (const name of ["other_name", "server", "other_name"] as const) {
    rig.tls.renew(tlsPair(name));
    assertEquals(await shownName(rig.port), name);
  }
  await roundTrip(before, rig.conns[0]!);
  assertEquals(rig.acceptErrors, []);
});

tlsTest("TlsListener.renew() refuses clients for a moment at most", async () => {
  await using rig = new Rig();
  let refused = 0;
  let done = 0;
  const tries = (async () => {
    for (const endMs = performance.now() + 600; performance.now() < endMs; done++) {
      try {
        using conn = await plainTo(rig);
        assert(conn.remoteAddr.port === rig.port);
      } catch {
        refused++;
      }
    }
  })();
  for (let i = 0; i < 4; i++) {
    await sleep(100);
    rig.tls.renew(tlsPair(i % 2 === 0 ? "renewed" : "server"));
  }
  await tries;
  assertLess(20, done);
  assertLess(refused, done / 2);
});

tlsTest("TlsListener.close() ends handshakes under way and the accept; it may come during a renewal", async () => {
  const rig = new Rig();
  using silent = await plainTo(rig);
  await sleep(50);
  rig.tls.renew(tlsPair("renewed"));
  await rig[Symbol.asyncDispose]();
  assertEquals(rig.failures, []);
  assert(rig.tls.isClosed);
  rig.tls.close();
  rig.tls.renew(tlsPair("server"));
  await assertRejects(() => rig.tls.accept(), Deno.errors.BadResource);
  assert(await eventually(() => isFree(rig.port)), "the port is not free again");
  assertEquals(silent.remoteAddr.port, rig.port);
});

Deno.test({
  name: "a TLS connection gives its file back, though its peer takes nothing of what was written",
  ignore: !isLinux,
  fn: async () => {
    await using rig = new Rig();
    using client = await rig.connect();
    await client.handshake();
    await until("the connection comes", () => rig.conns.length === 1);
    const conn = rig.conns[0]!;
    const link = socketLink(conn.localPort, conn.remotePort);
    const view = new Uint8Array(64 << 10);
    let isBlocked = false;
    while (!isBlocked) {
      const wrote = conn.write(view).then(() => true, () => true);
      isBlocked = await Promise.race([wrote, sleep(200).then(() => false)]) === false;
    }
    conn.close();
    assert(await eventually(() => !isOpen(link), 8000));
  },
});
