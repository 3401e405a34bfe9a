import { assertEquals, assertGreater } from "../kit/assert.ts";
import { freePort, isListening, Program, programCommand, until } from "../kit/launcher.ts";
import { Publisher, Viewer } from "../kit/server/rtmp_rig.ts";
import { interopTest } from "../kit/tools.ts";

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: { metric: Record<string, string>; value: [number, string] }[] };
}

/** An origin and an edge of it with their exporters, and a Prometheus that asks both every second. */
class Monitored implements AsyncDisposable {
  readonly ports = { origin: freePort(), edge: freePort(), ofOrigin: freePort(), ofEdge: freePort(), prometheus: 0 };
  readonly #directory = Deno.makeTempDirSync();
  readonly #programs: Program[] = [];

  static async start(): Promise<Monitored> {
    const monitored = new Monitored();
    try {
      await monitored.#start();
    } catch (error) {
      await monitored[Symbol.asyncDispose]();
      throw error;
    }
    return monitored;
  }

  async #start(): Promise<void> {
    const { ports } = this;
    // Nobody listens there: each question to it is a failure.
    this.#serve("origin", ports.origin, ports.ofOrigin, "cluster { origin_cluster on; coworkers 127.0.0.1:1; }");
    this.#serve("edge", ports.edge, ports.ofEdge, `cluster { mode remote; origin 127.0.0.1:${ports.origin}; }`);
    await this.#listens(ports.origin, ports.edge, ports.ofOrigin, ports.ofEdge);
    ports.prometheus = freePort();
    this.#watch();
    await this.#listens(ports.prometheus);
  }

  #serve(role: "origin" | "edge", port: number, exporter: number, vhost: string): void {
    const path = `${this.#directory}/${role}.conf`;
    Deno.writeTextFileSync(
      path,
      `listen 127.0.0.1:${port}; daemon off; srs_log_tank console; pid ${this.#directory}/${role}.pid;
      exporter { enabled on; listen 127.0.0.1:${exporter}; label test; }
      vhost __defaultVhost__ { ${vhost} }`,
    );
    this.#programs.push(new Program(programCommand(role, "-c", path)));
  }

  #watch(): void {
    const { ofOrigin, ofEdge, prometheus } = this.ports;
    const targets = JSON.stringify([ofOrigin, ofEdge].map((port) => `127.0.0.1:${port}`));
    const config = `${this.#directory}/prometheus.yml`;
    Deno.writeTextFileSync(
      config,
      `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: srs, static_configs: [{ targets: ${targets} }] }]
`,
    );
    this.#programs.push(
      new Program([
        "prometheus",
        `--config.file=${config}`,
        `--storage.tsdb.path=${this.#directory}/data`,
        `--web.listen-address=127.0.0.1:${prometheus}`,
      ]),
    );
  }

  async #listens(...ports: number[]): Promise<void> {
    for (const port of ports) await until(() => isListening(port), 20_000, () => `port ${port}; ${this.output}`);
  }

  get output(): string {
    return this.#programs.map(({ output }) => output).join("\n");
  }

  /** What Prometheus answers to a query. */
  async ask(query: string): Promise<Answer> {
    const body = new URLSearchParams({ query });
    const url = `http://127.0.0.1:${this.ports.prometheus}/api/v1/query`;
    return await (await fetch(url, { method: "POST", body })).json();
  }

  /** The value of a query with one result, as soon as it is `expected`. */
  async waitFor(query: string, expected: string): Promise<void> {
    let last: Answer | undefined;
    await until(
      async () => {
        last = await this.ask(query);
        return last.data.result.length === 1 && last.data.result[0]?.value[1] === expected;
      },
      15_000,
      () => `${query} = ${expected}, it is ${JSON.stringify(last)}; ${this.output}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

const file = new URL("../../conf/grafana-dashboard.json", import.meta.url);

/** The queries of the dashboard as Grafana sends them for all servers. */
function dashboardQueries(): string[] {
  const { panels } = JSON.parse(Deno.readTextFileSync(file)) as { panels: { targets?: { expr: string }[] }[] };
  return panels.flatMap(({ targets = [] }) => targets)
    .map(({ expr }) => expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "10s"));
}

interopTest(
  "Prometheus scrapes an origin and an edge, and answers the queries of the dashboard",
  ["prometheus"],
  async () => {
    await using monitored = await Monitored.start();
    const { origin, edge, ofOrigin, ofEdge } = monitored.ports;
    const stream = 'odd"name"{x}';
    using _publisher = await Publisher.start(origin, stream);
    using viewer = await Viewer.start(edge, stream);
    await viewer.waitForFrames(5);

    await monitored.waitFor('sum(up{job="srs"})', "2");
    await monitored.waitFor(`srs_ts_stream_players{instance="127.0.0.1:${ofEdge}"}`, "1");
    await monitored.waitFor(
      `srs_ts_stream_players{instance="127.0.0.1:${ofEdge}",stream="/live/odd\\"name\\"{x}"}`,
      "1",
    );
    await monitored.waitFor(`srs_clients{instance="127.0.0.1:${ofOrigin}"}`, "2");
    await monitored.waitFor(`srs_ts_origin_pulls{origin="127.0.0.1:${origin}"}`, "1");
    await monitored.waitFor(`count(rate(srs_send_bytes_total[10s]) > 0)`, "2");

    {
      using gone = await Viewer.start(edge, stream);
      await gone.waitForFrames(1);
    }
    const ofEnds = `srs_ts_session_ends_total{instance="127.0.0.1:${ofEdge}",protocol="rtmp",reason="peerClosed"}`;
    await monitored.waitFor(ofEnds, "1");
    await monitored.waitFor(`srs_ts_coworker_suspect{coworker="127.0.0.1:1"}`, "1");
    await monitored.waitFor(`srs_ts_coworker_failures_total >= bool 1`, "1");
    await monitored.waitFor(`srs_ts_upstream_switches_total{instance="127.0.0.1:${ofEdge}"}`, "0");
    await monitored.waitFor("count(rate(srs_ts_coworker_failures_total[10s]))", "1");

    const queries = dashboardQueries();
    assertGreater(queries.length, 20);
    // These have nothing to show while everything is well.
    const quiet = (query: string) => query.endsWith("== 0");
    for (const query of queries) {
      const { status, error, data } = await monitored.ask(query);
      assertEquals([query, status, error], [query, "success", undefined]);
      if (!quiet(query)) assertGreater(data.result.length, 0, query);
    }
  },
);
