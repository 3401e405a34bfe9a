import { describeError, RequestDenied } from "../../base/errors.ts";
import { readTraceparent, type Span, TRACEPARENT } from "../../base/trace.ts";
import type { StreamForward } from "../../upstream/forward/stream_forward.ts";
import { MessageType, type RtmpMessage } from "../../rtmp/message.ts";
import type { SessionRequest } from "../../rtmp/server_session.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { PublishSession } from "../../stream/publish_session.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { Admitted } from "../access/admission.ts";
import { type ClientEntry, clientEntry } from "../client_registry.ts";
import type { ServerContext } from "../context.ts";
import { forwardToOrigin } from "./edge_publish.ts";
import { copyStream } from "./copies.ts";
import { readPlan } from "./read_plan.ts";
import { peerOfConnect } from "../play/peer_server.ts";
import { canReconnect, type Publishing, requestMove, type RoleHost, type RoleSession } from "../rtmp/role.ts";
import { readAsItComes, type ReadPlan } from "../rtmp/read_pace.ts";
import { sourceOptions } from "../source_options.ts";
import { StandbyFeed } from "./standby_feed.ts";
import { type ClaimServer, StreamClaim, type StreamClaimSink } from "./stream_claim.ts";

type PublishRequest = Extract<SessionRequest, { kind: "publish" }>;

/** What a publisher takes of a server. */
export interface PublishServer
  extends
    Omit<ClaimServer, "world">,
    Pick<ServerContext, "config" | "tracer" | "sources" | "registry" | "publishers" | "pulls" | "world" | "forwards"> {
  readonly drain: Pick<ServerContext["drain"], "isOn" | "search" | "hasCoworkers">;
}

/** What a publisher needs. */
export interface PublishRoleOptions {
  readonly host: RoleHost;
  readonly session: RoleSession;
  readonly server: PublishServer;
  readonly admitted: Admitted;
}

const READ_BYTES = 64 * 1024;
/** Players are asked to leave a server that stops so long before their publisher: they then follow him without a search. */
const MOVES_AFTER_PLAYERS_MS = 1000;

/**
 * A client that publishes a stream into a source of this server, or stands by to do so. On an edge the source is sent on
 * to an origin.
 */
export class PublishRole implements Publishing, StreamClaimSink {
  readonly kind = "publish";
  readonly #options: PublishRoleOptions;
  readonly #request: PublishRequest;
  readonly #claim: StreamClaim;
  readonly #entry: ClientEntry;
  /** From the request to its answer. */
  readonly #trace: Span | null;
  #source: LiveSource;
  #session: PublishSession | null = null;
  #standby: StandbyFeed | null = null;
  #forward: StreamForward | null = null;
  #copies: Disposable | null = null;
  #departure: Disposable | null = null;
  #messages = 0;
  #messagesAtTick = 0;
  #lastMediaMs: number;
  /** When somebody last played the stream, or when it began. */
  #watchedMs: number;

