import type { DirectoryStage, StagedServer } from "../cases/directory_suite.ts";
import { ManualTimers, turn } from "../memory/manual_timers.ts";
import { openSimulated, SimulatedEngine } from "./simulated_engine.ts";
import { type StagedDirectory, stagedDirectory, type StagedOptions, streamRef } from "./valkey_stage.ts";

const NODE_TTL_MS = 6000;

/** Servers and engines on the clock of a test. */
export class SimulatedStage implements DirectoryStage {
  readonly timers = new ManualTimers(1_700_000_000_000);
  /** At `e:6379`. */
  readonly engine = new SimulatedEngine(this.timers);
  readonly engines: Record<string, SimulatedEngine> = { "e:6379": this.engine };
  readonly newsMs = 50;
  readonly deathMs = 7000;
  readonly #directories: StagedDirectory[] = [];
  #seed = 1;

  /** Another server. */
  async add(options: Partial<StagedOptions> = {}): Promise<StagedDirectory> {
    const { timers } = this;
    const random = () => (this.#seed = (this.#seed * 16807) % 2147483647) / 2147483647;
    const staged = stagedDirectory({
      world: {
        random,
        nowMs: () => timers.nowMs(),
        wallMs: () => timers.wallMs(),
        after: (ms, fn) => timers.after(ms, fn),
      },
      open: openSimulated(this.engines),
      number: this.#directories.length + 1,
      url: "redis://e",
      nodeTtlMs: NODE_TTL_MS,
      ...options,
    });
    this.#directories.push(staged);
    staged.directory.start();
    await this.run(100);
    return staged;
  }

  async server(): Promise<StagedServer> {
    const { directory, rtmp } = await this.add();
    return { directory, rtmp, kill: () => directory[Symbol.dispose]() };
  }

  stream = streamRef;

  run(ms: number): Promise<void> {
    return this.timers.run(ms);
  }

  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => isSettled = true);
    settled.catch(() => {});
    await turn();
    while (!isSettled) await this.timers.run(5);
    return await settled;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const { directory } of this.#directories) directory[Symbol.dispose]();
    return Promise.resolve();
  }
}
