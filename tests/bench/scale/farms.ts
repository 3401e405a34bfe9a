import { PinnedProcess, usageOf } from "../process.ts";
import { type CallRate, rateOfCalls } from "./call_meter.ts";
import { CallTimes } from "./call_times.ts";
import type { FarmOptions } from "./farm.ts";
import type { FarmAnswer, FarmRequest } from "./farm_process.ts";
import type { LoadRate } from "./load.ts";

/** The longest of all: to claim a million streams. */
const PATIENCE_MS = 1_800_000;
const script = new URL("farm_process.ts", import.meta.url).pathname;

/** What a load has shown. */
export interface LoadResult {
  readonly seconds: number;
  readonly claims: CallTimes;
  readonly finds: CallTimes;
  readonly calls: CallRate;
  /** Of the process with the latest timers: how late one in a hundred was. */
  readonly lagP99Ms: number;
  /** Of the process that used most, in percent of a core. */
  readonly cpuPercent: number;
}

/** The cluster's nodes in several processes, and what all of them do at once. */
export class Farms implements AsyncDisposable {
  readonly #processes: readonly PinnedProcess[];
  #load: { startedMs: number; cpuMs: readonly number[] } | null = null;
  lost = 0;

  constructor(count: number) {
    const cores = `0-${navigator.hardwareConcurrency - 1}`;
    const command = [Deno.execPath(), "run", "-A", "--no-check", "--v8-flags=--max-old-space-size=8000", script];
    this.#processes = Array.from(
      { length: count },
      (_, i) => new PinnedProcess(`farm ${i + 1}`, command, { cores, logPath: null }),
    );
  }

  /** Starts the nodes `first` and so on, each process its share. */
  async start(options: Omit<FarmOptions, "step">): Promise<void> {
    const step = this.#processes.length;
    const connections = Math.ceil(options.connections / step);
    await Promise.all(
      this.#processes.map((process, i) =>
        ask(process, { do: "start", options: { ...options, first: options.first + i, step, connections } })
      ),
    );
  }

  /** @returns The sum of what was counted, and the longest time. */
  async ask(
    request: Exclude<FarmRequest, { do: "start" | "begin" | "end" }>,
  ): Promise<{ count: number; tookMs: number }> {
    const answers = await Promise.all(this.#processes.map((process) => ask(process, request)));
    this.lost = answers.reduce((sum, { lost }) => sum + lost, 0);
    return {
      count: answers.reduce((sum, { count }) => sum + count, 0),
      tookMs: Math.max(...answers.map(({ tookMs }) => tookMs)),
    };
  }

  /** Begins a load, of which each process makes its share. */
  async begin({ claims, finds }: LoadRate): Promise<void> {
    const share = this.#processes.length;
    const rate = { claims: claims / share, finds: finds / share };
    await Promise.all(this.#processes.map((process) => ask(process, { do: "begin", rate })));
    this.#load = { startedMs: performance.now(), cpuMs: this.#cpuMs() };
  }

  /** Ends the load. */
  async end(): Promise<LoadResult> {
    const { startedMs, cpuMs } = this.#load!;
    const ms = performance.now() - startedMs;
    const cpuPercent = Math.max(...this.#cpuMs().map((used, i) => 100 * (used - cpuMs[i]!) / ms));
    const answers = await Promise.all(this.#processes.map((process) => ask(process, { do: "end" })));
    const [claims, finds] = [new CallTimes(), new CallTimes()];
    for (const answer of answers) {
      claims.addAll(answer.claims);
      finds.addAll(answer.finds);
    }
    const lags = answers.map(({ lag }) => {
      const times = new CallTimes();
      times.addAll(lag);
      return times.quantileMs(0.99);
    });
    return {
      // A process that was busy ended late.
      seconds: Math.max(...answers.map(({ seconds }) => seconds)),
      claims,
      finds,
      calls: rateOfCalls(answers.flatMap(({ calls }) => calls)),
      lagP99Ms: Math.max(...lags),
      cpuPercent,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }

  #cpuMs(): readonly number[] {
    return this.#processes.map(({ pid }) => usageOf(pid).cpuMs);
  }
}

async function ask(process: PinnedProcess, request: FarmRequest): Promise<FarmAnswer> {
  await process.tell(JSON.stringify(request));
  const answer = await process.event<FarmAnswer>("answer", PATIENCE_MS);
  if (answer.error !== "") throw new Error(answer.error);
  return answer;
}