  /** {@link start} is next. */
  constructor(options: PublishRoleOptions, request: PublishRequest) {
    const { host, session: { connectInfo }, server, admitted: { vhost } } = options;
    const { url } = request;
    this.#options = options;
    this.#request = request;
    this.#trace = server.tracer?.start("publish", readTraceparent(connectInfo?.args[TRACEPARENT]), {
      kind: "server",
      attributes: { "srs.stream": url.key, "srs.client_id": host.id, "client.address": host.remoteIp },
    }) ?? null;
    this.#lastMediaMs = this.#watchedMs = server.timers.nowMs();
    this.#source = server.sources.findOrCreate(url.key, () => sourceOptions(vhost.now));
    const clientKey = `${host.remoteIp} ${connectInfo?.tcUrl ?? ""} ${connectInfo?.flashVer ?? ""} ${url.query}`;
    this.#claim = new StreamClaim({ server, host, stream: { vhost, url }, clientKey, trace: this.#trace }, this);
    const { tcUrl = "", pageUrl = "", swfUrl = "", args = {} } = connectInfo ?? {};
    const { sinceMs } = this.#claim;
    const asked = { type: request.type, url, tcUrl, pageUrl, swfUrl, server: peerOfConnect(args), sinceMs };
    this.#entry = clientEntry(host, asked);
  }

  /** Takes the stream, stands by for it, or is refused: now, or once the coworkers have answered. */
  start(): void {
    this.#claim.start();
  }

  silentMs(): number {
    const { host } = this.#options;
    return host.isGathering || this.#messages !== this.#messagesAtTick
      ? 0
      : this.#options.server.timers.nowMs() - this.#lastMediaMs;
  }

  onMedia(message: RtmpMessage): void {
    this.#messages++;
    const feed = this.#session ?? this.#standby;
    feed?.publish(toPacket(message));
  }

  onBurstEnd(): void {
    this.#session?.endBurst();
  }

  readPlan(bytes: number): ReadPlan {
    const { server: { publishers, timers }, admitted: { vhost } } = this.#options;
    // What is handed on to an origin is handed on at once.
    if (this.#session === null || this.#forward !== null) return readAsItComes;
    const forMs = timers.nowMs() - this.#claim.sinceMs;
    const isWatched = this.#source.playerCount > 0 || vhost.now.hls.enabled || vhost.now.dvr.enabled;
    const { nextFlush: { toFlushMs, awaitsMsgs }, early: { isWanted: isHasty }, awaitsKeyframe } = this.#source;
    const source = { toFlushMs, awaitsMsgs, isHasty, awaitsKeyframe, isWatched };
    return readPlan(vhost.now, { forMs, bytes, ...source, publishers: publishers.count });
  }

  tick(nowMs: number): void {
    const { host, admitted: { vhost } } = this.#options;
    const { firstpktTimeoutMs, normalTimeoutMs, kickoffForIdleMs } = vhost.now.publish;
    if (this.#source.playerCount > 0) this.#watchedMs = nowMs;
    else if (kickoffForIdleMs > 0 && nowMs - this.#watchedMs > kickoffForIdleMs) {
      return host.close(
        "refused",
        `${this.#request.url.key} had no players for ${kickoffForIdleMs} ms (kickoff_for_idle)`,
      );
    }
    const limitMs = this.#messages === 0 ? firstpktTimeoutMs : normalTimeoutMs;
    if (this.#messages !== this.#messagesAtTick) {
      this.#messagesAtTick = this.#messages;
      this.#lastMediaMs = nowMs;
    } else if (nowMs - this.#lastMediaMs > limitMs) {
      host.close("timeout", `publisher of ${this.#request.url.key} sent nothing for ${limitMs} ms`);
    }
  }

  drain(): void {
    const { host, session, server: { drain, timers, config }, admitted: { vhost } } = this.#options;
    if (!canReconnect(session)) return;
    if (!drain.hasCoworkers(vhost.now)) return requestMove(host, session);
    const waitMs = Math.min(MOVES_AFTER_PLAYERS_MS, config.graceFinalWaitMs / 3);
    const timer = timers.after(waitMs, () => {
      this.#departure = drain.search(vhost, this.#request.url, ({ tcUrl }) => {
        host.guard(() => requestMove(host, session, tcUrl));
      });
    });
    this.#departure = { [Symbol.dispose]: () => timer.cancel() };
  }

  end(): void {
    const { host, server } = this.#options;
    this.#trace?.end();
    this.#forward?.[Symbol.dispose]();
    this.#copies?.[Symbol.dispose]();
    this.#departure?.[Symbol.dispose]();
    if (this.#session !== null) this.#source.onWatched = null;
    this.#session?.[Symbol.dispose]();
    this.#claim.end();
    server.registry.remove(this.#entry);
    if (this.#session !== null) host.log.info(`unpublish ${this.#request.url.key}`);
  }

  take(epoch: number): void {
    const { host, server, admitted: { vhost, forwardTo } } = this.#options;
    const { url } = this.#request;
    // While the coworkers were asked, the source found first may have been forgotten: nobody used it.
    this.#source = server.sources.findOrCreate(url.key, () => sourceOptions(vhost.now));
    this.#session = this.#source.startPublish("client", () => {}, epoch);
    this.#source.onWatched = () => host.readNow();
    const stream = { url, vhost, source: this.#source, trace: this.#trace };
    this.#copies = copyStream({ host, server }, stream, forwardTo);
  }

  onWon(): void {
    const { host, session, server, admitted: { vhost } } = this.#options;
    if (vhost.now.cluster.mode !== "remote") return this.#accept();
    const stream = { url: this.#request.url, vhost, source: this.#source, trace: this.#trace };
    this.#forward = forwardToOrigin({ host, session, server }, stream, {
      onTaken: () => {
        host.guard(() => this.#accept());
        host.onAnswered();
      },
      onRefused: (reason) => host.guard(() => this.#refuse(reason)),
    });
  }

  onStandBy(): void {
    const { server, admitted: { vhost } } = this.#options;
    this.#standby = new StandbyFeed(this.#request.url.key, sourceOptions(vhost.now), server.timers);
    this.#accept();
  }

  get canBegin(): boolean {
    return this.#standby?.canBegin ?? false;
  }

  onPromoted(): void {
    this.#standby?.handOver((packet) => this.#session?.publish(packet));
    this.#standby = null;
  }

  onBusy(reason: string): void {
    // The stream is somebody else's, and goes on: hooks must not take this for its end.
    this.#options.admitted.drop();
    this.#refuse(reason);
  }

  onRaised(epoch: number): void {
    this.#session?.setEpoch(epoch);
  }

  onLost(reason: string): void {
    const { host, session } = this.#options;
    // It is the winner that calls: what goes wrong here is not its fault.
    host.guard(() => session.sendStatus("publishBadName", reason));
    host.finish("publishReplaced", `${this.#request.url.key}: ${reason}`);
  }

  #accept(): void {
    const { host, session, server } = this.#options;
    server.registry.add(this.#entry);
    host.log.info(`publish ${this.#request.url.key} (${this.#entry.type}) from ${host.remoteIp}`);
    host.expectInput(READ_BYTES);
    session.accept(this.#request.id);
    this.#trace?.end();
  }

  #refuse(reason: string): void {
    const { host, session, server } = this.#options;
    const denied = new RequestDenied("StreamBusy", reason);
    server.registry.totalErrors++;
    session.reject(this.#request.id, "publishBadName", reason);
    this.#trace?.end(reason);
    host.finish("refused", describeError(denied));
  }
}

function toPacket({ typeId, timestampMs, payload }: RtmpMessage): MediaPacket {
  if (typeId === MessageType.Audio) return { kind: "audio", timestampMs, payload };
  if (typeId === MessageType.Video) return { kind: "video", timestampMs, payload };
  // AMF3 data has one format byte in front of AMF0 values.
  const data = typeId === MessageType.DataAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
  return { kind: "script", timestampMs, payload: data };
}
