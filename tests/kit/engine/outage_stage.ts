import type { Claim, ClaimMode, ClaimOutcome } from "../../../src/cluster/directory.ts";
import { assert } from "../assert.ts";
import { SimulatedStage } from "./simulated_stage.ts";
import type { StagedDirectory } from "./valkey_stage.ts";

/** A stage with what most tests of a directory do. */
export class OutageStage extends SimulatedStage {
  readonly lost: string[] = [];

  claim({ directory }: StagedDirectory, stream: string, mode: ClaimMode = "first"): Promise<ClaimOutcome> {
    const onLost = (reason: string) => this.lost.push(`${stream}: ${reason}`);
    return this.settle(directory.claim(this.stream(stream), { mode: () => mode, onLost }));
  }

  async mustClaim(...args: Parameters<OutageStage["claim"]>): Promise<Claim> {
    const outcome = await this.claim(...args);
    assert("claim" in outcome, "the stream is taken");
    return outcome.claim;
  }

  /** The owners' ports and how long it took. */
  async find({ directory }: StagedDirectory, stream: string, fresh = false): Promise<{ at: string[]; ms: number }> {
    const startedMs = this.timers.nowMs();
    let endedMs = startedMs;
    const owners = await this.settle(
      directory.find(this.stream(stream), { fresh }).finally(() => endedMs = this.timers.nowMs()),
    );
    return { at: owners.map(({ ip }) => ip), ms: endedMs - startedMs };
  }
}
