import { ShutdownQueue } from "../../../src/net/shutdown_queue.ts";
import type { SocketAddress } from "../../../src/net/socket_shutdown.ts";
import { assertEquals, assertLess } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

const MIN_PAUSE_MS = 100;

/** A queue whose searches take time and are written down. */
class Rig {
  readonly timers = new ManualTimers(0);
  /** Start of each search, and the ports it was for. */
  readonly searches: { atMs: number; ports: number[] }[] = [];
  readonly queue: ShutdownQueue;
  searchMs = 0;
  #spentMs = 0;

  constructor() {
    const { timers } = this;
    const nowMs = () => timers.nowMs() + this.#spentMs;
    this.queue = new ShutdownQueue({
      minPauseMs: MIN_PAUSE_MS,
      timers: { nowMs, after: (delayMs, fn) => timers.after(delayMs, fn) },
      shutdown: (addresses) => {
        this.searches.push({ atMs: nowMs(), ports: addresses.map(({ remotePort }) => remotePort) });
        this.#spentMs += this.searchMs;
      },
    });
  }
}

function peer(remotePort: number): SocketAddress {
  return { localIp: "127.0.0.1", localPort: 1935, remoteIp: "127.0.0.1", remotePort };
}

Deno.test("ShutdownQueue shuts sockets down after their time of grace, all that are due at once", () => {
  const { queue, timers, searches } = new Rig();
  queue.add(peer(1), 50);
  queue.add(peer(2), 40);
  queue.add(peer(3), 300);
  queue.remove(peer(2));
  timers.advance(49);
  assertEquals(searches, []);
  timers.advance(1);
  assertEquals(searches, [{ atMs: 50, ports: [1] }]);
  timers.advance(1000);
  assertEquals(searches.slice(1), [{ atMs: 300, ports: [3] }]);
  assertEquals([queue.size, timers.pendingCount], [0, 0]);
});

Deno.test("ShutdownQueue needs one search for thousands of sockets that are closed together", () => {
  const { queue, timers, searches } = new Rig();
  for (let port = 1; port <= 3000; port++) queue.add(peer(port), 50);
  timers.advance(1000);
  assertEquals(searches.map(({ ports }) => ports.length), [3000]);
});

Deno.test("ShutdownQueue searches for no more than a twentieth of the time, however many are closed one by one", () => {
  const rig = new Rig();
  rig.searchMs = 30;
  for (let port = 1; port <= 3000; port++) {
    rig.queue.add(peer(port), 50);
    rig.timers.advance(1);
  }
  rig.timers.advance(1000);
  assertEquals(rig.searches.flatMap(({ ports }) => ports).length, 3000);
  assertLess(rig.searches.length * rig.searchMs, 4000 / 20 + rig.searchMs);
});

Deno.test("ShutdownQueue has no timer once all its sockets are gone by themselves", () => {
  const { queue, timers, searches } = new Rig();
  queue.add(peer(1), 50);
  queue.add(peer(1), 90);
  queue.remove(peer(1));
  queue.remove(peer(1));
  assertEquals([timers.pendingCount, queue.size], [0, 0]);
  timers.advance(200);
  assertEquals(searches, []);
});
