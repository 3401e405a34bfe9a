import { RequestDenied } from "../base/errors.ts";
import type { VhostConfig } from "../config/mod.ts";
import { StreamForward } from "../edge/stream_forward.ts";
import { upstreamSession } from "../edge/upstream_request.ts";
import { MessageType, type RtmpMessage } from "../rtmp/message.ts";
import type { SessionRequest } from "../rtmp/server_session.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import type { LiveSource, PublishSession } from "../stream/live_source.ts";
import { RateMeter } from "../stream/stats.ts";
import type { ClientEntry } from "./client_registry.ts";
import type { Role, RoleHost } from "./role.ts";
import { sourceOptions } from "./source_options.ts";

type PublishRequest = Extract<SessionRequest, { kind: "publish" }>;

/** A client that publishes a stream into a source of this server. */
export class PublishRole implements Role {
  readonly #host: RoleHost;
  readonly #vhost: VhostConfig;
  readonly #url: StreamUrl;
  readonly #source: LiveSource;
  readonly #session: PublishSession;
  readonly #entry: ClientEntry;
  readonly #requestId: number;
  #forward: StreamForward | null = null;
  #messages = 0;
  #messagesAtTick = 0;
  #lastMediaMs: number;

  /**
   * Takes the stream; {@link start} is next.
   *
   * @throws {RequestDenied} `StreamBusy` if somebody else publishes it; the client was told.
   */
  constructor(host: RoleHost, vhost: VhostConfig, request: PublishRequest) {
    this.#host = host;
    this.#vhost = vhost;
    this.#url = request.url;
    this.#requestId = request.id;
    const { context, session } = host;
    this.#lastMediaMs = context.timers.nowMs();
    this.#source = context.sources.findOrCreate(request.url.key, () => sourceOptions(vhost));
    this.#session = this.#takeStream(request);
    this.#entry = {
      id: host.id,
      type: request.type,
      url: request.url,
      tcUrl: session.connectInfo?.tcUrl ?? "",
      pageUrl: session.connectInfo?.pageUrl ?? "",
      swfUrl: session.connectInfo?.swfUrl ?? "",
      ip: host.remoteIp,
      sinceMs: this.#lastMediaMs,
      recv: new RateMeter(),
      send: new RateMeter(),
      bytesIn: () => host.bytesIn,
      bytesOut: () => host.bytesOut,
      dropped: () => 0,
      kick: () => host.close("kicked", "by the HTTP API"),
    };
    context.registry.add(this.#entry);
    host.log.info(`publish ${request.url.key} (${request.type}) from ${host.remoteIp}`);
    host.expectMuchInput();
  }

  /**
   * Tells the client to start; on an edge, once an origin has taken the stream. Media that the client has sent already
   * comes then.
   */
  start(): void {
    if (this.#vhost.cluster.mode !== "remote") return this.#host.session.accept(this.#requestId);
    this.#forward = this.#forwardToOrigin();
  }

  onMedia({ typeId, timestampMs, payload }: RtmpMessage): void {
    this.#messages++;
    if (typeId === MessageType.Audio) this.#session.publish({ kind: "audio", timestampMs, payload });
    else if (typeId === MessageType.Video) this.#session.publish({ kind: "video", timestampMs, payload });
    else {
      // AMF3 data has one format byte in front of AMF0 values.
      const data = typeId === MessageType.DataAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
      this.#session.publish({ kind: "script", timestampMs, payload: data });
    }
  }

  onBurstEnd(): void {
    this.#session.endBurst();
  }

  tick(nowMs: number): void {
    const { firstpktTimeoutMs, normalTimeoutMs } = this.#vhost.publish;
    const limitMs = this.#messages === 0 ? firstpktTimeoutMs : normalTimeoutMs;
    if (this.#messages !== this.#messagesAtTick) {
      this.#messagesAtTick = this.#messages;
      this.#lastMediaMs = nowMs;
    } else if (nowMs - this.#lastMediaMs > limitMs) {
      this.#host.close("timeout", `publisher of ${this.#url.key} was silent for ${limitMs} ms`);
    }
  }

  end(): void {
    this.#forward?.[Symbol.dispose]();
    this.#session[Symbol.dispose]();
    this.#host.context.registry.remove(this.#entry);
    this.#host.log.info(`unpublish ${this.#url.key}`);
  }

  onPause(): void {}
  onRedirectAnswered(): void {}
  nextMedia(): null {
    return null;
  }

  /** An edge keeps its publisher while origins come and go: they are given the stream one after the other. */
  #forwardToOrigin(): StreamForward {
    const { context, session, log } = this.#host;
    const { environment, pool } = context.pulls;
    const { cluster } = this.#vhost;
    const stream = {
      url: this.#url,
      vhost: this.#vhost,
      pageUrl: session.connectInfo?.pageUrl ?? "",
      swfUrl: session.connectInfo?.swfUrl ?? "",
    };
    const identity = () => cluster.debugSrsUpnode ? environment.connectArgs(this.#host.id) : null;
    let isAccepted = false;
    return new StreamForward(this.#source, {
      ...cluster,
      environment,
      findTargets: () => pool.order(cluster.origin.map(({ text }) => text), this.#url.key),
      session: (target) => upstreamSession("publish", stream, target, identity()),
      onTaken: (server) => {
        log.info(`publish ${this.#url.key} goes to origin ${server}`);
        if (isAccepted) return;
        isAccepted = true;
        this.#host.guard(() => session.accept(this.#requestId));
        this.#host.onAnswered();
      },
      onRefused: (reason) => {
        const why = `no origin takes the stream: ${reason}`;
        this.#host.guard(() => session.reject(this.#requestId, "publishBadName", why));
        this.#host.finish("refused", `no origin takes ${this.#url.key}: ${reason}`);
      },
    });
  }

  #takeStream({ id }: PublishRequest): PublishSession {
    try {
      return this.#source.startPublish("client");
    } catch (error) {
      if (error instanceof RequestDenied) this.#host.session.reject(id, "publishBadName", error.message);
      throw error;
    }
  }
}
