/** An origin comes back, and the others hear of it from itself. On a simulated network. */
import { assert, assertLess } from "../../kit/assert.ts";
import { memoryFetch } from "../../kit/memory/memory_fetch.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

const file = (other: string) => ({ vhost: `cluster { origin_cluster on; coworkers ${other}:1985; }` });

/** When the log says that the coworker is back, in ms from now on; Infinity if it does not in 5 s. */
async function backAfterMs(network: MemoryNetwork, { log }: MemoryServer): Promise<number> {
  const from = log.lines.length;
  for (let ms = 0; ms < 5000; ms += 10) {
    if (log.lines.slice(from).some((line) => /coworker \S+ (is back|has restarted)/.test(line))) return ms;
    await network.run(10);
  }
  return Infinity;
}

for (const awayMs of [100, 4700]) {
  Deno.test(`an origin that was away for ${awayMs} ms is known to be back as soon as it asks`, async () => {
    const network = new MemoryNetwork();
    const first = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
    const second = new MemoryServer(network, "10.0.0.2", file("10.0.0.1"));
    await network.run(10_000);
    first.host.kill();
    await network.run(awayMs);
    const back = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
    assertLess(await backAfterMs(network, second), 600);
    for (const server of [back, second]) await server.stop();
  });
}

Deno.test("a relay has a stream again at once whose encoder comes back to the origin that was restarted", async () => {
  const network = new MemoryNetwork();
  const first = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
  const second = new MemoryServer(network, "10.0.0.2", file("10.0.0.1"));
  await network.run(3000);
  using _publisher = await started(network, MemoryPublisher.start(network.host("10.0.8.1"), "10.0.0.1:1935", "s"));
  using viewer = await started(network, MemoryViewer.start(network.host("10.0.8.2"), "10.0.0.2:1935", "s"));
  await network.run(3000);
  assert(viewer.frames.length > 50);
  first.host.kill();
  await network.run(5000);
  const back = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
  await network.run(30);
  using _again = await started(network, MemoryPublisher.start(network.host("10.0.8.3"), "10.0.0.1:1935", "s", 1000));
  const count = viewer.frames.length;
  await network.run(400);
  assert(viewer.frames.length > count, "frames after 0.4 s");
  for (const server of [back, second]) await server.stop();
});

Deno.test("strangers that say they are servers have a coworker asked twice a second at most", async () => {
  const network = new MemoryNetwork();
  const first = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
  const second = new MemoryServer(network, "10.0.0.2", file("10.0.0.1"));
  await network.run(3000);
  first.host.kill();
  await network.run(8000);
  let questions = 0;
  second.host.onFetch = (url) => void (questions += url.includes("10.0.0.1:1985/api/v1/node") ? 1 : 0);
  for (let i = 0; i < 1000; i++) {
    void memoryFetch(network.host("10.9.9.9"), `http://10.0.0.2:1985/api/v1/node?from=made-up-${i}`, {});
    await network.run(10);
  }
  assert(questions >= 10 && questions <= 21, `${questions} questions in 10 s`);
  await second.stop();
});

async function started<T>(network: MemoryNetwork, starting: Promise<T>): Promise<T> {
  await network.run(60);
  return await starting;
}
