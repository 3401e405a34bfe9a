/** One process of `deno task scale`: obeys requests on its standard input, one JSON text a line, one after the other. */
import { lines, printLine } from "../control.ts";
import type { CallSlot } from "./call_meter.ts";
import type { CallTimesRecord } from "./call_times.ts";
import { Farm, type FarmOptions } from "./farm.ts";
import { Load, type LoadRate } from "./load.ts";
import { LoopLag } from "./loop_lag.ts";

/** What a farm can be asked for. */
export type FarmRequest =
  | { readonly do: "start"; readonly options: FarmOptions }
  | { readonly do: "fill" }
  /** Chooses so many pairs of a node and a stream, for `served`. */
  | { readonly do: "choose"; readonly pairs: number }
  | { readonly do: "served"; readonly fresh: boolean; readonly most: number }
  | { readonly do: "kill"; readonly count: number }
  | { readonly do: "deadFound"; readonly count: number }
  | { readonly do: "begin"; readonly rate: LoadRate }
  /** Ends the load that `begin` began. */
  | { readonly do: "end" };

/** What it answers. */
export interface FarmAnswer {
  /** What was counted, if something was. */
  readonly count: number;
  readonly tookMs: number;
  readonly lost: number;
  /** Of the load that has ended: how long it was, and its calls. */
  readonly seconds: number;
  readonly claims: CallTimesRecord;
  readonly finds: CallTimesRecord;
  /** How late timers were, and commands that were put, both since `begin`. */
  readonly lag: CallTimesRecord;
  readonly calls: readonly CallSlot[];
  /** What went wrong; empty if nothing did. */
  readonly error: string;
}

const nothing: CallTimesRecord = { steps: [], leftOut: 0, wrong: 0 };

class FarmProcess {
  readonly #lag = new LoopLag();
  #farm: Farm | null = null;
  #load: Load | null = null;
  #pairs: { node: number; stream: number }[] = [];

  async answer(request: FarmRequest): Promise<FarmAnswer> {
    const startedMs = performance.now();
    let [count, error] = [0, ""];
    let measured = {};
    try {
      if (request.do === "end") measured = await this.#end();
      else count = await this.#obey(request);
    } catch (thrown) {
      error = String(thrown);
    }
    const tookMs = performance.now() - startedMs;
    const lost = this.#farm?.lost ?? 0;
    return {
      count,
      tookMs,
      lost,
      seconds: 0,
      claims: nothing,
      finds: nothing,
      lag: nothing,
      calls: [],
      error,
      ...measured,
    };
  }

  async #obey(request: Exclude<FarmRequest, { do: "end" }>): Promise<number> {
    if (request.do === "start") {
      this.#farm = new Farm(request.options);
      await this.#farm.start();
      return 0;
    }
    const farm = this.#farm!;
    switch (request.do) {
      case "fill":
        await farm.fill();
        return 0;
      case "choose":
        this.#pairs = Array.from({ length: request.pairs }, () => farm.anyPair());
        return request.pairs;
      case "served":
        return await farm.served(this.#pairs.slice(0, request.most), request.fresh);
      case "kill":
        farm.kill(request.count);
        return 0;
      case "deadFound":
        return await farm.deadFound(request.count);
      case "begin":
        this.#lag.take();
        farm.calls.take();
        this.#load = new Load(farm, request.rate);
        return 0;
    }
  }

  async #end(): Promise<Partial<FarmAnswer>> {
    const load = this.#load!;
    await load.end();
    const [lag, calls] = [this.#lag.take().toJSON(), this.#farm!.calls.take()];
    return { seconds: load.seconds, claims: load.claims.toJSON(), finds: load.finds.toJSON(), lag, calls };
  }
}

if (import.meta.main) {
  const farm = new FarmProcess();
  for await (const line of lines(Deno.stdin.readable)) {
    const answer = await farm.answer(JSON.parse(line));
    await printLine(JSON.stringify({ event: "answer", ...answer }));
  }
  Deno.exit();
}
