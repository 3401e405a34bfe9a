import type { TimerHandle } from "../../base/clock.ts";
import { RequestDenied } from "../../base/errors.ts";
import type { Span } from "../../base/trace.ts";
import type { Owner } from "../../cluster/coworkers.ts";
import { ownerQuery } from "../../cluster/owner_query.ts";
import { DEAD_AFTER_MS } from "../../cluster/rivals.ts";
import type { ServerContext } from "../context.ts";
import type { RoleHost } from "../rtmp/role.ts";
import { type ConflictContext, type Contested, settle } from "./conflict.ts";
import type { Claimant } from "./publishers.ts";

/** What a claim takes of a server. */
export interface ClaimServer extends Omit<ConflictContext, "coworkers"> {
  readonly coworkers: ConflictContext["coworkers"] & Pick<ServerContext["coworkers"], "findOwner">;
}

/** A publisher that wants a stream. */
export interface StreamClaimOptions {
  readonly server: ClaimServer;
  readonly host: Pick<RoleHost, "log" | "guard" | "onAnswered">;
  readonly stream: Contested;
  readonly clientKey: string;
  /** The publish, if it is traced. */
  readonly trace: Span | null;
}

/** What becomes of a claim. */
export interface StreamClaimSink {
  /**
   * The stream is this publisher's.
   *
   * @throws {RequestDenied} It cannot be taken after all: the claim ends as busy.
   */
  take(): void;
  /** The stream was taken at the first attempt: the client may be told. */
  onWon(): void;
  /** Somebody else has the stream, and this publisher is next. */
  onStandBy(): void;
  /** It stood by, and has taken the stream now. */
  onPromoted(): void;
  /** Somebody else has the stream and keeps it. */
  onBusy(reason: string): void;
  /** Another publisher has taken the stream over. */
  onLost(reason: string): void;
  /** How long the connection has brought nothing. */
  silentMs(): number;
}

/** How often a publisher that stands by for one at another origin looks whether that one has left. */
const STANDBY_CHECK_MS = 500;

/**
 * How one publisher wins its stream, in the whole cluster: coworkers are asked who has it, `publish.on_conflict` decides
 * between the two, and a publisher that stands by takes the stream when the other one has left.
 */
export class StreamClaim implements Claimant {
  readonly clientKey: string;
  sinceMs: number;
  readonly #options: StreamClaimOptions;
  readonly #sink: StreamClaimSink;
  #hasStream = false;
  #hasEnded = false;
  #timer: TimerHandle | null = null;

  /** {@link start} is next. */
  constructor(options: StreamClaimOptions, sink: StreamClaimSink) {
    this.#options = options;
    this.#sink = sink;
    this.clientKey = options.clientKey;
    this.sinceMs = Math.round(options.server.timers.nowMs());
  }

  get traceparent(): string | null {
    return this.#options.trace?.traceparent ?? null;
  }

  /** Claims the stream: at once, or in a cluster once the coworkers were asked whether one of them has it. */
  start(): void {
    const { mode, originCluster, coworkers } = this.#options.stream.vhost.now.cluster;
    if (mode === "local" && originCluster && coworkers.length > 0) this.#askCoworkers();
    else this.#claim();
  }

  /** The publisher has left: whoever stands by for it is next. */
  end(): void {
    this.#hasEnded = true;
    this.#timer?.cancel();
    this.#options.server.publishers.release(this.#key, this);
  }

  silentMs(): number {
    return this.#sink.silentMs();
  }

  onLost(reason: string): void {
    this.#sink.onLost(reason);
  }

  onPromoted(): void {
    this.#timer?.cancel();
    this.#options.host.log.info(`publish ${this.#key}: no longer on standby`);
    this.#take();
    this.#sink.onPromoted();
  }

  get #key(): string {
    return this.#options.stream.url.key;
  }

  #take(): void {
    this.#sink.take();
    this.#hasStream = true;
  }

  async #askCoworkers(): Promise<void> {
    const { server, host, stream: { vhost, url }, trace } = this.#options;
    const search = trace?.child("owner search") ?? null;
    const owner = await server.coworkers.findOwner(ownerQuery(vhost.now, url, search), { fresh: true });
    search?.set({ "srs.owners": owner === null ? 0 : 1 });
    search?.end();
    if (this.#hasEnded) return;
    host.guard(() => this.#onOwner(owner));
    host.onAnswered();
  }

  #onOwner(owner: Owner | null): void {
    if (owner === null) return this.#claimFrom(null);
    const { onConflict } = this.#options.stream.vhost.now.publish;
    const isDead = owner.silentMs >= DEAD_AFTER_MS || owner.isDraining;
    if (!isDead && onConflict === "reject") {
      return this.#sink.onBusy(`stream ${this.#key} is already published at origin ${owner.ip}:${owner.port}`);
    }
    if (!isDead && onConflict === "standby") return this.#standBy(owner);
    // The other one was there first, whatever the clocks of the two origins say.
    this.sinceMs = Math.max(this.sinceMs, (owner.sinceMs ?? 0) + 1);
    this.#claimFrom(owner);
  }

  /** Takes the stream where coworkers may have it too. @param owner One that is known to, and whose publisher must go. */
  #claimFrom(owner: Owner | null): void {
    this.#claim();
    if (this.#hasStream) this.#settle(owner);
  }

  #settle(owner: Owner | null): void {
    const { server, stream } = this.#options;
    settle(server, stream, this, owner);
  }

  /** Takes the stream on this server. */
  #claim(): void {
    const { server, stream: { vhost } } = this.#options;
    try {
      const outcome = server.publishers.claim(this.#key, this, vhost.now.publish.onConflict);
      if (outcome === "standby") return this.#standBy(null);
      this.#take();
    } catch (error) {
      if (error instanceof RequestDenied) return this.#sink.onBusy(error.message);
      throw error;
    }
    this.#sink.onWon();
  }

  /** @param owner Origin with the publisher that this one stands by for; null when that is on this server. */
  #standBy(owner: Owner | null): void {
    const where = owner === null ? "" : ` at ${owner.ip}:${owner.port}`;
    this.#options.host.log.info(`publish ${this.#key}: on standby for the publisher${where}`);
    if (owner !== null) this.#checkLater();
    this.#sink.onStandBy();
  }

  #checkLater(): void {
    this.#timer = this.#options.server.timers.after(STANDBY_CHECK_MS, () => this.#checkOwner());
  }

  async #checkOwner(): Promise<void> {
    const { server, host, stream: { vhost, url } } = this.#options;
    const owner = await server.coworkers.findOwner(ownerQuery(vhost.now, url));
    if (this.#hasEnded || this.#hasStream) return;
    if (owner !== null) return this.#checkLater();
    host.guard(() => {
      if (server.publishers.claim(this.#key, this, "standby") !== "active") return;
      this.onPromoted();
      this.#settle(null);
    });
  }
}
