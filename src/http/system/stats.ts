import type { Clock } from "../../base/clock.ts";
import type { InterfaceAddress, World } from "../../base/world.ts";
import { isPrivateIpv4 } from "../../base/local_address.ts";
import { type CpuTimes, parseCpuTimes, parseNetDev, parseNumbers, parseSelfStat, parseSockets } from "./proc_files.ts";

/** Machine and process at one moment. What is called percent is a fraction of 1 with two decimals, as in SRS. */
export interface SystemSnapshot {
  /** False where `/proc` cannot be read: everything is 0 then. */
  readonly ok: boolean;
  readonly sampleMs: number;
  /** Columns of `/proc/self/stat`. */
  readonly self: Readonly<Record<string, number | string>>;
  /** Of one processor. */
  readonly selfPercent: number;
  readonly cpu: CpuTimes & { readonly cpus: number };
  /** Of all processors. */
  readonly cpuPercent: number;
  /** Value of a name in `/proc/meminfo`, KB. */
  readonly memory: (name: string) => number;
  /** Value of a name in `/proc/self/status`. */
  readonly status: (name: string) => number;
  /** RAM in use, without what only caches files; KB. */
  readonly usedRam: number;
  readonly ramPercent: number;
  readonly swapPercent: number;
  /** Part of the RAM that this process takes. */
  readonly selfRamPercent: number;
  readonly uptimeSeconds: number;
  readonly idleSeconds: number;
  /** Over 1, 5 and 15 minutes. */
  readonly load: readonly [number, number, number];
  /** Bytes since boot through interfaces with a public address. */
  readonly internet: { readonly recvBytes: number; readonly sendBytes: number };
  /** The same through all others. */
  readonly intranet: { readonly recvBytes: number; readonly sendBytes: number };
  readonly sockets: ReturnType<typeof parseSockets>;
}

/** What is needed of the world to look at the machine. */
export type StatsWorld = Clock & Pick<World, "interfaces"> & {
  readonly files: Pick<World["files"], "readTextFileSync">;
};

const SAMPLE_MS = 3000;
const TICKS_PER_SECOND = 100;

/**
 * Samples `/proc` when somebody asks, but not more often than every 3 seconds, as SRS does: a server of which nobody asks
 * need not wake for it. Shares of processors are those since the sample before.
 */
export class SystemStats {
  readonly #world: StatsWorld;
  #latest: SystemSnapshot;

  constructor(world: StatsWorld) {
    this.#world = world;
    this.#latest = this.#take();
  }

  /** Not older than 3 seconds. */
  get latest(): SystemSnapshot {
    if (this.#world.nowMs() - this.#latest.sampleMs >= SAMPLE_MS) this.#sample();
    return this.#latest;
  }

  /** A small file; empty where there is no /proc, or not for this process: the answers then say that they are not ok. */
  #read(path: string): string {
    try {
      return this.#world.files.readTextFileSync(path);
    } catch {
      return "";
    }
  }

  #sample(): void {
    const before = this.#latest;
    const now = this.#take();
    const seconds = (now.sampleMs - before.sampleMs) / 1000;
    const selfTicks = ticksOf(now.self) - ticksOf(before.self);
    const allTicks = totalOf(now.cpu) - totalOf(before.cpu);
    this.#latest = {
      ...now,
      selfPercent: seconds > 0 ? share(selfTicks / TICKS_PER_SECOND, seconds) : before.selfPercent,
      cpuPercent: allTicks > 0 ? share(allTicks - (now.cpu.idle - before.cpu.idle), allTicks) : before.cpuPercent,
    };
  }

  /** The shares of processors are those since the start of process and machine: the first sample has nothing else. */
  #take(): SystemSnapshot {
    const read = (name: string) => this.#read(`/proc/${name}`);
    const [stat, selfStat, meminfo] = [read("stat"), read("self/stat"), read("meminfo")];
    const self = parseSelfStat(selfStat);
    const cpu = parseCpuTimes(stat);
    const memory = parseNumbers(meminfo);
    const status = parseNumbers(read("self/status"));
    const usedRam = memory("MemTotal") - memory("MemFree") - memory("Buffers") - memory("Cached");
    const [uptimeSeconds = 0, idleSeconds = 0] = numbersOf(read("uptime"));
    const [load1 = 0, load5 = 0, load15 = 0] = numbersOf(read("loadavg"));
    const aliveSeconds = uptimeSeconds - Number(self.starttime) / TICKS_PER_SECOND;
    return {
      ok: stat !== "" && selfStat !== "" && meminfo !== "",
      sampleMs: Math.round(this.#world.nowMs()),
      self,
      selfPercent: share(ticksOf(self) / TICKS_PER_SECOND, aliveSeconds),
      cpu,
      cpuPercent: share(totalOf(cpu) - cpu.idle, totalOf(cpu)),
      memory,
      status,
      usedRam,
      ramPercent: share(usedRam, memory("MemTotal")),
      swapPercent: share(memory("SwapTotal") - memory("SwapFree"), memory("SwapTotal")),
      selfRamPercent: share(status("VmRSS"), memory("MemTotal")),
      uptimeSeconds,
      idleSeconds,
      load: [load1, load5, load15],
      ...this.#sumNetwork(read("net/dev")),
      sockets: parseSockets(read("net/sockstat"), read("net/snmp")),
    };
  }

  #sumNetwork(netDev: string): Pick<SystemSnapshot, "internet" | "intranet"> {
    const isPublic = ({ family, address }: InterfaceAddress) => family === "IPv4" && !isPrivateIpv4(address);
    const outward = new Set(this.#world.interfaces().filter(isPublic).map(({ name }) => name));
    const internet = { recvBytes: 0, sendBytes: 0 };
    const intranet = { recvBytes: 0, sendBytes: 0 };
    for (const { name, recvBytes, sendBytes } of parseNetDev(netDev)) {
      const sum = outward.has(name) ? internet : intranet;
      sum.recvBytes += recvBytes;
      sum.sendBytes += sendBytes;
    }
    return { internet, intranet };
  }
}

function ticksOf({ utime, stime }: SystemSnapshot["self"]): number {
  return Number(utime) + Number(stime);
}

function totalOf({ user, nice, sys, idle, iowait, irq, softirq, steal }: CpuTimes): number {
  return user + nice + sys + idle + iowait + irq + softirq + steal;
}

function numbersOf(text: string): number[] {
  return text.trim().split(/\s+/).map((word) => Number(word) || 0);
}

/** A part of a whole, with two decimals. */
function share(part: number, whole: number): number {
  return whole > 0 ? Math.round(part / whole * 100) / 100 : 0;
}
