import { afterLimit, type TimerHandle, type Timers } from "../../base/clock.ts";
import type { Span } from "../../base/trace.ts";
import type { Owner, StreamDirectory } from "../../cluster/directory.ts";
import { redirectAddress } from "../../cluster/redirect.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";

/** What a search takes of a server. */
export interface OwnerSearchServer {
  readonly timers: Timers;
  readonly directory: Pick<StreamDirectory, "watch" | "unasked">;
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
 * Waits for `owner_timeout` until somebody has a stream, on behalf of one player.
 *
 * SRS closes a player that comes before its publisher; holding it spares the player, and an SRS edge its 3 s pause.
 */
export class OwnerSearch {
  readonly #server: OwnerSearchServer;
  readonly #vhost: VhostHandle;
  readonly #url: StreamUrl;
  readonly #sink: OwnerSearchSink;
  readonly #span: Span | null;
  readonly #watch: Disposable;
  readonly #timer: TimerHandle;

  /**
   * @param stream The stream, and the network of the client that waits for it.
   * @param trace Of what the search is a part.
   */
  constructor(
    server: OwnerSearchServer,
    { vhost, url, from }: { readonly vhost: VhostHandle; readonly url: StreamUrl; readonly from: string },
    sink: OwnerSearchSink,
    trace: Span | null = null,
  ) {
    this.#server = server;
    this.#vhost = vhost;
    this.#url = url;
    this.#sink = sink;
    const span = trace?.child("owner search") ?? null;
    this.#span = span;
    this.#timer = afterLimit(server.timers, () => vhost.now.cluster.ownerTimeoutMs, (waitedMs) => {
      span?.end("no server has the stream");
      this.stop();
      sink.onNotFound(this.#notFound(waitedMs));
    });
    this.#watch = server.directory.watch({ vhost, url }, (owners) => this.#onOwners(owners), { trace: span, from });
  }

  /** Ends the search without a result. */
  stop(): void {
    this.#span?.end();
    this.#timer.cancel();
    this.#watch[Symbol.dispose]();
  }

  #onOwners([owner]: readonly Owner[]): void {
    if (owner === undefined) return;
    this.#span?.set({ "server.address": owner.ip, "server.port": owner.port });
    this.stop();
    if (owner.isDraining) this.#sink.onDrainingOwner();
    else this.#sink.onRedirect(redirectAddress(this.#url, owner));
  }

  /** A server whose question was rejected must not say that there is no publisher. */
  #notFound(waitedMs: number): string {
    const unasked = this.#server.directory.unasked({ vhost: this.#vhost, url: this.#url });
    const { key } = this.#url;
    return unasked === ""
      ? `no server publishes ${key} (waited ${waitedMs} ms)`
      : `${key} is not published here, and ${unasked}`;
  }
}
