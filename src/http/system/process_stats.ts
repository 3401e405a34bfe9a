import type { Clock } from "../../base/clock.ts";
import type { World } from "../../base/world.ts";
import { parseNumbers, parseSelfStat } from "./proc_files.ts";

/** What other servers are told of this process. */
export interface ProcessSnapshot {
  readonly sampleMs: number;
  /** Processor time since the process began, ms; 0 where it cannot be had. */
  readonly cpuMs: number;
  /** Of one processor, since the sample before. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

/** What is needed of the world to look at the process. */
export type ProcessWorld = Clock & { readonly files: Pick<World["files"], "readTextFileSync"> };

/** The cluster is told of the process all the time, also where nobody asks the API. */
const SAMPLE_MS = 3000;
const MS_PER_TICK = 10;

/** The part of {@link SystemStats} that is told without being asked: two small files, every 3 seconds at most. */
export class ProcessStats {
  readonly #world: ProcessWorld;
  #latest: ProcessSnapshot;

  constructor(world: ProcessWorld) {
    this.#world = world;
    this.#latest = this.#take(null);
  }

  /** Not older than 3 seconds. */
  get latest(): ProcessSnapshot {
    if (this.#world.nowMs() - this.#latest.sampleMs >= SAMPLE_MS) this.#latest = this.#take(this.#latest);
    return this.#latest;
  }

  #take(before: ProcessSnapshot | null): ProcessSnapshot {
    const { utime, stime } = parseSelfStat(this.#read("/proc/self/stat"));
    const sampleMs = this.#world.nowMs();
    const cpuMs = (Number(utime) + Number(stime)) * MS_PER_TICK;
    const cpuPercent = before === null ? 0 : (cpuMs - before.cpuMs) / (sampleMs - before.sampleMs) * 100;
    return { sampleMs, cpuMs, cpuPercent, rssBytes: parseNumbers(this.#read("/proc/self/status"))("VmRSS") * 1024 };
  }

  /** Empty where there is no /proc. */
  #read(path: string): string {
    try {
      return this.#world.files.readTextFileSync(path);
    } catch {
      return "";
    }
  }
}
