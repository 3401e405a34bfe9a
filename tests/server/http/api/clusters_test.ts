import { assertEquals } from "../../../kit/assert.ts";
import { apiOf, bodyOf, fakeServer, publishInto, START_MS } from "../../../kit/peers/fake_server.ts";

const plain = "vhost __defaultVhost__ {} vhost a.com {}";
const question = "vhost=__defaultVhost__&ip=127.0.0.1&app=live&stream=livestream&coworker=192.168.1.5:9090";

type Answer = { code: number; data: { query: unknown; origin: Record<string, unknown> | null; instance: string } };

async function askClusters(query: string, options: { config?: string; key?: string; init?: RequestInit } = {}) {
  const server = fakeServer(options.config ?? plain);
  publishInto(server, options.key ?? "/live/livestream", 0);
  const answer = await apiOf(server)(`/api/v1/clusters?${query}`, options.init);
  assertEquals(answer.status, 200);
  return await bodyOf(answer) as unknown as Answer;
}

for (const method of ["GET", "POST", "PUT", "FOO"]) {
  Deno.test(`/api/v1/clusters answers ${method} with the owner in SRS's members, and who answers`, async () => {
    assertEquals(await askClusters(question, { init: { method } }), {
      code: 0,
      data: {
        query: { ip: "127.0.0.1", vhost: "__defaultVhost__", app: "live", stream: "livestream" },
        origin: {
          ip: "192.168.1.5",
          port: 1935,
          vhost: "__defaultVhost__",
          api: "192.168.1.5:1985",
          routers: ["192.168.1.5:1985"],
          silent_ms: 0,
        },
        instance: "service0",
      },
    });
  });
}

Deno.test("/api/v1/clusters answers origin null for a stream that is not here, and empty members for no question", async () => {
  const unknown = await askClusters(question.replace("livestream", "other"));
  assertEquals([unknown.code, unknown.data.origin], [0, null]);
  const empty = await askClusters("");
  assertEquals(empty.data, { query: { ip: "", vhost: "", app: "", stream: "" }, origin: null, instance: "service0" });
});

const found: [name: string, query: string, key: string][] = [
  ["an unknown vhost, which is the default one", "vhost=b.com&app=live&stream=livestream", "/live/livestream"],
  ["a vhost of its own", "vhost=a.com&app=live&stream=livestream", "a.com/live/livestream"],
  ["the suffix of an HTTP mount", "app=live&stream=livestream.flv", "/live/livestream"],
  ["an app of two levels", "app=live/eu&stream=livestream", "/live/eu/livestream"],
  ["encoded characters", "app=live&stream=a%20b%26c", "/live/a b&c"],
  ["SRS's unencoded percent sign", "app=live&stream=a%20b", "/live/a%20b"],
  ["the last of two values", "app=x&stream=livestream&app=live", "/live/livestream"],
];

for (const [name, query, key] of found) {
  Deno.test(`/api/v1/clusters finds ${name}`, async () => {
    const { data } = await askClusters(`${query}&coworker=10.0.0.7:80`, { key });
    assertEquals([data.origin?.ip, data.origin?.port], ["10.0.0.7", 1935]);
  });
}

const notFound: [name: string, query: string, key: string][] = [
  ["another app", "app=live2&stream=livestream", "/live/livestream"],
  ["a stream of another vhost", "vhost=a.com&app=live&stream=livestream", "/live/livestream"],
];

for (const [name, query, key] of notFound) {
  Deno.test(`/api/v1/clusters does not take ${name}`, async () => {
    assertEquals((await askClusters(query, { key })).data.origin, null);
  });
}

Deno.test("/api/v1/clusters tells the configured address before the one the coworker used", async () => {
  const config = `http_api { enabled on; listen 10.1.1.1:1985; } advertise 203.0.113.7:19999; ${plain}`;
  const { data } = await askClusters(question, { config: config.replace("http_api", "listen 1935; http_api") });
  assertEquals([data.origin?.ip, data.origin?.port, data.origin?.api], ["203.0.113.7", 19999, "10.1.1.1:1985"]);
});

Deno.test("/api/v1/clusters without a coworker parameter tells an address of this machine", async () => {
  const { data } = await askClusters("app=live&stream=livestream");
  assertEquals(/^\d+\.\d+\.\d+\.\d+$/.test(String(data.origin?.ip)), true);
});

Deno.test("/api/v1/edges shows what is pulled, from where, and how the origins do", async () => {
  const server = fakeServer();
  server.pulls.pool.noteFailure("10.0.0.1:1935", "connection refused");
  server.pulls.pool.health("10.0.0.2:1935").pulls = 2;
  using _redirected = server.pulls.pool.startFeed("10.0.0.3:1935");
  const { code, data } = await bodyOf(apiOf(server)("/api/v1/edges"));
  assertEquals(code, 0);
  assertEquals(data as unknown, {
    pulls: [],
    origins: [
      {
        origin: "10.0.0.1:1935",
        pulls: 0,
        failures: 1,
        rest_ms: 1000,
        last_error: "connection refused",
        last_error_at: START_MS,
      },
      { origin: "10.0.0.2:1935", pulls: 2, failures: 0, rest_ms: 0, last_error: "", last_error_at: null },
      { origin: "10.0.0.3:1935", pulls: 1, failures: 0, rest_ms: 0, last_error: "", last_error_at: null },
    ],
  });
});

Deno.test("/api/v1/clusters tells that a server is about to stop, and only then; it does not stand in for others then", async () => {
  const cluster = "vhost __defaultVhost__ { cluster { origin_cluster on; coworkers 10.0.0.1:1985; } }";
  const server = fakeServer(cluster);
  publishInto(server, "/live/livestream", 0);
  const ask = async (query: string) =>
    (await bodyOf(apiOf(server)(`/api/v1/clusters?${query}`, { method: "POST" })) as unknown as Answer)
      .data as unknown as Record<
        string,
        Record<string, unknown>
      >;
  const plainAnswer = await ask(question);
  assertEquals(["draining" in plainAnswer.origin!, "stand_in" in plainAnswer], [false, false]);
  assertEquals((await ask(`${question}&stand_in=1`)).stand_in, { ip: "192.168.1.5", port: 1935 });
  server.drain = { isOn: true, isAnnounced: true };
  const answer = await ask(`${question}&stand_in=1`);
  assertEquals([answer.origin!.draining, answer.stand_in], [true, null]);
});

const strangers: [name: string, config: string][] = [
  ["an origin without a cluster", plain],
  ["an edge", "vhost __defaultVhost__ { cluster { mode remote; origin 10.0.0.2; } }"],
  [
    "coworkers that are elsewhere",
    "vhost __defaultVhost__ { cluster { origin_cluster on; coworkers 10.0.0.9:1985; } }",
  ],
];

for (const [name, config] of strangers) {
  Deno.test(`/api/v1/clusters offers no stand-in to strangers: ${name}`, async () => {
    const response = await apiOf(fakeServer(config))(`/api/v1/clusters?${question}&stand_in=1`, { method: "POST" });
    assertEquals(response.status, 403);
    await response.body?.cancel();
  });
}
