import type { RedisServer } from "../../kit/engine/redis_server.ts";
import { printLine as say } from "../control.ts";
import { machineCpuMs, usageOf } from "../process.ts";
import type { CallRate } from "./call_meter.ts";
import { EngineMeter } from "./engine_meter.ts";
import { sleep } from "./farm.ts";
import { Farms, type LoadResult } from "./farms.ts";
import type { ScaleOptions } from "./options.ts";

/** Pairs of node and stream that are looked at while the engine is away. */
const PAIRS = 1000;
/** How many of them until it is back: each is asked for anew, and the nodes have other things to do. */
const BACK_PAIRS = 100;
/** Share of nodes that are killed. */
const KILLED = 0.01;
/** Cold look-ups are wanted within this time, 99 of 100. */
const WANTED_P99_MS = 5;
/** The first share of the rate that is wanted; each further one is twice as high. */
const FIRST_SHARE = 1 / 64;
const STEP_SECONDS = 6;
const ATTEMPTS = 3;
/** Look-ups a second of the node that has a process of its own. */
const PROBE_RATE = { claims: 0, finds: 100 };
/** How long until the effects of a load, or of a return, are over; at least half a lease. */
const SETTLE_MS = 12_000;
/** How long until all is true again, at most, in leases. */
const PATIENCE_LEASES = 40;

interface Phase {
  readonly load: LoadResult;
  readonly probe: LoadResult;
  /** In percent of a core. */
  readonly enginePercent: number;
  /** Of all cores. */
  readonly machinePercent: number;
}

/** All phases of `deno task scale`, one after the other. */
export class ScaleRun implements AsyncDisposable {
  readonly #options: ScaleOptions;
  readonly #redis: RedisServer;
  readonly #farms: Farms;
  readonly #probe = new Farms(1);
  readonly #meter: EngineMeter;
  /** Share of the rate that is wanted which the machine bears. */
  #share = FIRST_SHARE;
  #usual: CallRate | null = null;

  constructor(options: ScaleOptions, redis: RedisServer) {
    this.#options = options;
    this.#redis = redis;
    this.#farms = new Farms(options.processes);
    this.#meter = new EngineMeter(redis);
  }

