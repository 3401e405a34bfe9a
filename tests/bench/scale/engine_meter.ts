import type { EngineLink } from "../../../src/base/engine.ts";
import type { RedisServer } from "../../kit/redis_server.ts";

/** What an engine has done up to a moment. */
export interface EngineSample {
  readonly atMs: number;
  /** CPU time, user and system. */
  readonly cpuMs: number;
  /** Commands from clients. */
  readonly commands: number;
  /** CPU time of each command, those of scripts in their own rows too. */
  readonly commandUs: ReadonlyMap<string, { readonly calls: number; readonly us: number }>;
  readonly memoryBytes: number;
  readonly keys: number;
  readonly clients: number;
}

/** What an engine did in a while. */
export interface EngineRate {
  readonly commandsPerSecond: number;
  readonly cpuPercent: number;
  /** Of all commands' time, renewals of leases. */
  readonly renewalPercent: number;
  readonly renewalsPerSecond: number;
  /** CPU time for one script that claims or gives up. */
  readonly usPerScript: number;
  /** CPU time for one reading of a key. */
  readonly usPerLookUp: number;
}

/** Measures a Redis, over a connection that outlives its deaths. */
export class EngineMeter implements Disposable {
  readonly #redis: RedisServer;
  readonly #calls: () => number;
  #link: EngineLink | null = null;
  #peakPerSecond = 0;
  #watching: { isOver: boolean } | null = null;

  /** @param calls How many commands its clients have put so far. */
  constructor(redis: RedisServer, calls: () => number) {
    this.#redis = redis;
    this.#calls = calls;
  }

  async sample(): Promise<EngineSample> {
    // A connection may be that to an engine that has died since.
    const text = await this.#info().catch(() => this.#info());
    const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1] ?? 0);
    const rows = text.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm);
    return {
      atMs: performance.now(),
      cpuMs: 1000 * (number("used_cpu_user") + number("used_cpu_sys")),
      commands: this.#calls(),
      commandUs: new Map(
        Array.from(rows, ([, name = "", calls, us]) => [name, { calls: Number(calls), us: Number(us) }]),
      ),
      memoryBytes: number("used_memory"),
      keys: Number(/^db0:keys=(\d+)/m.exec(text)?.[1] ?? 0),
      clients: number("connected_clients"),
    };
  }

  /** Watches the rate of commands until {@link endPeak}. */
  beginPeak(): void {
    this.#peakPerSecond = 0;
    const watching = this.#watching = { isOver: false };
    const watch = async () => {
      let before: EngineSample | null = null;
      while (!watching.isOver) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        const now = await this.sample().catch(() => null);
        if (now !== null && before !== null && now.commands >= before.commands) {
          const rate = rateOf(before, now).commandsPerSecond;
          this.#peakPerSecond = Math.max(this.#peakPerSecond, rate);
        }
        before = now;
      }
    };
    void watch();
  }

  /** The highest rate of commands in half a second. */
  endPeak(): number {
    if (this.#watching !== null) this.#watching.isOver = true;
    return this.#peakPerSecond;
  }

  [Symbol.dispose](): void {
    this.endPeak();
    this.#link?.[Symbol.dispose]();
  }

  async #info(): Promise<string> {
    this.#link ??= await this.#redis.open();
    try {
      return String(await this.#link.call(["INFO", "everything"]));
    } catch (error) {
      this.#link[Symbol.dispose]();
      this.#link = null;
      throw error;
    }
  }
}

/** What happened between two samples. */
export function rateOf(from: EngineSample, to: EngineSample): EngineRate {
  const seconds = (to.atMs - from.atMs) / 1000;
  const usOf = (name: string) => (to.commandUs.get(name)?.us ?? 0) - (from.commandUs.get(name)?.us ?? 0);
  const callsOf = (name: string) => (to.commandUs.get(name)?.calls ?? 0) - (from.commandUs.get(name)?.calls ?? 0);
  // Commands inside of scripts have rows too: scripts alone count.
  const clients = ["get", "mget", "evalsha", "eval", "client|caching", "zrange"];
  const inScripts = (callsOf("evalsha") > 0 ? usOf("set") : 0) * shareOfScripts(from, to);
  const renewals = usOf("set") - inScripts;
  const all = clients.reduce((sum, name) => sum + usOf(name), 0) + renewals;
  return {
    commandsPerSecond: Math.round((to.commands - from.commands) / seconds),
    cpuPercent: Math.round((to.cpuMs - from.cpuMs) / 10 / seconds),
    renewalPercent: all === 0 ? 0 : Math.round(100 * renewals / all),
    usPerScript: usOf("evalsha") / Math.max(1, callsOf("evalsha")),
    usPerLookUp: usOf("get") / Math.max(1, callsOf("get")),
    renewalsPerSecond: Math.round(callsOf("set") * (1 - shareOfScripts(from, to)) / seconds),
  };
}

/** How many of the SETs come from scripts: each claim has one. */
function shareOfScripts(from: EngineSample, to: EngineSample): number {
  const calls = (name: string) => (to.commandUs.get(name)?.calls ?? 0) - (from.commandUs.get(name)?.calls ?? 0);
  return calls("set") === 0 ? 0 : Math.min(1, calls("time") / calls("set"));
}
