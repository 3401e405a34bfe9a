/** Dialling servers over TLS: who is talked to, and in which words others are refused. */
import { systemWorld } from "../../../src/net/system_world.ts";
import { UpstreamError } from "../../../src/base/errors.ts";
import { dial, type DialOptions } from "../../../src/net/tls/dial.ts";
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { tlsPair, tlsText } from "../../kit/tls_files.ts";
import { tlsTest } from "../../kit/server/rtmp_rig.ts";

type Pair = Parameters<typeof tlsPair>[0];

/** Sends back whatever comes, over TLS; goes on when a handshake fails. */
function echoServer(pair: Pair): Deno.TlsListener {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...tlsPair(pair) });
  (async () => {
    for await (const conn of listener) {
      (async () => {
        using _conn = conn;
        const buffer = new Uint8Array(65536);
        for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
          for (let at = 0; at < count;) at += await conn.write(buffer.subarray(at, count));
        }
      })().catch(() => {});
    }
  })().catch(() => {});
  return listener;
}

function options(port: number, more: Partial<DialOptions> = {}): DialOptions {
  const tls = { caCerts: [tlsText("authority.crt")] };
  return { host: "localhost", port, timeoutMs: 2000, tlsTimeoutMs: 2000, tls, ...more };
}

for (const host of ["localhost", "127.0.0.1"]) {
  for (const [name, tls] of [["a known authority", undefined], ["no look at it", { isUnchecked: true }]] as const) {
    tlsTest(`dial() speaks TLS with ${host}, its certificate with ${name}`, async () => {
      using server = echoServer(tls === undefined ? "server" : "authority");
      using conn = await dial(systemWorld, options(server.addr.port, tls === undefined ? { host } : { host, tls }));
      assert(conn.isEncrypted);
      assertEquals([conn.remoteIp, conn.remotePort], ["127.0.0.1", server.addr.port]);
      const sent = crypto.getRandomValues(new Uint8Array(40_000));
      const got = new Uint8Array(sent.length);
      const [, count] = await Promise.all([
        (async () => {
          for (let at = 0; at < sent.length;) at += await conn.write(sent.subarray(at));
        })(),
        (async () => {
          let at = 0;
          while (at < got.length) at += await conn.read(got.subarray(at)) ?? got.length;
          return at;
        })(),
      ]);
      assertEquals(count, sent.length);
      assertEquals(got, sent);
      // A read that waits ends with the close.
      const pending = conn.read(new Uint8Array(8));
      conn.close();
      assertEquals(await pending, null);
    });
  }
}

const refusals: [what: string, pair: Pair, tls: DialOptions["tls"], words: string][] = [
  ["of an unknown authority", "server", {}, "its issuer is unknown"],
  ["for another name", "other_name", undefined, 'it is for other.example, not for "localhost"'],
  ["that has expired", "expired", undefined, "it has expired"],
  ["that is an authority's", "authority", undefined, "it is a CA certificate"],
];

for (const [what, pair, tls, words] of refusals) {
  tlsTest(`dial() refuses a certificate ${what}`, async () => {
    using server = echoServer(pair);
    const refused = dial(systemWorld, options(server.addr.port, tls === undefined ? {} : { tls }));
    const { message, codeName } = await assertRejects(() => refused, UpstreamError);
    assertEquals(codeName, "StConnect");
    assertStringIncludes(message, `localhost:${server.addr.port}: certificate rejected: `);
    assertStringIncludes(message, words);
  });
}

/** A TCP server that does as it likes with its clients. */
function tcpServer(serve: (conn: Deno.TcpConn) => unknown): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const conn of listener) serve(conn);
  })().catch(() => {});
  return listener;
}

tlsTest("dial() tells of a server that does not speak TLS", async () => {
  const { promise, resolve } = Promise.withResolvers<Deno.TcpConn>();
  using server = tcpServer((conn) => {
    resolve(conn);
    return conn.write(new Uint8Array(1537).fill(3));
  });
  const { message } = await assertRejects(() => dial(systemWorld, options(server.addr.port)), UpstreamError);
  assertStringIncludes(message, "the peer does not speak TLS");
  (await promise).close();
});

tlsTest("dial() tells of a server that closes the connection", async () => {
  using server = tcpServer((conn) => conn.close());
  const { message } = await assertRejects(() => dial(systemWorld, options(server.addr.port)), UpstreamError);
  assertStringIncludes(message, "the server closed the connection during the TLS handshake");
});

tlsTest("dial() waits for a silent server only for so long, and not beyond an abort", async () => {
  const held: Deno.TcpConn[] = [];
  using server = tcpServer((conn) => held.push(conn));
  const startedMs = performance.now();
  const late = () => dial(systemWorld, options(server.addr.port, { tlsTimeoutMs: 200 }));
  assertStringIncludes((await assertRejects(late, UpstreamError)).message, "no TLS handshake within 200 ms");
  const signal = AbortSignal.timeout(200);
  const aborted = () => dial(systemWorld, options(server.addr.port, { signal }));
  assertStringIncludes((await assertRejects(aborted, UpstreamError)).message, "cancelled");
  assertLess(performance.now() - startedMs, 1500);
  for (const conn of held) conn.close();
});

tlsTest("dial() judges the address before TLS", async () => {
  let bytes = -1;
  const { promise, resolve } = Promise.withResolvers<void>();
  using server = tcpServer(async (conn) => {
    bytes = await conn.read(new Uint8Array(64)).catch(() => null) ?? 0;
    conn.close();
    resolve();
  });
  const refused = () => dial(systemWorld, options(server.addr.port, { mayTalkTo: () => false }));
  assertStringIncludes((await assertRejects(refused, UpstreamError)).message, "resolves to 127.0.0.1, a local address");
  await promise;
  assertEquals(bytes, 0);
});

tlsTest("dial() without a look at the certificate fails in words, too", async () => {
  const tls = { isUnchecked: true };
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = nobody.addr;
  nobody.close();
  const refused = await assertRejects(() => dial(systemWorld, options(port, { tls })), UpstreamError);
  assertStringIncludes(refused.message, "connection refused, nothing listens there");
  const held: Deno.TcpConn[] = [];
  using server = tcpServer((conn) => held.push(conn));
  const late = () =>
    dial(systemWorld, options(server.addr.port, { tls, timeoutMs: 100, tlsTimeoutMs: 100 })).then(firstRead);
  await assertRejects(late);
  for (const conn of held) conn.close();
});

/** Deno 2.4.2 has a connection before the handshake. */
async function firstRead(conn: Awaited<ReturnType<typeof dial>>): Promise<void> {
  const timer = setTimeout(() => conn.close(), 200);
  const count = await conn.read(new Uint8Array(8));
  clearTimeout(timer);
  conn.close();
  if (count === null) throw new Error("nothing came");
}
