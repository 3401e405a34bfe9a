/** Five origins that find each other by a name are replaced one after the other; no file is edited. */
import { stopBySignal } from "../../../src/cli/serve/stop.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

const ORIGINS = 5;
const vhost = "min_latency on; cluster { origin_cluster on; coworkers dns+http://origins:1985; }";
const root = "grace_start_wait 100; grace_final_wait 4000;";

/** The origins behind their names, which stay, as those of a StatefulSet do. */
class Origins {
  readonly servers: MemoryServer[] = [];
  readonly #network: MemoryNetwork;
  #started = 0;

  constructor(network: MemoryNetwork) {
    this.#network = network;
    for (let at = 0; at < ORIGINS; at++) this.start(at);
  }

  /** Starts the server of a name, at an address of its own. */
  start(at: number): void {
    this.servers[at] = new MemoryServer(this.#network, `10.0.0.${++this.#started}`, { root, vhost });
    this.#network.name(`origin-${at}`, [this.servers[at].host.ip]);
    this.#network.name("origins", this.servers.map(({ host }) => host.ip));
  }

  /** Ends one as a rolling update does, and starts another one in its place. */
  async replace(at: number): Promise<void> {
    const { server, http } = this.servers[at]!;
    let hasEnded = false;
    stopBySignal({ server, http }, "SIGQUIT", new Promise(() => {})).then(() => hasEnded = true);
    while (!hasEnded) await this.#network.run(100);
    this.start(at);
  }
}

Deno.test("five origins found by a name are replaced one after the other: no viewer is lost", async () => {
  const network = new MemoryNetwork();
  const origins = new Origins(network);
  const names = Array.from({ length: ORIGINS }, (_, at) => `origin-${at}:1935`);
  const edge = new MemoryServer(network, "10.0.9.1", {
    vhost: `min_latency on; cluster { mode remote; origin ${names.join(" ")}; }`,
  });
  await network.run(6000);
  const encoder = network.host("10.0.8.1");
  let publisher = await MemoryPublisher.start(encoder, "origin-0:1935", "s");
  await network.run(1000);
  using viewer = await MemoryViewer.start(network.host("10.0.8.2"), "10.0.9.1:1935", "s");
  // One that is relayed by an origin that lacks the stream.
  using direct = await MemoryViewer.start(network.host("10.0.8.3"), "origin-3:1935", "s");
  await network.run(2000);
  assert(viewer.frames.length > 50 && direct.frames.length > 50);

  for (let at = 0; at < ORIGINS; at++) {
    const before = viewer.frames.length;
    await origins.replace(at);
    if (publisher.ended !== "") {
      // As an encoder does: to the next one, with times that go on.
      const fromMs = network.timers.nowMs() % 1_000_000;
      const next = `origin-${(at + 1) % ORIGINS}:1935`;
      publisher = await MemoryPublisher.start(encoder, next, "s", 10_000 * (at + 1), { fromMs });
    }
    await network.run(6000);
    assert(viewer.frames.length - before > 100, `origin-${at}: ${viewer.frames.length - before} frames`);
    assertEquals(viewer.ended, "", `the viewer of the edge, after origin-${at}`);
  }
  const known = origins.servers.map(({ server }) =>
    server.directory.members().filter(({ state }) => state === "up").length
  );
  assertEquals(known.filter((count) => count >= ORIGINS).length, ORIGINS, known.join());
  publisher[Symbol.dispose]();
  for (const server of [edge, ...origins.servers]) await server.stop();
});
