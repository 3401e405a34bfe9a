/** A cluster whose servers stand in no list, and know each other through Redis alone. */
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { isListening, Program, programCommand, until as untilListening } from "../../kit/launcher.ts";
import { RedisServer } from "../../kit/engine/redis_server.ts";
import { freePort, Publisher, sleep, until, Viewer } from "../../kit/server/rtmp_rig.ts";
import { interopTest } from "../../kit/tools.ts";

const NODE_TTL_MS = 1500;

interface Started {
  readonly program: Program;
  readonly port: number;
}

/** Servers as processes of their own, and their engine. */
class Cluster implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly #directory: string;
  readonly #programs = new AsyncDisposableStack();

  private constructor(redis: RedisServer, directory: string) {
    this.redis = redis;
    this.#directory = directory;
  }

  static async start(): Promise<Cluster> {
    return new Cluster(await RedisServer.start(), await Deno.makeTempDir());
  }

  /** @param cluster Directives of the block `cluster`. */
  async server(role: "origin" | "edge", cluster = ""): Promise<Started> {
    const port = freePort();
    const path = `${this.#directory}/${port}.conf`;
    const mode = role === "edge" ? "mode remote;" : "";
    await Deno.writeTextFile(
      path,
      `listen 127.0.0.1:${port}; daemon off; pid ${this.#directory}/${port}.pid;
       directory { enabled on; url ${this.redis.url}; node_ttl ${NODE_TTL_MS}; }
       vhost __defaultVhost__ { min_latency on; cluster { ${mode} ${cluster} } }`,
    );
    const program = new Program(programCommand(role, "-c", path), { env: { SRS_SRS_LOG_TANK: "console" } });
    this.#programs.use(program);
    await untilListening(() => isListening(port), 20_000, () => program.output);
    return { program, port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#programs[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

interopTest(
  "an edge without origins finds a stream through Redis, and goes straight to its owner",
  ["redis-server"],
  async () => {
    await using cluster = await Cluster.start();
    const a = await cluster.server("origin");
    const b = await cluster.server("origin");
    const edge = await cluster.server("edge");
    // It waits: nobody has the stream yet.
    using early = await Viewer.start(edge.port, "s");
    await sleep(300);
    using first = await Publisher.start(a.port, "s");
    await early.waitForFrames(20);
    using relayed = await Viewer.start(b.port, "s");
    await relayed.waitForFrames(20);
    await until("its log says so", () => edge.program.output.includes(`pull /live/s from 127.0.0.1:${a.port}`), 5000);
    assert(!edge.program.output.includes("redirects to"), "no 302 on the way");
    await until("its log says so", () => b.program.output.includes(`pull /live/s from 127.0.0.1:${a.port}`), 5000);

    // A stream is published once in the cluster.
    using second = await Publisher.begin(b.port, "s");
    await second.started;
    assert(second.has("refused") || second.ended !== "", "the stream is taken");

    // Its owner dies, and the encoder goes to the other one.
    a.program.kill("SIGKILL");
    await until("the encoder is cut off", () => first.ended !== "", 5000);
    using third = await Publisher.start(b.port, "s");
    const before = early.labels.length;
    await until("frames go on", () => early.labels.length > before + 20, 5000);
    assertEquals([early.ended, third.ended], ["", ""]);
  },
);

interopTest(
  "Redis is killed while 20 streams run and 20 new ones begin: nobody notices, and all is known when it is back",
  ["redis-server"],
  async () => {
    await using cluster = await Cluster.start();
    const a = await cluster.server("origin");
    const b = await cluster.server("origin");
    const edge = await cluster.server("edge");
    using streams = new DisposableStack();
    const names = (from: number) => Array.from({ length: 20 }, (_, i) => `s${from + i}`);
    const publish = (name: string, i: number) => Publisher.start((i % 2 === 0 ? a : b).port, name);
    for (const publisher of await Promise.all(names(0).map(publish))) streams.use(publisher);
    const viewers = await Promise.all(names(0).map((name) => Viewer.start(edge.port, name)));
    for (const viewer of viewers) streams.use(viewer);
    await Promise.all(viewers.map((viewer) => viewer.waitForFrames(20)));

    for (const viewer of viewers) viewer.worstGapMs = 0;
    await cluster.redis.kill();
    const startedMs = performance.now();
    const late = await Promise.all(names(20).map(publish));
    const publishMs = performance.now() - startedMs;
    for (const publisher of late) streams.use(publisher);
    assertEquals(late.map((publisher) => publisher.has("ready")), late.map(() => true));
    assertLess(publishMs, 5000);
    // A stream that the edge knows is played without the engine.
    using again = await Viewer.start(edge.port, "s3");
    await again.waitForFrames(10);
    await sleep(2 * NODE_TTL_MS);
    assertEquals(viewers.map(({ ended }) => ended), viewers.map(() => ""));
    assertLess(Math.max(...viewers.map(({ worstGapMs }) => worstGapMs)), 2000);

    await cluster.redis.restart();
    const latecomers = await Promise.all(names(20).map((name) => Viewer.start(edge.port, name)));
    for (const viewer of latecomers) streams.use(viewer);
    await Promise.all(latecomers.map((viewer) => viewer.waitForFrames(10, 15_000)));
    assertEquals([...viewers, ...latecomers].map(({ ended }) => ended), [...viewers, ...latecomers].map(() => ""));
  },
);
