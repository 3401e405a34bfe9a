import { assertEquals } from "../../kit/assert.ts";
import { freePort } from "../../kit/launcher.ts";
import { parseMetrics } from "../../kit/cases/metrics_text.ts";
import { WebServer } from "../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, until, Viewer } from "../../kit/server/rtmp_rig.ts";

type Row = Record<string, unknown>;

/** What a list of the API says, over its socket. */
async function rows(server: WebServer, what: "clients" | "streams" | "vhosts"): Promise<Row[]> {
  const answer = await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/${what}/`);
  return (await answer.json())[what];
}

/** Clients, viewers and downstream servers that a list counts for the stream or vhost of a test. */
async function counts(server: WebServer, what: "streams" | "vhosts" = "streams"): Promise<unknown[]> {
  const [row] = await rows(server, what);
  return [row?.clients, row?.viewers, row?.downstream];
}

async function metrics(server: WebServer): Promise<unknown[]> {
  const text = await (await fetch(`http://127.0.0.1:${server.apiPort}/metrics`)).text();
  const lines = parseMetrics(text);
  const names = ["players", "viewers", "downstream", "stream_players", "stream_viewers", "stream_downstream"];
  return names.map((name) => lines.find((line) => line.name === `srs_ts_${name}`)?.value);
}

const exporter = () => `exporter { enabled on; listen 127.0.0.1:${freePort()}; }`;

/** Two origins that list each other, and an edge of both. */
function cluster(): { a: WebServer; b: WebServer; edge: WebServer; stack: AsyncDisposableStack } {
  const [first, second] = [{ port: freePort(), apiPort: freePort() }, { port: freePort(), apiPort: freePort() }];
  const stack = new AsyncDisposableStack();
  const origin = (own: typeof first, other: typeof first) => {
    const vhost = `min_latency on; cluster { origin_cluster on; coworkers 127.0.0.1:${other.apiPort}; }`;
    return stack.use(new WebServer({ ...own, vhost, root: exporter() }));
  };
  const [a, b] = [origin(first, second), origin(second, first)];
  const origins = `127.0.0.1:${first.port} 127.0.0.1:${second.port}`;
  const vhost = `cluster { mode remote; origin ${origins}; owner_timeout 20000; }`;
  return { a, b, edge: stack.use(new WebServer({ vhost, root: exporter() })), stack };
}

serverTest("one viewer through an edge is one viewer, in all numbers of the cluster together", async () => {
  await using origin = new WebServer({ vhost: "min_latency on;", root: exporter() });
  await using edge = new WebServer({
    vhost: `cluster { mode remote; origin 127.0.0.1:${origin.port}; }`,
    root: exporter(),
  });
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(5);
  assertEquals(await counts(origin), [2, 0, 1]);
  assertEquals(await counts(origin, "vhosts"), [2, 0, 1]);
  assertEquals(await counts(edge), [1, 1, 0]);
  assertEquals(await counts(edge, "vhosts"), [1, 1, 0]);
  assertEquals(await metrics(origin), [1, 0, 1, 1, 0, 1]);
  assertEquals(await metrics(edge), [1, 1, 0, 1, 1, 0]);
  const atOrigin = (await rows(origin, "clients")).map(({ type, server, instance }) => [type, server, instance]);
  assertEquals(atOrigin, [
    ["fmle-publish", undefined, undefined],
    ["rtmp-play", true, edge.server.identity.serviceId],
  ]);
});

serverTest("of a stream that has ended, one viewer through an edge is still one viewer", async () => {
  const { a, b, edge, stack } = cluster();
  await using _ = stack;
  using publisher = await Publisher.start(a.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(5);
  publisher.unpublish();
  publisher[Symbol.dispose]();
  const clients = () => [a, b, edge].map(({ server }) => server.registry.clientCount).join();
  await until("the edge asks both origins", () => clients() === "1,1,1");
  const all = [await counts(a), await counts(b), await counts(edge)];
  assertEquals(all, [[1, 0, 1], [1, 0, 1], [1, 1, 0]]);
});

serverTest("an origin that relays is no viewer of the owner", async () => {
  const { a, b, stack } = cluster();
  await using _ = stack;
  using _publisher = await Publisher.start(a.port, "s");
  using viewer = await Viewer.start(b.port, "s");
  await viewer.waitForFrames(5);
  assertEquals([await counts(a), await counts(b)], [[2, 0, 1], [1, 1, 0]]);
});

serverTest("an edge that pulls over HTTP-FLV is no viewer", async () => {
  await using origin = new WebServer({ vhost: "min_latency on;" });
  const cluster = `cluster { mode remote; protocol flv; origin 127.0.0.1:${origin.webPort}; }`;
  await using edge = new WebServer({ vhost: cluster });
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(5);
  assertEquals([await counts(origin), await counts(edge)], [[2, 0, 1], [1, 1, 0]]);
});

serverTest("SRS's edges are servers, over RTMP and HTTP; browsers, ffmpeg and curl are viewers", async () => {
  await using origin = new WebServer({ vhost: "min_latency on;" });
  using _publisher = await Publisher.start(origin.port, "s");
  using edge = await Viewer.start(origin.port, "s", true);
  await edge.waitForFrames(1);
  assertEquals(await counts(origin), [2, 0, 1]);
  const agents = ["SRS/7.0.18(Hang)", "Lavf/61.1.100", "Mozilla/5.0 (X11) SRS/7", "curl/8.5.0", "srs-tsx/1"];
  await using stack = new AsyncDisposableStack();
  for (const agent of agents) {
    const { body, status } = await fetch(origin.url("/live/s.flv"), { headers: { "user-agent": agent } });
    assertEquals(status, 200);
    const reader = body!.getReader();
    stack.defer(() => reader.cancel());
    await reader.read();
  }
  assertEquals(await counts(origin), [7, 4, 2]);
});

serverTest("an edge that passes a publish on is a server, and neither viewer nor downstream", async () => {
  await using origin = new WebServer({ vhost: "min_latency on;" });
  await using edge = new WebServer({ vhost: `cluster { mode remote; origin 127.0.0.1:${origin.port}; }` });
  using _publisher = await Publisher.start(edge.port, "s");
  await until("the origin has it", () => origin.server.sources.find("/live/s")?.isActive === true);
  assertEquals(await counts(origin), [1, 0, 0]);
  const [publisher] = await rows(origin, "clients");
  assertEquals([publisher?.publish, publisher?.server, publisher?.instance], [
    true,
    true,
    edge.server.identity.serviceId,
  ]);
  assertEquals((await rows(edge, "clients"))[0]?.server, undefined);
});

serverTest("a server is kicked through the API as every client, and comes back by itself", async () => {
  await using origin = new WebServer({ vhost: "min_latency on;" });
  await using edge = new WebServer({ vhost: `cluster { mode remote; origin 127.0.0.1:${origin.port}; }` });
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(5);
  const server = (await rows(origin, "clients")).find(({ type }) => type === "rtmp-play");
  const url = `http://127.0.0.1:${origin.apiPort}/api/v1/clients/${server?.id}`;
  const answer = await (await fetch(url, { method: "DELETE" })).json();
  assertEquals(answer.code, 0);
  await until("it is gone", () => origin.server.registry.client(String(server?.id)) === undefined);
  await viewer.waitForFrames(20);
  assertEquals(viewer.ended, "");
});
