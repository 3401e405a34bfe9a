import type { OpenEngine } from "../../../src/base/engine.ts";
import type { Claim } from "../../../src/cluster/directory.ts";
import { openEngine } from "../../../src/net/engine_client.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { type StagedDirectory, stagedDirectory, streamRef } from "../../kit/valkey_stage.ts";
import { sharedLinks } from "./shared_links.ts";

/** Nodes that connect at a time. */
const CONNECTING = 200;
/** Claims that are under way at a time while a farm fills. */
const FILLING = 500;
/** Calls under way; what comes on top is left out and counted. */
const MAX_UNDER_WAY = 8000;
const TICK_MS = 10;

/** Times of calls, and how many there were. */
export interface CallTimes {
  readonly ms: number[];
  /** Not begun, because too many were under way. */
  leftOut: number;
  /** Without the right answer. */
  wrong: number;
}

/** The nodes of a large cluster, in one process, each with a directory of its own. */
export class Farm implements Disposable {
  readonly nodes: StagedDirectory[] = [];
  /** The streams by number: which node has each, and its claim. */
  readonly streams: { node: number; claim: Claim }[] = [];
  readonly #url: string;
  readonly #open: OpenEngine;
  #underWay = 0;
  #extra = 0;
  lost = 0;

  constructor(url: string, connections: number) {
    this.#url = url;
    this.#open = sharedLinks(openEngine, connections);
  }

  /** Commands that all nodes have put so far. */
  get calls(): number {
    return this.nodes.reduce((sum, { directory }) => sum + directory.health()[0]!.calls, 0);
  }

  async start(count: number): Promise<void> {
    for (let at = 0; at < count; at += CONNECTING) {
      const some = Array.from(
        { length: Math.min(CONNECTING, count - at) },
        (_, i) =>
          stagedDirectory({
            world: systemWorld,
            open: this.#open,
            number: at + i + 1,
            url: this.#url,
            nodeTtlMs: 6000,
          }),
      );
      this.nodes.push(...some);
      for (const { directory } of some) directory.start();
      while (some.some(({ directory }) => !directory.health()[0]!.isUp)) await sleep(5);
    }
  }

  /** Claims the streams, spread over the nodes, as fast as it goes. */
  async fill(count: number): Promise<void> {
    const first = this.streams.length;
    let next = first;
    const worker = async () => {
      while (next < first + count) await this.claim(next++);
    };
    await Promise.all(Array.from({ length: FILLING }, worker));
  }

  async claim(stream: number): Promise<void> {
    const node = stream % this.nodes.length;
    const outcome = await this.nodes[node]!.directory.claim(streamRef(`s${stream}`), {
      mode: () => "first",
      onLost: () => this.lost++,
    });
    if (!("claim" in outcome)) throw new Error(`s${stream} is taken by ${outcome.takenBy.ip}`);
    this.streams[stream] = { node, claim: outcome.claim };
  }

  /** Claims and looks up at a steady rate for some time, whatever the answers take. */
  async steady(
    rate: { claims: number; finds: number },
    seconds: number,
  ): Promise<{ claims: CallTimes; finds: CallTimes }> {
    const claims: CallTimes = { ms: [], leftOut: 0, wrong: 0 };
    const finds: CallTimes = { ms: [], leftOut: 0, wrong: 0 };
    const startedMs = performance.now();
    let [claimed, found] = [0, 0];
    for (let ms = 0; ms < seconds * 1000; ms = performance.now() - startedMs) {
      for (; claimed < rate.claims * ms / 1000; claimed++) this.#time(claims, () => this.#publishAgain());
      for (; found < rate.finds * ms / 1000; found++) this.#time(finds, () => this.findAny());
      await sleep(TICK_MS);
    }
    while (this.#underWay > 0) await sleep(TICK_MS);
    return { claims, finds };
  }

  /** A look-up of any stream at any node. @returns Whether its owner was found. */
  async findAny(): Promise<boolean> {
    const stream = Math.floor(Math.random() * this.streams.length);
    return await this.finds(Math.floor(Math.random() * this.nodes.length), stream);
  }

  /** Whether a node finds the owner of a stream; a node does not find its own. */
  async finds(node: number, stream: number, fresh = false): Promise<boolean> {
    const { node: owner } = this.streams[stream]!;
    const [found] = await this.nodes[node]!.directory.find(streamRef(`s${stream}`), { fresh });
    return owner === node ? found === undefined : `${found?.ip}:1935` === this.nodes[owner]!.rtmp;
  }

  [Symbol.dispose](): void {
    for (const { directory } of this.nodes) directory[Symbol.dispose]();
  }

  /** One more publish; what it claims is given up at once, so that there are as many streams as before. */
  async #publishAgain(): Promise<boolean> {
    const number = this.#extra++;
    const { directory } = this.nodes[number % this.nodes.length]!;
    const outcome = await directory.claim(streamRef(`x${number}`), { mode: () => "first", onLost: () => this.lost++ });
    if ("claim" in outcome) outcome.claim[Symbol.dispose]();
    return "claim" in outcome;
  }

  #time(times: CallTimes, call: () => Promise<boolean>): void {
    if (this.#underWay >= MAX_UNDER_WAY) {
      times.leftOut++;
      return;
    }
    this.#underWay++;
    const startedMs = performance.now();
    call().then((isRight) => {
      this.#underWay--;
      times.ms.push(performance.now() - startedMs);
      if (!isRight) times.wrong++;
    });
  }
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
