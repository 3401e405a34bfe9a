import { RedisServer } from "../../kit/redis_server.ts";
import { EngineMeter, type EngineRate, rateOf } from "./engine_meter.ts";
import { type CallTimes, Farm, sleep } from "./farm.ts";
import { measureMesh } from "./mesh.ts";
import { help, readScaleOptions, type ScaleOptions } from "./options.ts";

/** Pairs of node and stream that are looked at while the engine is away. */
const PAIRS = 1000;
/** How many of them until it is back. */
const BACK_PAIRS = 100;
/** Look-ups that are under way at a time, outside of the steady phase. */
const AT_ONCE = 50;
/** How long a phase may take until all is true again. */
const PATIENCE_MS = 60_000;
/** Share of nodes that are killed. */
const KILLED = 0.01;

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

class Scale {
  readonly #options: ScaleOptions;
  readonly #redis: RedisServer;
  readonly #farm: Farm;
  readonly #meter: EngineMeter;
  readonly #pairs: { node: number; stream: number }[] = [];
  #steady: EngineRate | null = null;

  constructor(options: ScaleOptions, redis: RedisServer) {
    this.#options = options;
    this.#redis = redis;
    this.#farm = new Farm(redis.url, options.connections);
    this.#meter = new EngineMeter(redis, () => this.#farm.calls);
  }

  async run(): Promise<void> {
    using farm = this.#farm;
    using _meter = this.#meter;
    const { nodes } = this.#options;
    const { ms } = await timed(() => farm.start(nodes));
    say(`${nodes} nodes connected in ${seconds(ms)}`);
    await this.#fill();
    await this.#cached();
    await this.#steadily();
    await this.#killNodes();
    await this.#outage();
    await this.#flush();
    say(`claims lost by nobody's fault: ${farm.lost}`);
  }

