import { UpstreamError } from "../../../../src/base/errors.ts";
import { plainFetch } from "../../../../src/upstream/client/plain_fetch.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../kit/assert.ts";
import { MemoryNetwork } from "../../../kit/memory/memory_network.ts";
import type { Socket } from "../../../../src/base/socket.ts";

/** Asks a server that says this, in pieces, and then ends the connection or not. */
async function ask(pieces: readonly string[], { ends = true, init = {} }: { ends?: boolean; init?: RequestInit } = {}) {
  const network = new MemoryNetwork();
  const listener = network.host("10.0.0.1").listen({ host: "10.0.0.1", port: 1985 });
  const request = { text: "" };
  const serve = async () => {
    const socket: Socket = await listener.accept();
    const buffer = new Uint8Array(4096);
    request.text = new TextDecoder().decode(buffer.subarray(0, await socket.read(buffer) ?? 0));
    for (const piece of pieces) {
      await socket.write(new TextEncoder().encode(piece));
      await new Promise<void>((resolve) => void network.timers.after(1, resolve));
    }
    if (ends) socket.close();
  };
  const serving = serve().catch(() => {});
  const answer = plainFetch(network.host("10.0.0.2"))("http://10.0.0.1:1985/api/v1/node?a=%2f&b=ü", init);
  answer.catch(() => {});
  await network.run(1000);
  await serving;
  return { answer, request, network };
}

const answers: [what: string, pieces: string[], body: string, status?: number][] = [
  ["of a known length", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], "hello"],
  ["in many pieces", [..."HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], "hello"],
  ["in chunks", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r", "\nlo\r\n0\r\n\r\n"], "hello"],
  ["up to the end of the connection", ["HTTP/1.0 403 No\r\n\r\nhel", "lo"], "hello", 403],
  ["with more than it announces", ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello"], "he"],
  ["after a preliminary one", ["HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], ""],
  ["without a body", ["HTTP/1.1 204 OK\r\n\r\n"], "", 204],
];

for (const [what, pieces, body, status = 200] of answers) {
  Deno.test(`plainFetch reads an answer ${what}`, async () => {
    const { answer, network } = await ask(pieces);
    const response = await answer;
    assertEquals([response.status, await response.text()], [status, body]);
    assertEquals(network.openSockets, 0);
  });
}

Deno.test("plainFetch does not wait for the end of the connection where the answer has its own", async () => {
  const { answer } = await ask(["HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 1\r\n\r\n1"], { ends: false });
  assertEquals([(await answer).headers.get("server"), await (await answer).text()], ["x", "1"]);
});

Deno.test("plainFetch sends the address as it is, and headers", async () => {
  const init = { headers: { authorization: "Bearer x" } };
  const { request } = await ask(["HTTP/1.1 204 OK\r\n\r\n"], { init });
  assertStringIncludes(request.text, "GET /api/v1/node?a=%2f&b=ü HTTP/1.1\r\nHost: 10.0.0.1:1985\r\n");
  assertStringIncludes(request.text, "authorization: Bearer x\r\n");
});

const faults: [what: string, pieces: string[], text: string][] = [
  ["another protocol", ["SSH-2.0-OpenSSH"], "not an HTTP/1 response"],
  ["nothing", [], "ended before"],
  ["half an answer", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"], "ended within"],
  ["headers without end", [`HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}`], "too long"],
];

for (const [what, pieces, text] of faults) {
  Deno.test(`plainFetch rejects ${what}`, async () => {
    const { answer, network } = await ask(pieces);
    await assertRejects(() => answer, TypeError, text);
    assertEquals(network.openSockets, 0);
  });
}

Deno.test("plainFetch takes no more than a bound", async () => {
  const { answer } = await ask(["HTTP/1.1 200 OK\r\n\r\n", ..."x".repeat(10).split("").map((x) => x.repeat(30_000))]);
  await assertRejects(() => answer, UpstreamError, "too long");
});

Deno.test("plainFetch tells what the system says, and ends with its signal", async () => {
  const network = new MemoryNetwork();
  const fetch = plainFetch(network.host("10.0.0.2"));
  const refused = await assertRejects(() => fetch("http://10.0.0.1:1985/", {}), TypeError);
  assert(refused.cause instanceof Deno.errors.ConnectionRefused);
  network.host("10.0.0.1").listen({ host: "10.0.0.1", port: 1985 });
  const controller = new AbortController();
  const answer = fetch("http://10.0.0.1:1985/", { signal: controller.signal });
  answer.catch(() => {});
  await network.run(100);
  controller.abort();
  await assertRejects(() => answer);
  await network.run(100);
});
