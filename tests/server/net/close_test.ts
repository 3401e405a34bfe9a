/** Proves that `TcpConn.close()` gives the file descriptor back whatever is pending on it. */
import { systemWorld } from "../../../src/net/system_world.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { eventually, isOpen, sleep, socketLink } from "../../kit/server/socket_files.ts";

const isLinux = Deno.build.os === "linux";

async function connectedPair(): Promise<{ conn: TcpConn; peer: Deno.TcpConn; link: string }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [accepted, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  const conn = new TcpConn(accepted, systemWorld);
  return { conn, peer, link: socketLink(conn.localPort, conn.remotePort) };
}

/** Writes more than the kernel takes for a peer that does not read; tells how it ended. */
async function writeAll(conn: TcpConn): Promise<string> {
  const view = new Uint8Array(16 << 20);
  try {
    for (let at = 0; at < view.length;) at += await conn.write(view.subarray(at));
    return "done";
  } catch {
    return "failed";
  }
}

interface Case {
  name: string;
  /** What the peer did before: ended its sending side. */
  half?: true;
  read?: true;
  write?: true;
}

const cases: Case[] = [
  { name: "idle" },
  { name: "read pending", read: true },
  { name: "write pending to a peer that does not read", write: true },
  { name: "read and write pending", read: true, write: true },
  { name: "peer half-closed", half: true },
  { name: "peer half-closed, its end read", half: true, read: true },
  { name: "peer half-closed, write pending", half: true, write: true },
  { name: "peer half-closed, its end read, write pending", half: true, read: true, write: true },
];

for (const { name, half, read, write } of cases) {
  Deno.test(`TcpConn.close gives the file descriptor back: ${name}`, { ignore: !isLinux }, async () => {
    const { conn, peer, link } = await connectedPair();
    try {
      assert(isOpen(link));
      if (half) {
        await peer.closeWrite();
        await sleep(20);
      }
      const reading = read ? conn.read(new Uint8Array(16)) : null;
      const writing = write ? writeAll(conn) : null;
      await sleep(write ? 100 : 10);
      conn.close();
      conn.close();
      assert(await eventually(() => !isOpen(link)), "the file descriptor is still there");
      assertEquals(await reading, null);
      if (writing !== null) assertEquals(await writing, "failed");
      assertEquals(conn.end, half && read ? "peerClosed" : "closedHere");
      // The peer's view: what was under way, then the end.
      const sink = new Uint8Array(65536);
      let received = 0;
      for (let count = await peer.read(sink); count !== null; count = await peer.read(sink)) received += count;
      assertEquals(received > 0, write === true);
    } finally {
      conn.close();
      peer.close();
    }
  });
}

Deno.test("TcpConn.close gives back the descriptors of many stalled peers", { ignore: !isLinux }, async () => {
  const pairs = await Promise.all(Array.from({ length: 10 }, connectedPair));
  const writes = pairs.map(({ conn }) => writeAll(conn));
  await sleep(150);
  const kept = pairs.pop();
  for (const { conn } of pairs) conn.close();
  assert(await eventually(() => pairs.every(({ link }) => !isOpen(link))));
  assertEquals(await Promise.all(writes.slice(0, -1)), pairs.map(() => "failed"));
  // A neighbour in the same state is left alone.
  assert(kept !== undefined && isOpen(kept.link));
  kept.conn.close();
  assertEquals(await writes.at(-1), "failed");
  for (const { peer } of [...pairs, kept]) peer.close();
});
