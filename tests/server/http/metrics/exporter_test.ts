import { VERSION } from "../../../../src/base/version.ts";
import { HttpServer } from "../../../../src/http/server.ts";
import { Server } from "../../../../src/server/server.ts";
import { assert, assertEquals, assertGreater, assertThrows } from "../../../kit/assert.ts";
import { configOf } from "../../../kit/peers/fake_server.ts";
import { type MetricLine, parseMetrics } from "../../../kit/cases/metrics_text.ts";
import { TestLog } from "../../../kit/test_log.ts";
import { Publisher, serverTest, sleep, until, Viewer } from "../../../kit/server/rtmp_rig.ts";

const freeListen = { host: "127.0.0.1", port: 0, text: "0" };

/** A server with its HTTP side, on free ports. */
class Rig implements AsyncDisposable {
  readonly log = new TestLog();
  readonly server: Server;
  readonly http: HttpServer;

  constructor({ api = true, exporter = true, vhost = "", listen = freeListen } = {}) {
    const config = configOf(`vhost __defaultVhost__ { ${vhost} }`);
    this.server = new Server({
      ...config,
      listen: [freeListen],
      httpApi: { ...config.httpApi, enabled: api, listen: freeListen },
      exporter: { ...config.exporter, enabled: exporter, listen },
    }, this.log);
    this.server.start();
    this.http = new HttpServer(this.server);
  }

  get rtmpPort(): number {
    return this.server.rtmp.ports[0]!;
  }

  get(path = "/metrics", port = this.http.exporterPort): Promise<Response> {
    return fetch(`http://127.0.0.1:${port}${path}`);
  }

  async metrics(): Promise<MetricLine[]> {
    return parseMetrics(await (await this.get()).text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.stop();
    await this.server.stop();
  }
}

function valueOf(lines: readonly MetricLine[], name: string): number | undefined {
  return lines.find((line) => line.name === name)?.value;
}

serverTest("the exporter serves /metrics on its port, alone, and the API does on its own", async () => {
  await using rig = new Rig();
  rig.http.start();
  const answer = await rig.get();
  assertEquals([answer.status, answer.headers.get("server")], [200, `srs-ts/${VERSION}`]);
  const names = parseMetrics(await answer.text()).map(({ name }) => name);
  assert(names.includes("srs_build_info") && names.includes("srs_ts_players"));
  const onApi = await rig.get("/metrics", rig.http.port);
  assertEquals(parseMetrics(await onApi.text()).map(({ name }) => name), names);
  for (const path of ["/", "/api/v1/clients/", "/metrics/x", "//metrics"]) {
    const other = await rig.get(path);
    assertEquals([path, other.status, (await other.json()).code], [path, 404, 404]);
  }
});

serverTest("the exporter needs no API, and without it /metrics of the API is error 1090", async () => {
  await using alone = new Rig({ api: false });
  alone.http.start();
  assertEquals(alone.http.port, null);
  assertGreater(valueOf(await alone.metrics(), "srs_memory") ?? 0, 1000);
  await using off = new Rig({ exporter: false });
  off.http.start();
  assertEquals(off.http.exporterPort, null);
  const answer = await off.get("/metrics", off.http.port);
  assertEquals([answer.status, (await answer.json()).code], [404, 1090]);
});

serverTest("/metrics counts why sessions end", async () => {
  await using rig = new Rig();
  rig.http.start();
  using _publisher = await Publisher.start(rig.rtmpPort, "a");
  using kicked = await Viewer.start(rig.rtmpPort, "a");
  {
    using _leaving = await Viewer.start(rig.rtmpPort, "a");
  }
  await until("one has left", () => rig.server.rtmp.connectionCount === 2);
  for (const client of rig.server.registry.clients()) if (client.type === "rtmp-play") client.kick();
  await until("the viewer is kicked", () => kicked.ended !== "");
  const ends = async () => {
    const lines = (await rig.metrics()).filter(({ name, value }) => name === "srs_ts_session_ends_total" && value > 0);
    return lines.map(({ labels, value }) => `${labels.protocol} ${labels.reason} ${value}`).join();
  };
  const both = "rtmp peerClosed 1,rtmp kicked 1";
  for (let i = 0; i < 50 && await ends() !== both; i++) await sleep(20);
  assertEquals(await ends(), both);
});

serverTest("an address that the exporter cannot have is an error of the start", async () => {
  await using first = new Rig();
  first.http.start();
  const port = first.http.exporterPort!;
  await using second = new Rig({ listen: { host: "127.0.0.1", port, text: String(port) } });
  const error = assertThrows(() => second.http.start());
  assertEquals((error as { codeName?: string }).codeName, "SocketListen");
  assert(error.message.startsWith(`cannot listen on 127.0.0.1:${port} for the exporter`), error.message);
});

serverTest("the exporter's listener ends with its server, with a client in the middle of a request", async () => {
  const rig = new Rig();
  rig.http.start();
  const port = rig.http.exporterPort!;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode("GET /metrics HTTP/1.1\r\nHost: x\r\n"));
  await rig[Symbol.asyncDispose]();
  assertEquals(rig.http.exporterPort, null);
  using _again = Deno.listen({ hostname: "127.0.0.1", port });
});

serverTest("connections to the exporter that ask nothing give way, and the scraper is served", async () => {
  await using rig = new Rig();
  rig.http.start();
  const port = rig.http.exporterPort!;
  using idle = new DisposableStack();
  let closed = 0;
  for (let i = 0; i < 100; i++) {
    const conn = idle.use(await Deno.connect({ hostname: "127.0.0.1", port }));
    conn.read(new Uint8Array(1)).then((count) => closed += count === null ? 1 : 0, () => closed++);
  }
  await until("the oldest are gone", () => closed >= 36);
  assertGreater(valueOf(await rig.metrics(), "srs_memory") ?? 0, 1000);
});

serverTest("metrics count real publishers and players, and the pull of an edge", async () => {
  await using origin = new Rig();
  origin.http.start();
  const from = `127.0.0.1:${origin.rtmpPort}`;
  await using edge = new Rig({ vhost: `cluster { mode remote; origin ${from}; }` });
  edge.http.start();
  using _publisher = await Publisher.start(origin.rtmpPort, "livestream");
  using viewer = await Viewer.start(edge.rtmpPort, "livestream");
  await viewer.waitForFrames(5);

  const atOrigin = await origin.metrics();
  const values = ["srs_streams", "srs_clients", "srs_clients_total", "srs_ts_players", "srs_ts_active_streams"];
  assertEquals(values.map((name) => valueOf(atOrigin, name)), [1, 2, 2, 1, 1]);
  assertGreater(valueOf(atOrigin, "srs_receive_bytes_total") ?? 0, 1000);
  const atEdge = await edge.metrics();
  const ofEdge = [
    "srs_ts_pulls",
    "srs_ts_fed_pulls",
    "srs_ts_players",
    "srs_ts_stream_pull_fed",
    "srs_ts_origin_pulls",
  ];
  assertEquals(ofEdge.map((name) => valueOf(atEdge, name)), [1, 1, 1, 1, 1]);
  assertEquals(atEdge.find(({ name }) => name === "srs_ts_origin_pulls")?.labels, { origin: from });
  viewer[Symbol.dispose]();
  await until("the player has left", () => edge.server.registry.clientCount === 0);
  assertEquals(valueOf(await edge.metrics(), "srs_ts_players"), 0);
});
