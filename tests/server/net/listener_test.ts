import { systemWorld } from "../../../src/net/system_world.ts";
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { SrsError } from "../../../src/base/errors.ts";
import type { TcpConn } from "../../../src/net/tcp_conn.ts";
import { TcpListener } from "../../../src/net/tcp_listener.ts";

Deno.test("TcpListener.serve hands over each connection with its addresses and stops at close", async () => {
  const listener = TcpListener.listen(systemWorld, { host: "127.0.0.1", port: 0 });
  assert(listener.port > 0);
  assertEquals(listener.host, "127.0.0.1");
  const conns: TcpConn[] = [];
  const third = Promise.withResolvers<void>();
  const served = listener.serve((conn) => {
    if (conns.push(conn) === 3) third.resolve();
  }, { onAcceptError: (error) => third.reject(error) });
  const peers = await Promise.all(
    [1, 2, 3].map(() => Deno.connect({ hostname: "127.0.0.1", port: listener.port })),
  );
  await third.promise;
  assertEquals(
    conns.map(({ remotePort }) => remotePort).sort(),
    peers.map(({ localAddr }) => localAddr.port).sort(),
  );
  for (const conn of conns) {
    assertEquals([conn.remoteIp, conn.localIp, conn.localPort], ["127.0.0.1", "127.0.0.1", listener.port]);
  }
  listener.close();
  await served;
  // Accepted connections outlive their listener.
  assertEquals(await conns[0]?.write(new Uint8Array(5)), 5);
  for (const closing of [...conns, ...peers]) closing.close();
});

Deno.test("TcpListener on all IPv6 addresses shows IPv4 peers by their IPv4 address", async () => {
  using listener = TcpListener.listen(systemWorld, { host: "::", port: 0 });
  const accepted = Promise.withResolvers<TcpConn>();
  const served = listener.serve(accepted.resolve, { onAcceptError: (error) => accepted.reject(error) });
  using _peer = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  using conn = await accepted.promise;
  assertEquals(conn.remoteIp, "127.0.0.1");
  listener.close();
  await served;
});

const refusals: [string, string, (usedPort: number) => { host: string; port: number }][] = [
  ["a port in use", "the address is in use by another program", (port) => ({ host: "127.0.0.1", port })],
  ["a foreign address", "cannot listen on 203.0.113.5:0: ", () => ({ host: "203.0.113.5", port: 0 })],
  ["an impossible port", "cannot listen on 127.0.0.1:99999: ", () => ({ host: "127.0.0.1", port: 99999 })],
  ["an unknown name", "unknown host name", () => ({ host: "nowhere.invalid", port: 0 })],
];

for (const [name, text, options] of refusals) {
  Deno.test(`TcpListener.listen names the trouble: ${name}`, () => {
    using taken = TcpListener.listen(systemWorld, { host: "127.0.0.1", port: 0 });
    const error = assertThrows(() => TcpListener.listen(systemWorld, options(taken.port)), SrsError, text);
    assertEquals(error.codeName, "SocketListen");
  });
}
