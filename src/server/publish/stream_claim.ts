import type { TimerHandle } from "../../base/clock.ts";
import { RequestDenied } from "../../base/errors.ts";
import type { Span } from "../../base/trace.ts";
import type { Claim, ClaimOutcome, Owner, StreamDirectory, StreamRef } from "../../cluster/directory.ts";
import { DEAD_AFTER_MS } from "../../cluster/mesh/rivals.ts";
import type { ServerContext } from "../context.ts";
import type { RoleHost } from "../rtmp/role.ts";
import type { Claimant } from "./publishers.ts";

/** What a claim takes of a server. */
export interface ClaimServer extends Pick<ServerContext, "publishers" | "timers"> {
  readonly world: Pick<ServerContext["world"], "wallMs">;
  readonly directory: Pick<StreamDirectory, "claim" | "find">;
}

/** A publisher that wants a stream. */
export interface StreamClaimOptions {
  readonly server: ClaimServer;
  readonly host: Pick<RoleHost, "log" | "guard" | "onAnswered">;
  readonly stream: StreamRef;
  readonly clientKey: string;
  /** The publish, if it is traced. */
  readonly trace: Span | null;
}

/** What becomes of a claim. */
export interface StreamClaimSink {
  /**
   * The stream is this publisher's.
   *
   * @param epoch Of the publish.
   * @throws {RequestDenied} It cannot be taken after all: the claim ends as busy.
   */
  take(epoch: number): void;
  /** The stream was taken at the first attempt: the client may be told. */
  onWon(): void;
  /** Somebody else has the stream, and this publisher is next. */
  onStandBy(): void;
  /** Standing by, it has what players can begin with. */
  readonly canBegin: boolean;
  /** It stood by, and has taken the stream now. */
  onPromoted(): void;
  /** Somebody else has the stream and keeps it. */
  onBusy(reason: string): void;
  /** The publish has a higher epoch from now on. */
  onRaised(epoch: number): void;
  /** Another publisher has taken the stream over. */
  onLost(reason: string): void;
  /** How long the connection has brought nothing. */
  silentMs(): number;
}

/** How often a publisher that stands by for one at another origin looks whether that one has left. */
const STANDBY_CHECK_MS = 500;

/**
 * How one publisher wins its stream, in the whole cluster: the directory is asked who has it, `publish.on_conflict` decides
 * between the two, and a publisher that stands by takes the stream when the other one has left.
 */
export class StreamClaim implements Claimant {
  readonly clientKey: string;
  readonly sinceMs: number;
  readonly #options: StreamClaimOptions;
  readonly #sink: StreamClaimSink;
  readonly #cameMs: number;
  #hasStream = false;
  #hasEnded = false;
  #timer: TimerHandle | null = null;

  /** {@link start} is next. */
  constructor(options: StreamClaimOptions, sink: StreamClaimSink) {
    const { server, clientKey } = options;
    this.#options = options;
    this.#sink = sink;
    this.clientKey = clientKey;
    this.sinceMs = server.timers.nowMs();
    this.#cameMs = Math.round(server.world.wallMs());
  }

  get traceparent(): string | null {
    return this.#options.trace?.traceparent ?? null;
  }

  /** Claims the stream: on this server, then in the cluster. */
  start(): void {
    const { server, stream: { vhost } } = this.#options;
    try {
      const place = server.publishers.judge(this.#key, this, vhost.now.publish.onConflict);
      if (place === "standby") this.#standBy(null);
      else this.#claim();
    } catch (error) {
      if (!(error instanceof RequestDenied)) throw error;
      this.#sink.onBusy(error.message);
    }
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

  onRaised(epoch: number): void {
    this.#sink.onRaised(epoch);
  }

  onLost(reason: string): void {
    this.#sink.onLost(reason);
  }

  onPromoted(claim: Claim): void {
    this.#timer?.cancel();
    this.#options.host.log.info(`publish ${this.#key}: no longer on standby`);
    this.#take(claim);
    this.#sink.onPromoted();
  }

  get #key(): string {
    return this.#options.stream.url.key;
  }

  #take({ epoch }: Claim): void {
    this.#sink.take(epoch);
    this.#hasStream = true;
  }

  async #claim(): Promise<void> {
    const { host } = this.#options;
    const outcome = await this.#claimInCluster();
    if (this.#hasEnded) return this.#drop(outcome);
    host.guard(() => this.#onOutcome(outcome));
    host.onAnswered();
  }

  /** A claim that came too late is given back; the one in force here is to be found again. */
  #drop(outcome: ClaimOutcome): void {
    if (!("claim" in outcome)) return;
    outcome.claim[Symbol.dispose]();
    this.#options.server.publishers.announce(this.#key);
  }

