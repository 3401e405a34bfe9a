/** Reads that wait for more, over real sockets: nothing gets lost or stuck, whatever the peer does meanwhile. */
import { openLibc } from "../../../src/net/fast/libc.ts";
import { FastPaths } from "../../../src/net/fast/fast_paths.ts";
import type { Socket } from "../../../src/base/socket.ts";
import { ResetClients } from "../../kit/server/reset_clients.ts";
import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import { sleep } from "../../kit/server/socket_files.ts";

// Once for the process, before any test: it is never closed.
openLibc();

const ignore = Deno.build.os !== "linux";

async function connectedPair(
  paths = new FastPaths({ recv: "lowat", send: "write" }),
): Promise<{ socket: Socket; peer: Deno.TcpConn }> {
  const inner = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listener = paths.over(inner);
  const [socket, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  listener.close();
  peer.setNoDelay(true);
  return { socket, peer };
}

async function settled(promise: Promise<unknown>, ms = 60): Promise<boolean> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  await sleep(ms);
  return isSettled;
}

Deno.test("a read that gathers ends when it is asked for what there is", { ignore }, async () => {
  const { socket, peer } = await connectedPair();
  const buffer = new Uint8Array(1000);
  socket.gather?.(64 * 1024);
  const read = socket.read(buffer);
  for (let at = 0; at < 5; at++) await peer.write(new Uint8Array(10).fill(at));
  assertEquals(await settled(read), false);
  socket.gather?.(1);
  assertEquals(await read, 50);
  assertEquals(buffer.subarray(40, 50).every((byte) => byte === 4), true);
  const next = socket.read(buffer);
  await peer.write(new Uint8Array(1));
  assertEquals(await next, 1);
  socket.close();
  peer.close();
});

Deno.test("a read that gathers ends when so much has come", { ignore }, async () => {
  const { socket, peer } = await connectedPair();
  socket.gather?.(20_000);
  const read = socket.read(new Uint8Array(64 * 1024));
  await peer.write(new Uint8Array(19_000));
  assertEquals(await settled(read), false);
  await peer.write(new Uint8Array(1500));
  assertGreater(await read ?? 0, 18_999);
  socket.close();
  peer.close();
});

Deno.test("a read that gathers ends with its peer, after what that has sent", { ignore }, async () => {
  const { socket, peer } = await connectedPair();
  const buffer = new Uint8Array(1000);
  socket.gather?.(64 * 1024);
  const read = socket.read(buffer);
  await peer.write(new Uint8Array(7));
  peer.close();
  assertEquals(await read, 7);
  assertEquals(await socket.read(buffer), null);
  socket.close();
});

Deno.test("a read that gathers ends when its own side closes", { ignore }, async () => {
  const { socket, peer } = await connectedPair();
  socket.gather?.(64 * 1024);
  const read = socket.read(new Uint8Array(10));
  assertEquals(await settled(read, 10), false);
  socket.close();
  assertEquals(await read.catch(() => "failed"), "failed");
  // The number of its descriptor is another file's by now: nothing may be said to that.
  const { socket: other, peer: otherPeer } = await connectedPair();
  socket.gather?.(64 * 1024);
  const otherRead = other.read(new Uint8Array(10));
  await otherPeer.write(new Uint8Array(3));
  assertEquals(await otherRead, 3);
  for (const each of [other, peer, otherPeer]) each.close();
});

Deno.test("a sender is never held up by a mark that its bytes cannot reach", { ignore }, async () => {
  const { socket, peer } = await connectedPair();
  const total = 2 << 20;
  socket.gather?.(1 << 30);
  const sent = (async () => {
    for (let at = 0; at < total;) at += await peer.write(new Uint8Array(Math.min(1 << 20, total - at)));
  })();
  const buffer = new Uint8Array(256 * 1024);
  let received = 0;
  while (received < total) {
    const read = socket.read(buffer);
    // What is less than the mark has to be asked for; everything else comes by itself.
    if (!(await settled(read, 20))) socket.gather?.(1);
    received += await read ?? 0;
    socket.gather?.(1 << 30);
  }
  await sent;
  assertEquals(received, total);
  socket.close();
  peer.close();
});

Deno.test("one that is reset before it is looked at does not end the fast path for others", { ignore }, async () => {
  const reasons: string[] = [];
  const paths = new FastPaths({ recv: "lowat", send: "write" }, (reason) => reasons.push(reason));
  const inner = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listener = paths.over(inner);
  using clients = new ResetClients(listener.addr.port);
  clients.reset(1);
  const reset = await listener.accept().catch(() => null);
  reset?.close();
  assertEquals(reasons, []);
  listener.close();
  const { socket, peer } = await connectedPair(paths);
  assert(socket.gather !== undefined);
  socket.close();
  peer.close();
});

Deno.test("`read` is what was asked for: connections are Deno's own, and nothing is said", async () => {
  const reasons: string[] = [];
  const { socket, peer } = await connectedPair(
    new FastPaths({ recv: "read", send: "write" }, (reason) => reasons.push(reason)),
  );
  assertEquals(socket.gather, undefined);
  assertEquals(reasons, []);
  socket.close();
  peer.close();
});
