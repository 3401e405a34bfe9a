import type { TimerHandle } from "../base/clock.ts";
import type { VhostConfig } from "../config/mod.ts";
import type { PullLease } from "../edge/edge_pulls.ts";
import type { SessionRequest } from "../rtmp/server_session.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import type { LiveSource, Player } from "../stream/live_source.ts";
import type { PlayCursor } from "../stream/play_cursor.ts";
import { RateMeter } from "../stream/stats.ts";
import type { ClientEntry } from "./client_registry.ts";
import { OwnerSearch } from "./owner_search.ts";
import type { Role, RoleHost } from "./role.ts";
import { sourceOptions } from "./source_options.ts";

type PlayRequest = Extract<SessionRequest, { kind: "play" }>;

/** How long a redirected client may take to confirm before the connection is closed. SRS: 3 s. */
const REDIRECT_WAIT_MS = 3000;

/**
 * A client that plays a stream: from this server's own source, or on an edge from one that is pulled for it. On an
 * origin of a cluster that lacks the stream the client is held while its owner is searched, then redirected or refused.
 */
export class PlayRole implements Role, Player {
  readonly #host: RoleHost;
  readonly #url: StreamUrl;
  readonly #source: LiveSource;
  readonly #cursor: PlayCursor;
  readonly #entry: ClientEntry;
  readonly #durationMs: number;
  readonly #isEdge: boolean;
  readonly #lease: PullLease | null;
  #search: OwnerSearch | null = null;
  #redirectTimer: TimerHandle | null = null;
  #paused = false;
  #firstTimestampMs: number | null = null;

  constructor(host: RoleHost, vhost: VhostConfig, request: PlayRequest) {
    const { context, session } = host;
    this.#host = host;
    this.#url = request.url;
    this.#durationMs = request.durationMs;
    this.#isEdge = session.connectInfo?.args.srs_server !== undefined;
    this.#source = context.sources.findOrCreate(request.url.key, () => sourceOptions(vhost));
    session.setChunkSize(this.#source.options.chunkSizeBytes);
    session.accept(request.id);
    this.#cursor = this.#source.attach(this);
    this.#entry = this.#register();
    host.log.info(`play ${request.url.key} from ${host.remoteIp}`);
    const isRemote = vhost.cluster.mode === "remote";
    this.#lease = isRemote ? context.pulls.acquire(this.#source, this.#pullRequest(vhost)) : null;
    if (!isRemote && vhost.cluster.originCluster && !this.#source.isActive) this.#searchOwner(vhost);
  }

  wake(): void {
    this.#host.wake();
  }

  onPublishChange(active: boolean): void {
    if (active) {
      this.#search?.stop();
      this.#search = null;
    } else if (this.#isEdge && this.#lease === null) {
      // An SRS edge waits 5 s in silence before it looks elsewhere; the end of the connection tells it at once.
      this.#host.session.sendStatus("playUnpublishNotify");
      this.#host.finish("sourceEnded", `publisher of ${this.#url.key} left`);
    }
  }

  nextMedia(): Uint8Array | null {
    if (this.#paused || this.#redirectTimer !== null) return null;
    if (this.#durationMs > 0 && this.#isOver()) {
      this.#host.finish("sourceEnded", `played the ${this.#durationMs} ms asked for`);
      return null;
    }
    return this.#cursor.next();
  }

  onPause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#cursor.skipToNewerKeyframe();
    this.#host.wake();
  }

  onRedirectAnswered(): void {
    this.#host.log.info(`redirect of ${this.#url.key} confirmed by the client`);
    this.#host.finish("redirected", "");
  }

  tick(): void {
    const lagMs = this.#cursor.lagMs();
    if (lagMs <= this.#source.options.queueLengthMs) return;
    const dropped = this.#cursor.jumpToKeyframe();
    if (!this.#paused) {
      this.#host.log.warn(`player is ${lagMs} ms behind, ${dropped} packets dropped up to the newest keyframe`);
    }
  }

  end(): void {
    this.#search?.stop();
    this.#redirectTimer?.cancel();
    this.#source.detach(this);
    this.#lease?.[Symbol.dispose]();
    this.#host.context.registry.remove(this.#entry);
  }

  onMedia(): void {}
  onBurstEnd(): void {}

  #register(): ClientEntry {
    const { id, context, session, remoteIp } = this.#host;
    const host = this.#host;
    const entry: ClientEntry = {
      id,
      type: "rtmp-play",
      url: this.#url,
      tcUrl: session.connectInfo?.tcUrl ?? "",
      pageUrl: session.connectInfo?.pageUrl ?? "",
      swfUrl: session.connectInfo?.swfUrl ?? "",
      ip: remoteIp,
      sinceMs: context.timers.nowMs(),
      recv: new RateMeter(),
      send: new RateMeter(),
      bytesIn: () => host.bytesIn,
      bytesOut: () => host.bytesOut,
      dropped: () => this.#cursor.droppedPackets,
      kick: () => host.close("kicked", "by the HTTP API"),
    };
    context.registry.add(entry);
    return entry;
  }

  #pullRequest(vhost: VhostConfig) {
    const info = this.#host.session.connectInfo;
    return { url: this.#url, vhost, pageUrl: info?.pageUrl ?? "", swfUrl: info?.swfUrl ?? "" };
  }

  #isOver(): boolean {
    const { timestampMs } = this.#cursor;
    this.#firstTimestampMs ??= timestampMs;
    return timestampMs !== null && this.#firstTimestampMs !== null &&
      ((timestampMs - this.#firstTimestampMs) | 0) >= this.#durationMs;
  }

  #searchOwner(vhost: VhostConfig): void {
    const { context, log, session } = this.#host;
    this.#search = new OwnerSearch(context, vhost, this.#url, {
      onFound: (address) => {
        this.#search = null;
        log.info(`redirect ${this.#url.key} to ${address}`);
        this.#redirectTimer = context.timers.after(
          REDIRECT_WAIT_MS,
          () => this.#host.finish("redirected", "unconfirmed"),
        );
        session.redirect(address);
        this.#host.wake();
      },
      onNotFound: (waitedMs) => {
        this.#search = null;
        const reason = `nobody publishes ${this.#url.key}, waited ${waitedMs} ms`;
        session.sendStatus("playStreamNotFound", reason);
        this.#host.finish("refused", reason);
      },
    });
  }
}
