import type { TimerHandle } from "../base/clock.ts";
import { redirectAddress } from "../cluster/redirect.ts";
import type { VhostConfig } from "../config/mod.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import type { ServerContext } from "./context.ts";

/** Pause between two questions to the coworkers, while a player waits. */
const ASK_AGAIN_MS = 300;

/** How a search ended; neither is called after `stop`. */
export interface OwnerSearchSink {
  /** @param address Where the client should go: full RTMP address of the stream at its owner. */
  onFound(address: string): void;
  onNotFound(waitedMs: number): void;
}

/**
 * Asks the coworkers who has a stream, again and again for `owner_timeout`, on behalf of one waiting player.
 *
 * SRS closes a player that comes before its publisher; holding it spares the player, and an SRS edge its 3 s pause.
 */
export class OwnerSearch {
  readonly #context: ServerContext;
  readonly #vhost: VhostConfig;
  readonly #url: StreamUrl;
  readonly #sink: OwnerSearchSink;
  readonly #startedMs: number;
  #timer: TimerHandle | null = null;
  #stopped = false;

  constructor(context: ServerContext, vhost: VhostConfig, url: StreamUrl, sink: OwnerSearchSink) {
    this.#context = context;
    this.#vhost = vhost;
    this.#url = url;
    this.#sink = sink;
    this.#startedMs = context.timers.nowMs();
    this.#ask();
  }

  /** Ends the search without a result. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    const { cluster, name } = this.#vhost;
    const { app, stream, host, key } = this.#url;
    const owner = await this.#context.coworkers.findOwner({
      coworkers: cluster.coworkers.map(({ text }) => text),
      timeoutMs: cluster.coworkerTimeoutMs,
      key,
      vhost: name,
      app,
      stream,
      ip: host,
    });
    if (this.#stopped) return;
    if (owner !== null) return this.#sink.onFound(redirectAddress(this.#url, owner));
    const waitedMs = Math.round(this.#context.timers.nowMs() - this.#startedMs);
    if (waitedMs >= cluster.ownerTimeoutMs) this.#sink.onNotFound(waitedMs);
    else this.#timer = this.#context.timers.after(ASK_AGAIN_MS, () => this.#ask());
  }
}
