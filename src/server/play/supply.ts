import { afterLimit, type TimerHandle } from "../../base/clock.ts";
import type { Span } from "../../base/trace.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { PullLease } from "../../upstream/pull/pull_registry.ts";
import type { PullRequest } from "../../upstream/pull/pull_request.ts";
import { originTargets, ownerTarget, type PullProtocol, type PullTarget } from "../../upstream/target.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { ServerContext } from "../context.ts";
import { addressKey } from "../access/address_counter.ts";
import { addressForOrigin } from "../access/origin_signature.ts";
import { OwnerSearch, type OwnerSearchServer } from "./owner_search.ts";
import type { Owner, StreamDirectory } from "../../cluster/directory.ts";

/** What a supply takes of a server. */
export interface SupplyServer extends OwnerSearchServer, Pick<ServerContext, "waitingPlays"> {
  readonly world: Pick<ServerContext["world"], "wallMs">;
  readonly directory: OwnerSearchServer["directory"] & Pick<StreamDirectory, "find" | "covers" | "recheck">;
  readonly drain: Pick<ServerContext["drain"], "isOn" | "search">;
  readonly pulls: Pick<ServerContext["pulls"], "acquire" | "pool">;
}

/** Where a stream is looked for. */
type TargetSearch = Pick<PullRequest, "findTargets" | "watchTargets" | "otherTargets">;

/** A player that waits for its stream. */
export interface SupplyRequest {
  url: StreamUrl;
  vhost: VhostHandle;
  source: LiveSource;
  /** Null for a client that cannot be sent elsewhere, whatever `redirect` says. */
  redirect: Redirect | null;
  pageUrl: string;
  swfUrl: string;
  /** How the player plays it. */
  protocol: "rtmp" | "flv";
  remoteIp: string;
  /** Servers that the play came through. */
  via: readonly string[];
  /** Nobody else plays the source. */
  isApart?: boolean;
  /** The highest epoch of the stream that the client has seen, as it says; null if it is no server of this kind. */
  seenEpoch?: number | null;
  /** An origin relays the stream to others: it is not sent away, as they were sent to it. */
  isRelay?: boolean;
  /** The play, if it is traced. */
  trace?: Span | null;
}

/** How a player is sent to the owner of its stream. */
export interface Redirect {
  /** It is known to follow: an edge. Of others nobody knows, so that `redirect auto` serves them here. */
  isFollowed: boolean;
  /** It was sent from here to a coworker a moment ago, who sent it back. */
  hasReturned?: boolean;
  /** It is to go to this address. */
  onRedirect(address: string): void;
}

/** What becomes of a player whose stream is not published here. */
export interface SupplySink {
  /** There may be media for it now. */
  wake(): void;
  /** Nobody has the stream, for as long as players are held. */
  onNotFound(reason: string): void;
}

/**
 * Sees to it that a player gets its stream: it may be published here; an edge pulls it from an origin; an origin of a
 * cluster sends the player to the owner (302), or pulls the stream from there for those that do not follow.
 */
export class PlaySupply implements Disposable {
  readonly #server: SupplyServer;
  readonly #request: SupplyRequest;
  readonly #sink: SupplySink;
  #search: OwnerSearch | null = null;
  #lease: PullLease | null = null;
  /** Of one search, however often the coworkers are asked. */
  #searchTrace: Span | null = null;
  #notFoundTimer: TimerHandle | null = null;
  #isHasty = false;
  #departure: Disposable | null = null;
  /** Its place among those that wait, until the stream is there. */
  #place: Disposable | null = null;

