import type { TimerHandle } from "../../base/clock.ts";
import { describeError, RequestDenied } from "../../base/errors.ts";
import { readTraceparent, type Span, TRACEPARENT } from "../../base/trace.ts";
import type { Owner } from "../../cluster/coworkers.ts";
import { DEAD_AFTER_MS } from "../../cluster/rivals.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { StreamForward } from "../../upstream/forward/stream_forward.ts";
import { MessageType, type RtmpMessage } from "../../rtmp/message.ts";
import type { SessionRequest } from "../../rtmp/server_session.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { PublishSession } from "../../stream/publish_session.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import { RateMeter } from "../../stream/stats.ts";
import type { Admitted } from "../access/admission.ts";
import type { ClientEntry } from "../client_registry.ts";
import { settle } from "./conflict.ts";
import { forwardToOrigin } from "./edge_publish.ts";
import { copyStream } from "./copies.ts";
import { ownerQuery } from "../../cluster/owner_query.ts";
import type { Claimant } from "./publishers.ts";
import { readPauseMs } from "./read_pause.ts";
import { canReconnect, requestMove, type Role, type RoleHost } from "../rtmp/role.ts";
import { sourceOptions } from "../source_options.ts";
import { StandbyFeed } from "./standby_feed.ts";

type PublishRequest = Extract<SessionRequest, { kind: "publish" }>;

const READ_BYTES = 64 * 1024;
/** How often a publisher that stands by for one at another origin looks whether that one has left. */
const STANDBY_CHECK_MS = 500;

/** Players are asked to leave a server that stops so long before their publisher: they then follow him without a search. */
const MOVES_AFTER_PLAYERS_MS = 1000;

/**
 * A client that publishes a stream into a source of this server, or stands by to do so. On an edge the source is sent on
 * to an origin.
 */
export class PublishRole implements Role, Claimant {
  readonly clientKey: string;
  sinceMs: number;
  readonly #host: RoleHost;
  readonly #admitted: Admitted;
  readonly #vhost: VhostHandle;
  readonly #url: StreamUrl;
  #source: LiveSource;
  readonly #entry: ClientEntry;
  readonly #requestId: number;
  /** From the request to its answer. */
  readonly #trace: Span | null;
  #session: PublishSession | null = null;
  #standby: StandbyFeed | null = null;
  #standbyTimer: TimerHandle | null = null;
  #forward: StreamForward | null = null;
  #copies: Disposable | null = null;
  #departure: Disposable | null = null;
  #ended = false;
  #messages = 0;
  #messagesAtTick = 0;
  #lastMediaMs: number;
  /** When somebody last played the stream, or when it began. */
  #watchedMs: number;

