import { HttpServer } from "../../../src/http/server.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

type Body = Record<string, unknown>;

serverTest("a server reports to a real HTTP server, with the summaries of its API", async () => {
  const reports: { path: string; body: Body }[] = [];
  await using receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    reports.push({ path: `${request.method} ${pathname}${search}`, body: await request.json() });
    return new Response('{"code":0,"pid":"1"}');
  });
  const url = `http://127.0.0.1:${receiver.addr.port}/api/v1/srs/register?x=1`;
  await using server = new TestServer(
    "",
    `heartbeat { enabled on; interval 1; url '${url}'; device_id cam; summaries on; ports on; }`,
  );
  const http = new HttpServer(server.server);
  await until("two reports", () => reports.length >= 2);
  await http.stop();

  const [{ path, body }] = reports as [typeof reports[0]];
  assertEquals(path, "POST /api/v1/srs/register");
  const { device_id: deviceId, server: id, service, pid, rtmp, api } = body;
  const { serverId, serviceId } = server.server.identity;
  assertEquals([deviceId, id, service, pid, rtmp, api], [
    "cam",
    serverId,
    serviceId,
    `${Deno.pid}`,
    ["1935"],
    undefined,
  ]);
  const { data } = body.summaries as { data: { ok: boolean; self: { pid: number } } };
  assertEquals([data.ok, data.self.pid], [true, Deno.pid]);
});

serverTest("a server that reports to one that never answers plays on and stops at once", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of silent) accepted.push(conn);
  })();
  const server = new TestServer(
    "mw_latency 20;",
    `heartbeat { enabled on; interval 1; url http://127.0.0.1:${silent.addr.port}/x; }`,
  );
  using _publisher = await Publisher.start(server.port, "s");
  using viewer = await Viewer.start(server.port, "s");
  await until("two reports hang", () => accepted.length >= 2);
  await viewer.waitForFrames(20);
  assertEquals(viewer.breaks, []);
  assertGreater(server.log.find("no complete answer within 1000 ms").length, 0);
  const startedMs = performance.now();
  await server[Symbol.asyncDispose]();
  assertLess(performance.now() - startedMs, 1000);
  silent.close();
  await accepting.catch(() => {});
  for (const conn of accepted) conn.close();
});