  #claimInCluster(): Promise<ClaimOutcome> {
    const { server: { directory, publishers }, stream } = this.#options;
    const trace = this.#options.trace?.child("owner search") ?? null;
    // Whoever takes the stream over may do so before it is taken here: then it is lost as soon as it is.
    let lost: string | null = null;
    let isTaken = false;
    const outcome = directory.claim(stream, {
      mode: () => stream.vhost.now.publish.onConflict === "takeover" ? "takeover" : "first",
      sinceMs: this.#cameMs,
      // Of whoever publishes it then.
      silentMs: () => publishers.active(this.#key)?.silentMs() ?? 0,
      onLost: (reason) => {
        if (isTaken) publishers.lose(this.#key, reason);
        else lost = reason;
      },
      onRaised: (epoch) => publishers.raise(this.#key, epoch),
      trace,
    });
    outcome.then((found) => {
      trace?.set({ "srs.owners": "takenBy" in found ? 1 : 0 });
      trace?.end();
    });
    return outcome.then((found) => {
      if ("takenBy" in found) return found;
      const announce = () => {
        isTaken = true;
        if (lost === null) found.claim.announce();
        else publishers.lose(this.#key, lost);
      };
      return { claim: announcedBy(found.claim, announce) };
    });
  }

  #onOutcome(outcome: ClaimOutcome): void {
    const { onConflict } = this.#options.stream.vhost.now.publish;
    if ("claim" in outcome) return this.#onClaim(outcome.claim);
    const { takenBy: owner } = outcome;
    if (onConflict === "standby") return this.#standBy(owner);
    this.#sink.onBusy(`stream ${this.#key} is already published at origin ${owner.ip}:${owner.port}`);
  }

  /** The stream is this server's; another client may have taken it here meanwhile. */
  #onClaim(claim: Claim): void {
    if (this.#takeHere(claim)) {
      // The client is answered, and what it sent meanwhile is heard.
      this.#sink.onWon();
      return claim.announce();
    }
    claim[Symbol.dispose]();
    this.#options.server.publishers.announce(this.#key);
  }

  /** @returns Whether the stream is this publisher's; else it has heard what it is. */
  #takeHere(claim: Claim): boolean {
    const { server: { publishers }, stream: { vhost } } = this.#options;
    try {
      if (publishers.judge(this.#key, this, vhost.now.publish.onConflict) === "standby") {
        this.#standBy(null);
        return false;
      }
      publishers.take(this.#key, this, claim);
      this.#take(claim);
      return true;
    } catch (error) {
      if (!(error instanceof RequestDenied)) throw error;
      this.#sink.onBusy(error.message);
      return false;
    }
  }

  /** @param owner Origin with the publisher that this one stands by for; null when that is on this server. */
  #standBy(owner: Owner | null): void {
    const { host, server } = this.#options;
    const where = owner === null ? "" : ` at ${owner.ip}:${owner.port}`;
    host.log.info(`publish ${this.#key}: on standby for the publisher${where}`);
    if (owner === null) server.publishers.standBy(this.#key, this);
    else this.#checkLater();
    this.#sink.onStandBy();
  }

  #checkLater(): void {
    this.#timer = this.#options.server.timers.after(STANDBY_CHECK_MS, () => this.#checkOwner());
  }

  async #checkOwner(): Promise<void> {
    const { server, host, stream } = this.#options;
    const owners = await server.directory.find(stream);
    if (this.#hasEnded || this.#hasStream) return;
    // One that is about to stop goes on until it does: that is better than a stream that waits for its keyframe.
    const isTaken = owners.some(({ silentMs, isDraining }) =>
      silentMs < DEAD_AFTER_MS && !(isDraining && this.#sink.canBegin)
    );
    if (isTaken) return this.#checkLater();
    const outcome = await this.#claimInCluster();
    if (this.#hasEnded || this.#hasStream) return this.#drop(outcome);
    if (!("claim" in outcome)) return this.#checkLater();
    const { claim } = outcome;
    host.guard(() => {
      if (server.publishers.judge(this.#key, this, "standby") === "active") {
        server.publishers.take(this.#key, this, claim);
        this.onPromoted(claim);
        return claim.announce();
      }
      claim[Symbol.dispose]();
      server.publishers.standBy(this.#key, this);
      server.publishers.announce(this.#key);
    });
  }
}

/** A claim, announced in another way. */
function announcedBy(claim: Claim, announce: () => void): Claim {
  return {
    get epoch() {
      return claim.epoch;
    },
    announce,
    [Symbol.dispose]: () => claim[Symbol.dispose](),
  };
}
