import { RequestDenied } from "../base/errors.ts";
import type { VhostConfig } from "../config/mod.ts";
import { MessageType, type RtmpMessage } from "../rtmp/message.ts";
import type { SessionRequest } from "../rtmp/server_session.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import type { PublishSession } from "../stream/live_source.ts";
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
  readonly #session: PublishSession;
  readonly #entry: ClientEntry;
  readonly #requestId: number;
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

  /** Tells the client to start. Media that it has sent already comes before this returns. */
  start(): void {
    this.#host.session.accept(this.#requestId);
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
    this.#session[Symbol.dispose]();
    this.#host.context.registry.remove(this.#entry);
    this.#host.log.info(`unpublish ${this.#url.key}`);
  }

  onPause(): void {}
  onRedirectAnswered(): void {}
  nextMedia(): null {
    return null;
  }

  #takeStream({ id, url }: PublishRequest): PublishSession {
    const { context, session } = this.#host;
    try {
      if (this.#vhost.cluster.mode === "remote") {
        throw new RequestDenied(
          "SecurityDenied",
          `vhost ${this.#vhost.name} is an edge: publish to one of its origins`,
        );
      }
      return context.sources.findOrCreate(url.key, () => sourceOptions(this.#vhost)).startPublish("client");
    } catch (error) {
      if (error instanceof RequestDenied) {
        session.reject(id, error.codeName === "StreamBusy" ? "publishBadName" : "publishDenied", error.message);
      }
      throw error;
    }
  }
}