  constructor(server: SupplyServer, request: SupplyRequest, sink: SupplySink) {
    this.#server = server;
    this.#request = request;
    this.#sink = sink;
    if (!this.#mayWait()) return;
    if (this.#isEdge) this.#pull(this.#isCovered ? this.#ownersOrOrigins : this.#originsAlone);
    else if (!this.#isCovered) return;
    else if (request.source.fedBy === "client") {
      if ((request.seenEpoch ?? 0) > request.source.epoch) server.directory.recheck(request, request.seenEpoch ?? 0);
      const { redirect, isRelay = false } = request;
      const mayGo = redirect !== null && redirect.isFollowed && redirect.hasReturned !== true && !isRelay;
      if (server.drain.isOn && mayGo) this.#sendAway(redirect);
    } else if (this.#redirect !== null) this.#searchOwner(this.#redirect);
    else this.#pullFromOwners();
  }

  /** Whether there is a place to wait for the stream, if it is not here; the player is told when there is none. */
  #mayWait(): boolean {
    const { source, remoteIp } = this.#request;
    if (source.isActive || !(this.#isEdge || this.#isCovered)) return true;
    this.#place = this.#server.waitingPlays.enter(remoteIp);
    if (this.#place !== null) return true;
    const reason = `${source.key} is not published here, and too many players from ${remoteIp} are waiting for streams`;
    this.#notFoundTimer = this.#server.timers.after(0, () => this.#sink.onNotFound(reason));
    return false;
  }

  get #isEdge(): boolean {
    return this.#request.vhost.now.cluster.mode === "remote";
  }

  /** The directory may know who has the stream. */
  get #isCovered(): boolean {
    return this.#server.directory.covers(this.#request.vhost);
  }

  /** The stream is pulled for this player, and for others that play it here. */
  get isPulled(): boolean {
    return this.#lease !== null;
  }

  /** The player is about to be redirected: it gets no media of a relay that runs here for others. */
  get isSearching(): boolean {
    return this.#search !== null || this.#departure !== null;
  }

  /** What comes is wanted at once: parts of low-latency HLS are made of it, here or further on. */
  hasten(): void {
    this.#isHasty = true;
    this.#lease?.hasten();
  }

  /** Somebody publishes the stream here, or it is pulled: nothing more is to be waited for. */
  onPublish(): void {
    this.#place?.[Symbol.dispose]();
    this.#notFoundTimer?.cancel();
    if (this.#request.source.fedBy === "client") this.#stopSearch();
  }

  /** The publisher has left: it may come back here, or turn up at another origin. */
  onUnpublish(): void {
    const isHere = !this.#isEdge && this.#isCovered && this.#lease === null;
    this.#lease?.hurry();
    if (isHere && this.#redirect === null) this.#acquire(this.#ownersAsTargets);
  }

  [Symbol.dispose](): void {
    this.#place?.[Symbol.dispose]();
    this.#stopSearch();
    this.#searchTrace?.end();
    this.#notFoundTimer?.cancel();
    this.#departure?.[Symbol.dispose]();
    this.#lease?.[Symbol.dispose]();
  }

  #stopSearch(): void {
    this.#search?.stop();
    this.#search = null;
  }

  /** How the player is sent to the owner; null if it gets the stream here. */
  get #redirect(): Redirect | null {
    const { vhost, redirect } = this.#request;
    const policy = vhost.now.cluster.redirect;
    return policy === "always" || (policy === "auto" && redirect?.isFollowed) ? redirect : null;
  }

  #searchOwner(redirect: Redirect): void {
    const { vhost, url, remoteIp, trace = null } = this.#request;
    this.#search = new OwnerSearch(this.#server, { vhost, url, from: addressKey(remoteIp) }, {
      onRedirect: (address) => redirect.onRedirect(address),
      onNotFound: (reason) => this.#sink.onNotFound(reason),
      onDrainingOwner: () => this.#takeOver(),
    }, trace);
  }

  /** The owner would send the player back: it is served here, for as long as it stays. */
  #takeOver(): void {
    this.#stopSearch();
    this.#pullFromOwners();
    this.#sink.wake();
  }