  async #fill(): Promise<void> {
    const { streams } = this.#options;
    const before = await this.#meter.sample();
    const { ms } = await timed(() => this.#farm.fill(streams));
    // Claims that were not answered in time come after.
    await until(async () => (await this.#meter.sample()).keys >= streams, "all streams in the engine");
    const after = await this.#meter.sample();
    const bytes = (after.memoryBytes - before.memoryBytes) / streams;
    say(
      `${streams} streams claimed in ${seconds(ms)} (${Math.round(streams / ms * 1000)}/s); ` +
        `engine memory per stream ${Math.round(bytes)} bytes`,
    );
  }

  /** Cold: the first look-up of a pair; cached: all others. */
  async #cached(): Promise<void> {
    const { nodes, streams } = this.#options;
    for (let i = 0; i < PAIRS; i++) {
      const stream = Math.floor(Math.random() * streams);
      this.#pairs.push({ stream, node: (this.#farm.streams[stream]!.node + 1 + i) % nodes });
    }
    const served = await this.#served();
    let bestMs = Infinity;
    // Other programs disturb some rounds.
    for (let round = 0; round < 50; round++) bestMs = Math.min(bestMs, (await timed(() => this.#served())).ms);
    say(`cached look-up: ${(1000 * bestMs / PAIRS).toFixed(1)} us; ${served} of ${PAIRS} found`);
  }

  async #steadily(): Promise<void> {
    const { claims, finds, seconds: length } = this.#options;
    const before = await this.#meter.sample();
    const times = await this.#farm.steady({ claims, finds }, length);
    const rate = this.#steady = rateOf(before, await this.#meter.sample());
    say(`steady, ${claims} publishes and ${finds} look-ups a second wanted:`);
    say(`  publish       ${describe(times.claims, length)}`);
    say(`  cold look-up  ${describe(times.finds, length)}`);
    say(
      `  engine: ${rate.commandsPerSecond} commands/s, ${rate.cpuPercent} % of a core; renewals ` +
        `${rate.renewalsPerSecond}/s, ${rate.renewalPercent} % of its time with commands`,
    );
  }

  async #killNodes(): Promise<void> {
    const { nodes, streams } = this.#options;
    const count = Math.max(1, Math.round(nodes * KILLED));
    const isKilled = (node: number) => node < count;
    for (const { directory } of this.#farm.nodes.slice(0, count)) directory[Symbol.dispose]();
    const startedMs = performance.now();
    const victim = (i: number) => (i * nodes + (i % count)) % streams;
    const isGone = async () => {
      const found = await Promise.all(
        Array.from({ length: 50 }, (_, i) => this.#farm.finds(nodes - 1 - i % (nodes - count), victim(i), true)),
      );
      return found.every((isFound) => !isFound);
    };
    await until(isGone, "the end of their leases");
    const tookMs = performance.now() - startedMs;
    const others = this.#pairs.filter(({ node, stream }) =>
      !isKilled(node) && !isKilled(this.#farm.streams[stream]!.node)
    );
    const served = await this.#served(others);
    say(
      `${count} nodes killed: their streams were nobody's after ${seconds(tookMs)}; ${served} of ${others.length} ` +
        `streams of others served`,
    );
    this.#pairs.splice(0, this.#pairs.length, ...others);
  }

  async #outage(): Promise<void> {
    const { outageSeconds } = this.#options;
    await this.#served();
    await this.#redis.kill();
    const startedMs = performance.now();
    let [least, slowestMs] = [this.#pairs.length, 0];
    while (performance.now() - startedMs < outageSeconds * 1000) {
      const { result, ms } = await timed(() => this.#served());
      least = Math.min(least, result);
      slowestMs = Math.max(slowestMs, ms);
      await sleep(500);
    }
    const meanwhile = await timed(() => this.#farm.steady({ claims: 200, finds: 0 }, 1));
    say(
      `engine dead for ${outageSeconds} s: at least ${least} of ${this.#pairs.length} known streams served, ` +
        `${this.#pairs.length} look-ups in ${slowestMs.toFixed(0)} ms at most; publishes ` +
        `${describe(meanwhile.result.claims, 1)}`,
    );
    await this.#comeBack("  back and empty", () => this.#redis.restart());
  }

  async #flush(): Promise<void> {
    await this.#served();
    await this.#comeBack("FLUSHALL", () => this.#redis.call("FLUSHALL"));
  }

  /** How long it takes until the engine knows all again, and what is served meanwhile. */
  async #comeBack(what: string, begin: () => Promise<unknown>): Promise<void> {
    await begin();
    const startedMs = performance.now();
    const cpu = await this.#meter.sample();
    this.#meter.beginPeak();
    // Fewer than else: each is asked for anew, and the nodes have other things to do.
    const sample = this.#pairs.slice(0, BACK_PAIRS);
    let least = sample.length;
    const alive = this.#options.nodes - this.#killed;
    const wanted = this.#farm.streams.filter(({ node }) => node >= this.#killed).length;
    let known = 0;
    const isBack = async () => {
      least = Math.min(least, await this.#served(sample));
      known = (await this.#meter.sample()).keys;
      return known >= wanted + alive;
    };
    await until(isBack, `${wanted + alive} keys`).catch((error) => say(`${error}: ${known}`));
    const tookMs = performance.now() - startedMs;
    const peak = this.#meter.endPeak();
    const { cpuPercent } = rateOf(cpu, await this.#meter.sample());
    const fresh = await this.#served(this.#pairs, true);
    const steady = this.#steady?.commandsPerSecond ?? 1;
    say(
      `${what}: all true again after ${seconds(tookMs)}; at least ${least} of ${sample.length} served meanwhile, ` +
        `${fresh} of ${this.#pairs.length} right afterwards; at most ${peak} commands/s (${
          (peak / steady).toFixed(1)
        } x steady), ` +
        `${cpuPercent} % of a core`,
    );
  }

  get #killed(): number {
    return Math.max(1, Math.round(this.#options.nodes * KILLED));
  }

  async #served(pairs = this.#pairs, fresh = false): Promise<number> {
    let count = 0;
    for (let at = 0; at < pairs.length; at += AT_ONCE) {
      await Promise.all(
        pairs.slice(at, at + AT_ONCE).map(async ({ node, stream }) => {
          if (await this.#farm.finds(node, stream, fresh)) count++;
        }),
      );
    }
    return count;
  }
}

async function timed<T>(fn: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const startedMs = performance.now();
  const result = await fn();
  return { result, ms: performance.now() - startedMs };
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!await condition().catch(() => false)) {
    if (performance.now() > endMs) throw new Error(`Waited a minute for ${what}`);
    await sleep(500);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function describe({ ms, leftOut, wrong }: CallTimes, length: number): string {
  const sorted = ms.sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(2);
  const rest = [...leftOut > 0 ? [`${leftOut} left out`] : [], ...wrong > 0 ? [`${wrong} wrong`] : []];
  return [`${Math.round(ms.length / length)}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`, ...rest].join(", ");
}

const options = readScaleOptions(Deno.args);
if (options === "help") say(help);
else if (options === "mesh") {
  for await (const { origins, questions, p50Ms, p99Ms, cpuMs } of measureMesh()) {
    say(
      `${origins} origins: ${questions.toFixed(1)} questions a look-up, p50 ${p50Ms.toFixed(1)} ms, ` +
        `p99 ${p99Ms.toFixed(1)} ms, ${cpuMs.toFixed(1)} ms of CPU in all of them`,
    );
  }
  // What the servers keep alive between requests would hold the process.
  Deno.exit();
} else {
  await using redis = await RedisServer.start();
  await new Scale(options, redis).run();
}