  /** {@link start} is next. */
  constructor(host: RoleHost, admitted: Admitted, request: PublishRequest) {
    const { vhost } = admitted;
    const { context, session } = host;
    const info = session.connectInfo;
    this.#host = host;
    const attributes = {
      "srs.stream": request.url.key,
      "srs.client_id": host.id,
      "client.address": host.remoteIp,
    };
    this.#trace = context.tracer?.start("publish", readTraceparent(info?.args[TRACEPARENT]), {
      kind: "server",
      attributes,
    }) ?? null;
    this.#admitted = admitted;
    this.#vhost = vhost;
    this.#url = request.url;
    this.#requestId = request.id;
    this.#lastMediaMs = this.#watchedMs = context.timers.nowMs();
    this.sinceMs = Math.round(this.#lastMediaMs);
    this.#source = context.sources.findOrCreate(request.url.key, () => sourceOptions(vhost.now));
    this.clientKey = `${host.remoteIp} ${info?.tcUrl ?? ""} ${info?.flashVer ?? ""} ${request.url.query}`;
    this.#entry = {
      id: host.id,
      type: request.type,
      url: request.url,
      tcUrl: info?.tcUrl ?? "",
      pageUrl: info?.pageUrl ?? "",
      swfUrl: info?.swfUrl ?? "",
      ip: host.remoteIp,
      sinceMs: this.sinceMs,
      recv: new RateMeter(),
      send: new RateMeter(),
      bytesIn: () => host.bytesIn,
      bytesOut: () => host.bytesOut,
      dropped: () => 0,
      kick: () => host.close("kicked", "by the HTTP API"),
    };
  }

  /** Takes the stream, or is refused; in a cluster, once the coworkers were asked whether one of them has it. */
  start(): void {
    if (this.#hasCoworkers) this.#askCoworkers();
    else this.#claim();
  }

  get #hasCoworkers(): boolean {
    const { mode, originCluster, coworkers } = this.#vhost.now.cluster;
    return mode === "local" && originCluster && coworkers.length > 0;
  }

  get traceparent(): string | null {
    return this.#trace?.traceparent ?? null;
  }

  silentMs(): number {
    return this.#messages !== this.#messagesAtTick ? 0 : this.#host.context.timers.nowMs() - this.#lastMediaMs;
  }

  onLost(reason: string): void {
    // It is the winner that calls: what goes wrong here is not its fault.
    this.#host.guard(() => this.#host.session.sendStatus("publishBadName", reason));
    this.#host.finish("publishReplaced", `${this.#url.key}: ${reason}`);
  }

  onPromoted(): void {
    const { log } = this.#host;
    this.#standbyTimer?.cancel();
    log.info(`publish ${this.#url.key}: no longer stands by`);
    this.#takeStream();
    this.#standby?.handOver((packet) => this.#session?.publish(packet));
    this.#standby = null;
  }

  onMedia(message: RtmpMessage): void {
    this.#messages++;
    const feed = this.#session ?? this.#standby;
    feed?.publish(toPacket(message));
  }

  onBurstEnd(): void {
    this.#session?.endBurst();
  }

  readPauseMs(bytes: number): number {
    const { publishers, timers } = this.#host.context;
    // What is handed on to an origin is handed on at once.
    if (this.#session === null || this.#forward !== null) return 0;
    const forMs = timers.nowMs() - this.sinceMs;
    const { toFlushMs } = this.#source;
    return readPauseMs(this.#vhost.now, { forMs, bytes, toFlushMs, publishers: publishers.count });
  }

  tick(nowMs: number): void {
    const { firstpktTimeoutMs, normalTimeoutMs, kickoffForIdleMs } = this.#vhost.now.publish;
    if (this.#source.playerCount > 0) this.#watchedMs = nowMs;
    else if (kickoffForIdleMs > 0 && nowMs - this.#watchedMs > kickoffForIdleMs) {
      return this.#host.close("refused", `nobody has played ${this.#url.key} for ${kickoffForIdleMs} ms`);
    }
    const limitMs = this.#messages === 0 ? firstpktTimeoutMs : normalTimeoutMs;
    if (this.#messages !== this.#messagesAtTick) {
      this.#messagesAtTick = this.#messages;
      this.#lastMediaMs = nowMs;
    } else if (nowMs - this.#lastMediaMs > limitMs) {
      this.#host.close("timeout", `publisher of ${this.#url.key} was silent for ${limitMs} ms`);
    }
  }

  drain(): void {
    const { context: { drain, timers, config } } = this.#host;
    if (!canReconnect(this.#host)) return;
    if (!drain.hasCoworkers(this.#vhost.now)) return requestMove(this.#host);
    const waitMs = Math.min(MOVES_AFTER_PLAYERS_MS, config.graceFinalWaitMs / 3);
    const timer = timers.after(waitMs, () => {
      this.#departure = drain.search(this.#vhost, this.#url, ({ tcUrl }) => {
        this.#host.guard(() => requestMove(this.#host, tcUrl));
      });
    });
    this.#departure = { [Symbol.dispose]: () => timer.cancel() };
  }

  end(): void {
    const { context, log } = this.#host;
    this.#ended = true;
    this.#trace?.end();
    this.#standbyTimer?.cancel();
    this.#forward?.[Symbol.dispose]();
    this.#copies?.[Symbol.dispose]();
    this.#departure?.[Symbol.dispose]();
    this.#session?.[Symbol.dispose]();
    context.publishers.release(this.#url.key, this);
    context.registry.remove(this.#entry);
    if (this.#session !== null) log.info(`unpublish ${this.#url.key}`);
  }

  onPause(): void {}
  onRedirectAnswered(): void {}
  nextMedia(): null {
    return null;
  }
  followed(): null {
    return null;
  }

  async #askCoworkers(): Promise<void> {
    const { context } = this.#host;
    const search = this.#trace?.child("owner search") ?? null;
    const owner = await context.coworkers.findOwner(ownerQuery(this.#vhost.now, this.#url, search), { fresh: true });
    search?.set({ "srs.owners": owner === null ? 0 : 1 });
    search?.end();
    if (this.#ended) return;
    this.#host.guard(() => this.#onOwner(owner));
    this.#host.onAnswered();
  }

  #onOwner(owner: Owner | null): void {
    if (owner === null) return this.#claimFrom(null);
    const { onConflict } = this.#vhost.now.publish;
    const isDead = owner.silentMs >= DEAD_AFTER_MS || owner.isDraining;
    if (!isDead && onConflict === "reject") {
      const where = `${owner.ip}:${owner.port}`;
      return this.#refuseBusy(`stream ${this.#url.key} is published at origin ${where}`);
    }
    if (!isDead && onConflict === "standby") return this.#standBy(owner);
    // The other one was there first, whatever the clocks of the two origins say.
    this.sinceMs = Math.max(this.sinceMs, (owner.sinceMs ?? 0) + 1);
    this.#claimFrom(owner);
  }

  /** Takes the stream where coworkers may have it too. @param owner One that is known to, and whose publisher must go. */
  #claimFrom(owner: Owner | null): void {
    this.#claim();
    if (this.#session !== null) this.#settle(owner);
  }

  #settle(owner: Owner | null): void {
    settle(this.#host.context, { vhost: this.#vhost, url: this.#url }, this, owner);
  }

  /** Takes the stream on this server. */
  #claim(): void {
    try {
      const outcome = this.#host.context.publishers.claim(this.#url.key, this, this.#vhost.now.publish.onConflict);
      if (outcome === "standby") return this.#standBy(null);
      this.#takeStream();
    } catch (error) {
      if (error instanceof RequestDenied) return this.#refuseBusy(error.message);
      throw error;
    }
    if (this.#vhost.now.cluster.mode !== "remote") return this.#accept();
    const stream = { url: this.#url, vhost: this.#vhost, source: this.#source, trace: this.#trace };
    this.#forward = forwardToOrigin(this.#host, stream, {
      onTaken: () => {
        this.#host.guard(() => this.#accept());
        this.#host.onAnswered();
      },
      onRefused: (reason) => this.#host.guard(() => this.#refuse(new RequestDenied("StreamBusy", reason))),
    });
  }

  /** @param owner Origin with the publisher that this one stands by for; null when that is on this server. */
  #standBy(owner: Owner | null): void {
    const { context, log } = this.#host;
    const where = owner === null ? "" : ` at ${owner.ip}:${owner.port}`;
    log.info(`publish ${this.#url.key}: stands by for the publisher${where}`);
    this.#standby = new StandbyFeed(this.#url.key, sourceOptions(this.#vhost.now), context.timers);
    if (owner !== null) this.#standbyTimer = context.timers.after(STANDBY_CHECK_MS, () => this.#checkOwner());
    this.#accept();
  }

  async #checkOwner(): Promise<void> {
    const { context } = this.#host;
    const owner = await context.coworkers.findOwner(ownerQuery(this.#vhost.now, this.#url));
    if (this.#ended || this.#session !== null) return;
    if (owner !== null) {
      this.#standbyTimer = context.timers.after(STANDBY_CHECK_MS, () => this.#checkOwner());
      return;
    }
    this.#host.guard(() => {
      if (context.publishers.claim(this.#url.key, this, "standby") !== "active") return;
      this.onPromoted();
      this.#settle(null);
    });
  }

  #accept(): void {
    const { context, session, log, remoteIp } = this.#host;
    context.registry.add(this.#entry);
    log.info(`publish ${this.#url.key} (${this.#entry.type}) from ${remoteIp}`);
    this.#host.expectInput(READ_BYTES);
    session.accept(this.#requestId);
    this.#trace?.end();
  }

  #takeStream(): void {
    // While the coworkers were asked, the source found first may have been forgotten: nobody used it.
    this.#source = this.#host.context.sources.findOrCreate(this.#url.key, () => sourceOptions(this.#vhost.now));
    this.#session = this.#source.startPublish("client");
    const stream = { url: this.#url, vhost: this.#vhost, source: this.#source, trace: this.#trace };
    this.#copies = copyStream(this.#host, stream, this.#admitted.forwardTo);
  }

  /** The stream is somebody else's, and goes on: hooks must not take this for its end. */
  #refuseBusy(reason: string): void {
    this.#admitted.drop();
    this.#refuse(new RequestDenied("StreamBusy", reason));
  }

  #refuse(denied: RequestDenied): void {
    const { context, session } = this.#host;
    context.registry.totalErrors++;
    session.reject(this.#requestId, "publishBadName", denied.message);
    this.#trace?.end(denied.message);
    this.#host.finish("refused", describeError(denied));
  }
}

function toPacket({ typeId, timestampMs, payload }: RtmpMessage): MediaPacket {
  if (typeId === MessageType.Audio) return { kind: "audio", timestampMs, payload };
  if (typeId === MessageType.Video) return { kind: "video", timestampMs, payload };
  // AMF3 data has one format byte in front of AMF0 values.
  const data = typeId === MessageType.DataAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
  return { kind: "script", timestampMs, payload: data };
}
