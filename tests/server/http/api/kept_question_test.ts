/** A coworker's question that is kept until the stream comes, and what its connection does meanwhile. */
import { assert, assertEquals, assertLess } from "../../../kit/assert.ts";
import { MemoryHttp } from "../../../kit/memory/memory_http.ts";
import { MemoryNetwork } from "../../../kit/memory/memory_network.ts";
import { MemoryPublisher } from "../../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../../kit/memory/memory_server.ts";

const TARGET = "/api/v1/clusters?vhost=__defaultVhost__&ip=10.0.0.1&app=live&stream=s&coworker=10.0.0.1:1985";

/** A server with a question that it keeps. */
async function stage() {
  const network = new MemoryNetwork();
  const server = new MemoryServer(network, "10.0.0.1", {
    vhost: "cluster { origin_cluster on; coworkers 10.0.0.2:1985; }",
  });
  const { heldQuestions } = server.server;
  const asker = network.host("10.0.0.2");
  const asked = await MemoryHttp.ask("POST", asker, "10.0.0.1:1985", `${TARGET}&wait_ms=20000`);
  await network.run(1000);
  assertEquals(heldQuestions.count, 1);
  return { network, server, heldQuestions, asker, asked };
}

for (const how of ["close", "reset"] as const) {
  Deno.test(`a coworker that leaves by ${how} while its question is kept frees its place at once`, async () => {
    const { network, server, heldQuestions, asked } = await stage();
    asked.socket[how]();
    await network.run(10);
    assertEquals([heldQuestions.count, asked.status], [0, 0]);
    await server.stop();
    assertEquals(network.openSockets, 0);
  });
}

Deno.test("a coworker that ends only its own side while its question is kept still gets the answer", async () => {
  const { network, server, heldQuestions, asked } = await stage();
  await asked.socket.closeWrite();
  await network.run(10);
  assertEquals([heldQuestions.count, asked.status, asked.ended], [0, 200, true]);
  await server.stop();
});

Deno.test("a request that comes while a question is kept is answered after it", async () => {
  const { network, server, heldQuestions, asked } = await stage();
  const next = new TextEncoder().encode("GET /api/v1/versions HTTP/1.1\r\nHost: x\r\n\r\n");
  // In pieces, as a network brings it.
  for (const piece of [next.subarray(0, 10), next.subarray(10), next]) {
    await asked.socket.write(piece);
    await network.run(100);
  }
  assertEquals([heldQuestions.count, asked.text], [1, ""]);
  using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
  await network.run(100);
  const answers = asked.text.split("HTTP/1.1 200 OK");
  assertEquals(answers.length, 4);
  assert(answers[1]!.includes('"origin":{"ip"'), answers[1]);
  assert(answers[2]!.includes('"version"') && answers[3]!.includes('"version"'), answers[2]);
  asked.socket.close();
  await server.stop();
});

Deno.test("what a client sends while its question is kept is read up to a bound only", async () => {
  const { network, server, heldQuestions, asked } = await stage();
  const send = async () => {
    let sent = 0;
    const bytes = new TextEncoder().encode("G".repeat(64 * 1024));
    try {
      while (sent < 4e6) sent += await asked.socket.write(bytes);
    } catch {
      // Closed by the test.
    }
    return sent;
  };
  const sending = send();
  await network.run(1000);
  assertEquals(heldQuestions.count, 1);
  asked.socket.reset();
  await network.run(20_000);
  // The rest is in the buffers of the systems.
  assertLess(await sending, 512 * 1024 + 64 * 1024);
  assertEquals(heldQuestions.count, 0);
  await server.stop();
});
