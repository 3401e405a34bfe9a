import type { TimerHandle } from "../base/clock.ts";
import type { OwnerQuery } from "../cluster/coworkers.ts";
import { redirectAddress } from "../cluster/redirect.ts";
import type { VhostConfig } from "../config/mod.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { type ServerContext, vhostInForce } from "./context.ts";

/** Pause between two questions to the coworkers, while a player waits. */
const ASK_AGAIN_MS = 200;

/** How a search ended; nothing is called after `stop`. */
export interface OwnerSearchSink {
  /** @param address Where the client should go: full RTMP address of the stream at its owner. */
  onRedirect(address: string): void;
  /** The owner is about to stop, and takes no more clients. */
  onDrainingOwner(): void;
  onNotFound(reason: string): void;
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
    const vhost = vhostInForce(this.#context, this.#vhost);
    const owner = await this.#context.coworkers.findOwner(ownerQuery(vhost, this.#url));
    if (this.#stopped) return;
    if (owner?.isDraining) return this.#sink.onDrainingOwner();
    if (owner !== null) return this.#sink.onRedirect(redirectAddress(this.#url, owner));
    const waitedMs = Math.round(this.#context.timers.nowMs() - this.#startedMs);
    if (waitedMs >= vhost.cluster.ownerTimeoutMs) {
      this.#sink.onNotFound(`nobody publishes ${this.#url.key}, waited ${waitedMs} ms`);
    } else this.#timer = this.#context.timers.after(ASK_AGAIN_MS, () => this.#ask());
  }
}

/** The question to the coworkers of a vhost. */
export function ownerQuery({ cluster, name }: VhostConfig, { app, stream, host, key }: StreamUrl): OwnerQuery {
  const coworkers = cluster.coworkers.map(({ text }) => text);
  const { coworkerTimeoutMs: timeoutMs, coworkerToken: token } = cluster;
  return { coworkers, timeoutMs, key, vhost: name, app, stream, ip: host, token };
}
