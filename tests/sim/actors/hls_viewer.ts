import type { TimerHandle } from "../../../src/base/clock.ts";
import { HlsCheck, type HlsContext, type Origin } from "../checks/hls_check.ts";
import { type ListedSegment, readPlaylist } from "../../kit/hls/listed_segments.ts";
import { Random } from "../random.ts";
import type { HlsViewerPlan } from "../scenario.ts";
import type { ClientMachine, OwnServerView } from "../world/cluster_view.ts";
import type { Stage } from "./publisher.ts";

/** No answer takes longer: a stream is waited for at most for its `owner_timeout`, two fragments, and somewhat more. */
const PATIENCE_MS = 15_000;

/** What has come of a request; status 0 for nothing. */
interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
  /** What the address means is the same for ever. */
  readonly isForever: boolean;
  readonly origin: Origin;
}

/** Somebody who watches by HLS: gets the playlist over and over, and each segment once, each from any of its servers. */
export class SimHlsViewer {
  readonly plan: HlsViewerPlan;
  readonly #stage: Pick<Stage, "cluster" | "log">;
  readonly #machine: ClientMachine;
  readonly #random: Random;
  readonly #context: HlsContext;
  readonly #onFault: (text: string) => void;
  readonly #got = new Set<string>();
  #check: HlsCheck | null = null;
  #timer: TimerHandle | null = null;
  #abort: AbortController | null = null;
  #isOver = false;
  segments = 0;

  constructor(
    plan: HlsViewerPlan,
    stage: Pick<Stage, "cluster" | "log">,
    { seed, context, onFault }: {
      readonly seed: number;
      readonly context: HlsContext;
      onFault(text: string): void;
    },
  ) {
    this.plan = plan;
    this.#stage = stage;
    this.#context = context;
    this.#onFault = onFault;
    this.#random = Random.of(seed, `${plan.name}'s servers`);
    this.#machine = stage.cluster.machine(plan.name);
  }

  begin(): void {
    const { name, stream } = this.plan;
    this.#stage.log.add(name, `watches ${stream} by HLS`);
    this.#check = new HlsCheck(this.plan, this.#context, this.#onFault);
    void this.#poll();
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#abort?.abort();
    if (this.#check !== null) this.#stage.log.add(this.plan.name, `leaves after ${this.segments} segments`);
  }

  async #poll(): Promise<void> {
    const { status, bytes, origin } = await this.#get(`${this.plan.stream}.m3u8`);
    if (this.#isOver) return;
    const listed = status === 200 ? readPlaylist(new TextDecoder().decode(bytes)) : [];
    if (typeof listed === "string") this.#onFault(`gets of ${origin.server} ${listed}`);
    else if (status === 200) {
      this.#check!.onPlaylist(origin, listed);
      await this.#fetchAll(listed, origin);
    }
    if (this.#isOver) return;
    this.#check!.look();
    this.#timer = this.#machine.after(this.plan.pollMs, () => void this.#poll());
  }

  async #fetchAll(listed: readonly ListedSegment[], lister: Origin): Promise<void> {
    for (const segment of listed) {
      if (segment.isGap) continue;
      for (const address of [segment.init, segment.address]) {
        if (address === "" || this.#got.has(address)) continue;
        await this.#fetch(address, segment, lister);
        if (this.#isOver) return;
      }
    }
  }

  async #fetch(address: string, segment: ListedSegment, lister: Origin): Promise<void> {
    const { status, bytes, isForever, origin } = await this.#get(address);
    if (this.#isOver || status === 0) return;
    const isFound = status === 200 && isForever;
    // A server has something else instead of what it does not know.
    if (status === 404 || status === 200 && !isForever) this.#check!.onMissing({ ...segment, address }, lister, origin);
    if (!isFound) return;
    this.#got.add(address);
    this.segments++;
    this.#check!.onBytes(address, origin, bytes);
    this.#stage.log.add(this.plan.name, `has ${address} of ${origin.server}, ${bytes.length} bytes`);
  }

  /** One request to any of its servers. */
  async #get(name: string): Promise<Answer> {
    const { cluster, log } = this.#stage;
    const server = cluster.servers.get(this.#random.pick(this.plan.servers))!;
    const startOf = ({ name, starts }: OwnServerView) => `${name}#${starts}`;
    const origin = { server: server.name, start: startOf(server) };
    const abort = this.#abort = new AbortController();
    const timer = this.#machine.after(PATIENCE_MS, () => abort.abort());
    const nothing = { status: 0, bytes: new Uint8Array(0), isForever: false, origin };
    try {
      const url = `http://${server.ip}:${cluster.ports.http}/live/${name}`;
      const response = await this.#machine.fetch(url, { signal: abort.signal });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const { status, headers } = response;
      if (status !== 200) log.add(this.plan.name, `gets ${status} for ${name} of ${server.name}`);
      const isForever = headers.get("cache-control")?.includes("immutable") ?? false;
      // It was started again meanwhile: nobody knows who has answered.
      return startOf(server) === origin.start ? { status, bytes, isForever, origin } : nothing;
    } catch (error) {
      if (!this.#isOver) log.add(this.plan.name, `gets nothing for ${name} of ${server.name}: ${error}`);
      return nothing;
    } finally {
      timer.cancel();
    }
  }
}
