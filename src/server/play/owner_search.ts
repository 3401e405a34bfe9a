import { ownerQuery } from "../../cluster/owner_query.ts";
import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { Span } from "../../base/trace.ts";
import { redirectAddress } from "../../cluster/redirect.ts";
import type { VhostConfig, VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { ServerContext } from "../context.ts";

/** Pause between two questions to the coworkers, while a player waits. */
const ASK_AGAIN_MS = 200;

/** What a search takes of a server. */
export interface OwnerSearchServer {
  readonly timers: Timers;
  readonly coworkers: Pick<ServerContext["coworkers"], "findOwner" | "refusals">;
}

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
  readonly #server: OwnerSearchServer;
  readonly #vhost: VhostHandle;
  readonly #url: StreamUrl;
  readonly #sink: OwnerSearchSink;
  readonly #startedMs: number;
  readonly #span: Span | null;
  #timer: TimerHandle | null = null;
  #stopped = false;

  /** @param trace Of what the search is a part. */
  constructor(
    server: OwnerSearchServer,
    vhost: VhostHandle,
    url: StreamUrl,
    sink: OwnerSearchSink,
    trace: Span | null = null,
  ) {
    this.#server = server;
    this.#vhost = vhost;
    this.#url = url;
    this.#sink = sink;
    this.#startedMs = server.timers.nowMs();
    this.#span = trace?.child("owner search") ?? null;
    this.#ask();
  }

  /** Ends the search without a result. */
  stop(): void {
    this.#stopped = true;
    this.#span?.end();
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    const vhost = this.#vhost.now;
    const owner = await this.#server.coworkers.findOwner({
      ...ownerQuery(vhost, this.#url, this.#span),
      isWanted: () => !this.#stopped,
    });
    if (this.#stopped) return;
    if (owner !== null) {
      this.#span?.set({ "server.address": owner.ip, "server.port": owner.port });
      this.#span?.end();
    }
    if (owner?.isDraining) return this.#sink.onDrainingOwner();
    if (owner !== null) return this.#sink.onRedirect(redirectAddress(this.#url, owner));
    const waitedMs = Math.round(this.#server.timers.nowMs() - this.#startedMs);
    if (waitedMs >= vhost.cluster.ownerTimeoutMs) {
      this.#span?.end("no server has the stream");
      this.#sink.onNotFound(this.#notFound(vhost, waitedMs));
    } else this.#timer = this.#server.timers.after(ASK_AGAIN_MS, () => this.#ask());
  }

  /** A server whose question was rejected must not say that there is no publisher. */
  #notFound({ cluster }: VhostConfig, waitedMs: number): string {
    const refusals = this.#server.coworkers.refusals(cluster.coworkers.map(({ text }) => text));
    const { key } = this.#url;
    return refusals === ""
      ? `no server publishes ${key} (waited ${waitedMs} ms)`
      : `${key} is not published here, and ${refusals}`;
  }
}
