import { networkOf } from "../../../src/net/network.ts";
import { DownOrigins } from "../../../src/upstream/down_origins.ts";
import { OriginPool } from "../../../src/upstream/origin_pool.ts";
import { parseTarget } from "../../../src/upstream/target.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryOrigin, serveAt } from "../../kit/memory/memory_origin.ts";

const ORIGIN = "10.0.0.1:1935";
/** Longest time between two looks, and that for an answer. */
const LOOK_MS = 2200 + 1000;

/** An edge that has found its origin down. */
function rig() {
  const network = new MemoryNetwork();
  const pool = new OriginPool(network.timers);
  const down = new DownOrigins({ ...networkOf(network.host("10.0.0.99")), timers: network.timers, pool });
  const note = (address = ORIGIN) => {
    pool.noteFailure(address, "connection refused");
    down.note(parseTarget(address)!, "rtmp");
  };
  note();
  return { network, pool, down, note, isDown: () => pool.health(ORIGIN).failures > 0 };
}

Deno.test("DownOrigins sees that an origin is back, though no stream asks for it", async () => {
  const { network, isDown, note } = rig();
  note();
  await network.run(20_000);
  assert(isDown());
  const looks = network.dialled.length;
  assert(looks >= 8 && looks <= 11, `${looks}`);
  using _origin = new MemoryOrigin(network, ORIGIN);
  await network.run(LOOK_MS);
  assert(!isDown());
  assertEquals([network.openSockets, network.timers.pendingCount], [0, 0]);
});

Deno.test("DownOrigins takes one that says nothing, or is no RTMP server's equal, for down", async () => {
  for (const bytes of [[], [0x48], [3]]) {
    const { network, isDown } = rig();
    using _server = serveAt(network, ORIGIN, (conn) => void conn.write(Uint8Array.from(bytes)).catch(() => {}));
    await network.run(LOOK_MS);
    assertEquals(isDown(), bytes[0] !== 3, `${bytes}`);
  }
});

Deno.test("DownOrigins looks no more at what nobody is told of, and at 256 at most", async () => {
  const { network, note } = rig();
  await network.run(61_000 + LOOK_MS);
  assertEquals([network.openSockets, network.timers.pendingCount], [0, 0]);
  const looks = network.dialled.length;
  for (let i = 0; i < 300; i++) note(`10.0.${1 + (i >> 8)}.${i & 255}:1935`);
  await network.run(2200);
  assertEquals(network.dialled.length - looks, 256);
});

Deno.test("DownOrigins ends at once, whatever it waits for", async () => {
  const { network, down, note } = rig();
  network.hang("10.0.0.2");
  note("10.0.0.2:1935");
  using _silent = serveAt(network, ORIGIN, () => {});
  await network.run(2300);
  assertEquals(network.openSockets, 2);
  down.stop();
  note();
  await network.run(0);
  // The server has not noticed.
  assertEquals([network.openSockets, network.timers.pendingCount], [1, 0]);
});
