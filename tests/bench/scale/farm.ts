import type { OpenEngine } from "../../../src/base/engine.ts";
import type { Claim } from "../../../src/cluster/directory.ts";
import { openEngine } from "../../../src/net/engine_client.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { type StagedDirectory, stagedDirectory, streamRef } from "../../kit/engine/valkey_stage.ts";
import { CallMeter } from "./call_meter.ts";
import { sharedLinks } from "./shared_links.ts";

/** Nodes that connect at a time. */
const CONNECTING = 200;
/** Claims that are under way at a time while a farm fills. */
const FILLING = 200;
/** Look-ups that are under way at a time, outside of a load. */
const AT_ONCE = 50;

/** The cluster, of which a farm has some nodes. Stream number s is published at node number s modulo `nodes`. */
export interface FarmOptions {
  readonly url: string;
  readonly nodes: number;
  readonly streams: number;
  readonly nodeTtlMs: number;
  /** This farm has the nodes `first`, `first + step` and so on, below `end`. */
  readonly first: number;
  readonly step: number;
  readonly end: number;
  /** Over which they go to Redis. */
  readonly connections: number;
}

/** Some nodes of a large cluster, in one process, each with a directory of its own. */
export class Farm implements Disposable {
  readonly options: FarmOptions;
  readonly calls = new CallMeter();
  readonly #nodes = new Map<number, StagedDirectory>();
  readonly #claims: Claim[] = [];
  readonly #open: OpenEngine;
  /** Nodes with lower numbers are dead, wherever they were. */
  #killed = 0;
  #alive: readonly number[] = [];
  #extra = 0;
  /** Claims that others took, which nobody does. */
  lost = 0;

  constructor(options: FarmOptions) {
    this.options = options;
    this.#open = sharedLinks(openEngine, options.connections, (command) => this.calls.count(command));
  }

  async start(): Promise<void> {
    const { first, step, end, url, nodeTtlMs } = this.options;
    const numbers = Array.from({ length: Math.ceil((end - first) / step) }, (_, i) => first + i * step);
    for (let at = 0; at < numbers.length; at += CONNECTING) {
      const some = numbers.slice(at, at + CONNECTING).map((node) => {
        const staged = stagedDirectory({ world: systemWorld, open: this.#open, number: node + 1, url, nodeTtlMs });
        this.#nodes.set(node, staged);
        staged.directory.start();
        return staged;
      });
      // On a busy machine some lose touch again for a moment.
      const waiting = new Set(some);
      while (waiting.size > 0) {
        await sleep(5);
        for (const staged of waiting) if (staged.directory.health()[0]!.isUp) waiting.delete(staged);
      }
    }
    this.#alive = numbers;
  }

  /** Claims the streams of its nodes, as fast as it goes. */
  async fill(): Promise<void> {
    const { nodes, streams } = this.options;
    const all = this.#numbers(nodes, streams);
    const worker = async () => {
      for (const { node, stream } of all) {
        // Without the engine a claim takes no time, and the rest of them would follow in one turn.
        while (!this.#directory(node).health()[0]!.isUp) await sleep(20);
        const outcome = await this.#directory(node).claim(streamRef(`s${stream}`), {
          mode: () => "first",
          onLost: () => this.lost++,
        });
        if (!("claim" in outcome)) throw new Error(`s${stream} is taken by ${outcome.takenBy.ip}`);
        this.#claims.push(outcome.claim);
      }
    };
    await Promise.all(Array.from({ length: FILLING }, worker));
  }

  /** Ends the first nodes of the cluster without a word, as far as they are here. */
  kill(count: number): void {
    this.#killed = count;
    for (const node of this.#alive.filter((node) => node < count)) this.#directory(node)[Symbol.dispose]();
    this.#alive = this.#alive.filter((node) => node >= count);
  }

  /** A pair of a living node here and a stream of another living one. */
  anyPair(): { node: number; stream: number } {
    const node = this.#alive[Math.floor(Math.random() * this.#alive.length)]!;
    while (true) {
      const stream = Math.floor(Math.random() * this.options.streams);
      const owner = stream % this.options.nodes;
      if (owner >= this.#killed && owner !== node) return { node, stream };
    }
  }

  /** How many streams of dead nodes are found still, of so many asked for. */
  async deadFound(count: number): Promise<number> {
    const found = Array.from({ length: count }, (_, i) => {
      const stream = (i % this.#killed) + this.options.nodes * Math.floor(i / this.#killed);
      return this.finds(this.#alive[i % this.#alive.length]!, stream % this.options.streams, true);
    });
    return (await Promise.all(found)).filter(Boolean).length;
  }

  /** How many of the pairs are found. */
  async served(pairs: readonly { node: number; stream: number }[], fresh = false): Promise<number> {
    let count = 0;
    for (let at = 0; at < pairs.length; at += AT_ONCE) {
      const some = pairs.slice(at, at + AT_ONCE).map(({ node, stream }) => this.finds(node, stream, fresh));
      count += (await Promise.all(some)).filter(Boolean).length;
    }
    return count;
  }

  /** Whether a node finds the owner of a stream. */
  async finds(node: number, stream: number, fresh = false): Promise<boolean> {
    const [found] = await this.#directory(node).find(streamRef(`s${stream}`), { fresh });
    const owner = stream % this.options.nodes + 1;
    return found?.ip === `10.0.${owner >> 8}.${owner & 255}`;
  }

  /** One more publish; what it claims is given up at once, so that there are as many streams as before. */
  async publishAgain(): Promise<boolean> {
    const number = this.#extra++;
    const name = `x${this.options.first}-${number}`;
    const outcome = await this.#directory(this.#alive[number % this.#alive.length]!).claim(streamRef(name), {
      mode: () => "first",
      onLost: () => this.lost++,
    });
    if ("claim" in outcome) outcome.claim[Symbol.dispose]();
    return "claim" in outcome;
  }

  [Symbol.dispose](): void {
    for (const { directory } of this.#nodes.values()) directory[Symbol.dispose]();
  }

  #directory(node: number): StagedDirectory["directory"] {
    return this.#nodes.get(node)!.directory;
  }

  *#numbers(nodes: number, streams: number): Generator<{ node: number; stream: number }> {
    for (let base = 0; base < streams; base += nodes) {
      for (const node of this.#alive) if (base + node < streams) yield { node, stream: base + node };
    }
  }
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