  /** This server is about to stop: a coworker takes the player. */
  #sendAway(redirect: Redirect): void {
    const { vhost, url } = this.#request;
    this.#departure = this.#server.drain.search(vhost, url, ({ stream }) => redirect.onRedirect(stream));
    this.#notFoundTimer = afterLimit(this.#server.timers, () => vhost.now.cluster.ownerTimeoutMs, () => {
      this.#sink.onNotFound("this server is about to stop, and no coworker takes its clients");
    });
  }

  #pullFromOwners(): void {
    this.#pull(this.#ownersAsTargets);
  }

  #pull(search: TargetSearch): void {
    const { source, vhost } = this.#request;
    this.#acquire(search);
    const isThere = () => source.isActive && this.#lease?.isSilent !== true;
    if (isThere()) return;
    this.#notFoundTimer = afterLimit(this.#server.timers, () => vhost.now.cluster.ownerTimeoutMs, (waitedMs) => {
      // A server that was silent may have gone on meanwhile.
      if (!isThere()) this.#sink.onNotFound(this.#notFound(waitedMs));
    });
  }

  #notFound(waitedMs: number): string {
    const { key } = this.#request.source;
    const unasked = this.#server.directory.unasked(this.#request);
    if (unasked !== "") return `${key} is not published here, and ${unasked}`;
    const why = this.#lease?.lastError ?? "";
    return `no server has ${key} (waited ${waitedMs} ms)${why === "" ? "" : `: ${why}`}`;
  }

  #acquire(search: TargetSearch): void {
    const protocol = () => this.#protocol;
    const request = {
      ...this.#request,
      get protocol() {
        return protocol();
      },
      askedUrl: () => addressForOrigin(this.#request.vhost.now, this.#request.url, "play", this.#server.world.wallMs()),
      ...search,
    };
    this.#lease = this.#server.pulls.acquire(this.#request.source, request);
    if (this.#isHasty) this.#lease.hasten();
  }

  /** Coworkers of an origin tell each other RTMP addresses. */
  get #protocol(): PullProtocol {
    const { mode, followClient, protocol } = this.#request.vhost.now.cluster;
    return mode !== "remote" ? "rtmp" : followClient ? this.#request.protocol : protocol;
  }

  #originsInOrder(): readonly PullTarget[] {
    const origins = originTargets(this.#request.vhost.now.cluster, this.#protocol);
    return this.#server.pulls.pool.order(origins, this.#request.source.key);
  }

  #targetsOf(owners: readonly Owner[]): PullTarget[] {
    return owners.map((owner) => ownerTarget(owner, this.#protocol)).filter((target) => target !== null);
  }

  /** The configured origins of an edge. */
  get #originsAlone(): TargetSearch {
    return { findTargets: () => Promise.resolve(this.#originsInOrder()) };
  }

  /** All who say that they have it: one of them may be wrong. */
  get #ownersAsTargets(): TargetSearch {
    return {
      findTargets: async (trace, isWanted) => {
        this.#searchTrace ??= trace?.child("owner search") ?? null;
        const owners = await this.#server.directory.find(this.#request, { isWanted, trace: this.#searchTrace });
        if (owners.length > 0) {
          this.#searchTrace?.end();
          this.#searchTrace = null;
        }
        return this.#targetsOf(owners);
      },
      watchTargets: (onTargets, trace) => {
        const span = trace?.child("owner search") ?? null;
        const watch = this.#server.directory.watch(this.#request, (owners) => {
          span?.end();
          onTargets(this.#targetsOf(owners));
        }, { trace: span, from: addressKey(this.#request.remoteIp) });
        return {
          [Symbol.dispose]() {
            span?.end();
            watch[Symbol.dispose]();
          },
        };
      },
    };
  }

  /** An edge goes straight to the owner that the directory knows; where it knows none, to its origins. */
  get #ownersOrOrigins(): TargetSearch {
    return { ...this.#ownersAsTargets, otherTargets: () => this.#originsInOrder() };
  }
}
