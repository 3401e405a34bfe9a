/** The owner of a stream is about to stop, in a cluster with an engine. On a simulated network. */
import { edgeIdentity } from "../../../src/server/identity.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import type { MemoryHost } from "../../kit/memory/memory_host.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { SimulatedEngine } from "../../kit/engine/simulated_engine.ts";

const ORIGINS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const ENGINE = "10.0.9.9";

/** Plays as an edge of SRS does: it goes where it is sent, and cannot be asked to reconnect. */
class Follower implements Disposable {
  readonly visited: string[] = [];
  #viewer: MemoryViewer | null = null;
  #handled = 0;

  constructor(private readonly host: MemoryHost) {}

  async play(address: string): Promise<void> {
    this.visited.push(address);
    this.#viewer?.[Symbol.dispose]();
    this.#handled = 0;
    this.#viewer = await MemoryViewer.start(this.host, address, "s", { connectArgs: edgeIdentity() });
  }

  /** Looks whether it was sent elsewhere. */
  follow(): Promise<void> | null {
    const [sent] = this.#viewer?.events.slice(this.#handled).filter((event) => event.kind === "redirect") ?? [];
    if (sent === undefined) return null;
    this.#handled = Infinity;
    return this.play(/\/\/([^/]+)/.exec(sent.url)?.[1] ?? "");
  }

  get frames(): number {
    return this.#viewer?.frames.length ?? 0;
  }

  [Symbol.dispose](): void {
    this.#viewer?.[Symbol.dispose]();
  }
}

/** What is wrong beside it, one second before. */
const troubles: Record<string, (engine: SimulatedEngine, network: MemoryNetwork) => void> = {
  nothing: () => {},
  "the engine is dead": (engine) => engine.die(),
  "the engine hangs": (engine) => engine.hang(),
  "the engine was flushed": (engine) => engine.flush(),
  "the owner does not reach the engine": (_, network) => void network.partition([ORIGINS[0]!], [ENGINE]),
};

for (const [name, begin] of Object.entries(troubles)) {
  Deno.test(`a player that follows is not sent round in circles while the owner of its stream stops; trouble: ${name}`, async () => {
    const network = new MemoryNetwork();
    const engine = network.engines[`${ENGINE}:6379`] = new SimulatedEngine(network.timers);
    const coworkers = ORIGINS.map((ip) => `${ip}:1985`).join(" ");
    const servers = ORIGINS.map((ip) =>
      new MemoryServer(network, ip, {
        root: `advertise ${ip}; directory { enabled on; url redis://${ENGINE}; node_ttl 6000; }`,
        vhost: `cluster { origin_cluster on; coworkers ${coworkers}; }`,
      })
    );
    await network.run(7000);
    const starting = MemoryPublisher.start(network.host("10.0.8.1"), "10.0.0.1:1935", "s");
    await network.run(500);
    using _publisher = await starting;
    // All of them know who has it.
    const followers = ORIGINS.map((_, at) => new Follower(network.host(`10.0.8.${2 + at}`)));
    for (const [at, follower] of followers.entries()) void follower.play(`${ORIGINS[at]}:1935`);
    const follow = async (ms: number) => {
      for (let left = ms; left > 0; left -= 10) {
        for (const follower of followers) void follower.follow();
        await network.run(10);
      }
    };
    await follow(1500);
    assert(followers.every(({ frames }) => frames > 20));
    assertEquals(followers.map(({ visited }) => visited.at(-1)), followers.map(() => "10.0.0.1:1935"));

    begin(engine, network);
    await follow(1000);
    for (const follower of followers) follower.visited.length = 0;
    servers[0]!.server.rtmp.drain();
    await follow(2000);
    const { visited } = followers[0]!;
    assert(visited.length >= 1 && visited.length <= 2, `it went to ${visited.join(", ")}`);
    const before = followers.map(({ frames }) => frames);
    await follow(1000);
    assert(followers.every(({ frames }, at) => frames > before[at]! + 20), "all have the stream");
    for (const follower of followers) follower[Symbol.dispose]();
    for (const server of servers) await server.stop();
  });
}