  async run(): Promise<void> {
    await this.#start();
    await this.#fill();
    await this.#cached();
    // Servers that have just started look at each other.
    await sleep(Math.max(SETTLE_MS, this.#leaseMs / 2));
    await this.#ladder();
    await this.#usualLoad();
    await this.#wantedLoad();
    await this.#killNodes();
    await this.#outage();
    await this.#comeBack("FLUSHALL", () => this.#meter.call("FLUSHALL"));
    await say(`claims lost by nobody's fault: ${this.#farms.lost}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#meter[Symbol.dispose]();
    await this.#farms[Symbol.asyncDispose]();
    await this.#probe[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const { nodes, streams, connections, nodeTtlSeconds, processes } = this.#options;
    const shared = { url: this.#redis.url, nodes, streams, nodeTtlMs: 1000 * nodeTtlSeconds };
    const startedMs = performance.now();
    await this.#farms.start({ ...shared, first: 0, end: nodes, connections });
    await say(
      `${nodes} nodes in ${processes} processes on ${navigator.hardwareConcurrency} cores, leases of ` +
        `${nodeTtlSeconds} s: connected in ${inSeconds(performance.now() - startedMs)}`,
    );
    await this.#probe.start({ ...shared, first: nodes, end: nodes + 1, connections: 1 });
  }

  async #fill(): Promise<void> {
    const { streams } = this.#options;
    const before = await this.#meter.sample();
    const { tookMs } = await this.#farms.ask({ do: "fill" });
    // Claims that were not answered in time come after.
    await this.#until(async () => (await this.#meter.sample()).keys >= streams, "all streams in the engine");
    const bytes = ((await this.#meter.sample()).memoryBytes - before.memoryBytes) / streams;
    await say(
      `${streams} streams claimed in ${inSeconds(tookMs)} (${Math.round(streams / tookMs * 1000)}/s); ` +
        `engine memory per stream ${Math.round(bytes)} bytes`,
    );
  }

  async #cached(): Promise<void> {
    const each = Math.ceil(PAIRS / this.#options.processes);
    const { count } = await this.#farms.ask({ do: "choose", pairs: each });
    const found = await this.#served();
    let bestMs = Infinity;
    // Other programs disturb some rounds.
    for (let round = 0; round < 50; round++) {
      bestMs = Math.min(bestMs, (await this.#farms.ask({ do: "served", fresh: false, most: each })).tookMs);
    }
    await say(`cached look-up: ${(1000 * bestMs / each).toFixed(1)} us; ${found} of ${count} found`);
  }

  /** How much the machine bears. */
  async #ladder(): Promise<void> {
    let best: Phase | null = null;
    for (let share = FIRST_SHARE; share <= 1; share *= 2) {
      const phase = await this.#rung(share);
      if (phase === null) break;
      this.#share = share;
      best = phase;
    }
    await say(
      best === null
        ? `at no rate are 99 of 100 look-ups answered within ${WANTED_P99_MS} ms here`
        : `99 of 100 look-ups are answered within ${WANTED_P99_MS} ms up to ` +
          `${Math.round(best.load.finds.count / best.load.seconds)} look-ups and ` +
          `${Math.round(best.load.claims.count / best.load.seconds)} publishes a second here`,
    );
  }

  /** Null if the rate is too much, three times in a row: other programs disturb some. */
  async #rung(share: number): Promise<Phase | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const phase = await this.#underLoad(share, STEP_SECONDS);
      await this.#tell(`load x ${share}`, share, phase);
      const isReached = phase.load.finds.count >= 0.95 * share * this.#options.finds * phase.load.seconds;
      if (phase.load.finds.quantileMs(0.99) <= WANTED_P99_MS && isReached) return phase;
    }
    return null;
  }

  /** With which the rates after an outage are compared. */
  async #usualLoad(): Promise<void> {
    const phase = await this.#underLoad(this.#share, this.#options.seconds);
    this.#usual = phase.load.calls;
    await this.#tell("usual load, for comparison", this.#share, phase);
  }

  async #wantedLoad(): Promise<void> {
    await this.#tell("wanted load", 1, await this.#underLoad(1, this.#options.seconds));
    await sleep(Math.max(SETTLE_MS, this.#leaseMs / 2));
  }

  async #killNodes(): Promise<void> {
    const count = this.#killed;
    await this.#farms.ask({ do: "kill", count });
    const startedMs = performance.now();
    await this.#until(
      async () => (await this.#farms.ask({ do: "deadFound", count: 50 })).count === 0,
      "the end of their leases",
    );
    const tookMs = performance.now() - startedMs;
    const each = Math.ceil(PAIRS / this.#options.processes);
    const { count: pairs } = await this.#farms.ask({ do: "choose", pairs: each });
    await say(
      `${count} nodes killed: their streams were nobody's after ${inSeconds(tookMs)}; ${await this.#served()} of ` +
        `${pairs} streams of others found`,
    );
  }

  async #outage(): Promise<void> {
    const { outageSeconds } = this.#options;
    const known = await this.#served();
    await this.#farms.begin(this.#rate(this.#share));
    await this.#redis.kill();
    const startedMs = performance.now();
    let least = known;
    while (performance.now() - startedMs < outageSeconds * 1000) {
      least = Math.min(least, await this.#served());
      await sleep(500);
    }
    const { claims, seconds } = await this.#farms.end();
    await say(
      `engine dead for ${outageSeconds} s: at least ${least} of ${known} known streams found; publishes ` +
        claims.describe(seconds),
    );
    await this.#comeBack("  back and empty", () => this.#redis.restart());
  }

  /** How long it takes until the engine knows all again, and what is found meanwhile, beside the usual load. */
  async #comeBack(what: string, begin: () => Promise<unknown>): Promise<void> {
    const { nodes, streams, processes } = this.#options;
    const known = Math.min(BACK_PAIRS, await this.#served());
    const most = Math.ceil(known / processes);
    await this.#farms.begin(this.#rate(this.#share));
    await begin();
    const startedMs = performance.now();
    const cpu = this.#engineCpuMs();
    let least = known;
    const dead = Array.from({ length: this.#killed }, (_, node) => Math.ceil((streams - node) / nodes));
    // One node is the one that has a process of its own; the list of nodes and the floor of epochs are keys too.
    const wanted = streams - dead.reduce((sum, count) => sum + count, 0) + nodes - this.#killed + 1 + 2;
    let keys = 0;
    const isBack = async () => {
      least = Math.min(least, await this.#served(false, most));
      keys = (await this.#meter.sample()).keys;
      return keys >= wanted;
    };
    await this.#until(isBack, `${wanted} keys`).catch((error) => say(`${error.message}: ${keys}`));
    const tookMs = performance.now() - startedMs;
    const enginePercent = (this.#engineCpuMs() - cpu) / tookMs * 100;
    // A burst may come afterwards.
    await sleep(Math.max(SETTLE_MS, this.#leaseMs / 2));
    const { calls, lagP99Ms, finds } = await this.#farms.end();
    const fresh = await this.#served(true);
    const [usual, times] = [this.#usual!, (peak: number, rate: number) => (peak / rate).toFixed(1)];
    await say(
      `${what}: all true again after ${inSeconds(tookMs)}; at least ${least} of ${known} found meanwhile, ${fresh} ` +
        `of ${await this.#served()} asked for anew afterwards; engine ${enginePercent.toFixed(0)} % of a core`,
    );
    await say(
      `    at most ${calls.peak} commands/s in a second (${times(calls.peak, usual.mean)} x the usual mean, ` +
        `${times(calls.peak, usual.peak)} x its peak), ${calls.upkeepPeak} of them upkeep ` +
        `(${times(calls.upkeepPeak, usual.upkeepMean)} x, ${
          times(calls.upkeepPeak, usual.upkeepPeak)
        } x); look-ups p99 ` +
        `${finds.quantileMs(0.99).toFixed(0)} ms, timers p99 ${lagP99Ms.toFixed(0)} ms late`,
    );
  }

  async #underLoad(share: number, seconds: number): Promise<Phase> {
    const [engineMs, machineMs, startedMs] = [this.#engineCpuMs(), machineCpuMs(), performance.now()];
    await this.#farms.begin(this.#rate(share));
    await this.#probe.begin(PROBE_RATE);
    await sleep(seconds * 1000);
    const ms = performance.now() - startedMs;
    const enginePercent = 100 * (this.#engineCpuMs() - engineMs) / ms;
    const machinePercent = 100 * (machineCpuMs() - machineMs) / ms / navigator.hardwareConcurrency;
    const [probe, load] = await Promise.all([this.#probe.end(), this.#farms.end()]);
    return { load, probe, enginePercent, machinePercent };
  }

  async #tell(what: string, share: number, { load, probe, enginePercent, machinePercent }: Phase): Promise<void> {
    const { claims, finds } = this.#rate(share);
    const { calls, seconds } = load;
    await say(`${what}: ${claims.toFixed(0)} publishes and ${finds.toFixed(0)} look-ups a second wanted`);
    await say(`    publish       ${load.claims.describe(seconds)}`);
    await say(`    cold look-up  ${load.finds.describe(seconds)}; timers p99 ${load.lagP99Ms.toFixed(1)} ms late`);
    await say(
      `    by the node with a process of its own: p50 ${probe.finds.quantileMs(0.5).toFixed(1)} ms, p99 ` +
        `${probe.finds.quantileMs(0.99).toFixed(1)} ms; timers p99 ${probe.lagP99Ms.toFixed(1)} ms late`,
    );
    await say(
      `    ${calls.mean} commands/s, at most ${calls.peak} in a second, upkeep ${calls.upkeepMean} and ` +
        `${calls.upkeepPeak}; engine ${enginePercent.toFixed(1)} % of a core ` +
        `(${(1e4 * enginePercent / calls.mean).toFixed(0)} us a command), busiest process ` +
        `${load.cpuPercent.toFixed(0)} %, machine ${machinePercent.toFixed(0)} %`,
    );
  }

  #rate(share: number): { claims: number; finds: number } {
    const { claims, finds } = this.#options;
    return { claims: claims * share, finds: finds * share };
  }

  get #killed(): number {
    return Math.max(1, Math.round(this.#options.nodes * KILLED));
  }

  get #leaseMs(): number {
    return 1000 * this.#options.nodeTtlSeconds;
  }

  #engineCpuMs(): number {
    return usageOf(this.#redis.pid).cpuMs;
  }

  /** How many of the pairs are found. @param most Of each process. */
  async #served(fresh = false, most = PAIRS): Promise<number> {
    return (await this.#farms.ask({ do: "served", fresh, most })).count;
  }

  async #until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const patienceMs = PATIENCE_LEASES * this.#leaseMs;
    const endMs = performance.now() + patienceMs;
    while (!await condition().catch(() => false)) {
      if (performance.now() > endMs) throw new Error(`Waited ${inSeconds(patienceMs)} for ${what}`);
      await sleep(250);
    }
  }
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
