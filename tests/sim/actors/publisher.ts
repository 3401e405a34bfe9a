import type { TimerHandle } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import type { MemoryHost } from "../../kit/memory_host.ts";
import type { GapCheck } from "../checks/gap_check.ts";
import type { FeedCheck } from "../checks/feed_check.ts";
import type { PublisherPlan } from "../scenario.ts";
import type { SimLog } from "../sim_log.ts";
import { type PublishSession, timestampOf, type Truth } from "../truth.ts";
import type { SimCluster } from "../world/cluster.ts";
import { type Frame, framePayload, metadataPayload } from "./frames.ts";

/** What an actor has to do with. */
export interface Stage {
  readonly cluster: SimCluster;
  readonly truth: Truth;
  readonly log: SimLog;
  readonly onConflict: string;
  /** Of each viewer, by name. */
  readonly gaps: ReadonlyMap<string, GapCheck>;
  readonly feeds: FeedCheck;
}

const CONNECT_TIMEOUT_MS = 5000;

/** An encoder: publishes, and comes again when its connection has ended. */
export class SimPublisher {
  readonly plan: PublisherPlan;
  readonly #stage: Stage;
  readonly #host: MemoryHost;
  #client: RtmpClient | null = null;
  #session: PublishSession | null = null;
  #timer: TimerHandle | null = null;
  #origin: number;
  #isOver = false;
  #hasBegun = false;

  constructor(plan: PublisherPlan, stage: Stage) {
    this.plan = plan;
    this.#stage = stage;
    this.#origin = plan.origin;
    this.#host = stage.cluster.machine(plan.name);
  }

  /** What it publishes now; null while it does not. */
  get session(): PublishSession | null {
    return this.#session;
  }

  /** It tries to publish, and does not. */
  get isRefused(): boolean {
    return this.#hasBegun && !this.#isOver && this.#session === null;
  }

  async connect(): Promise<void> {
    this.#hasBegun = true;
    const origins = this.#stage.cluster.origins();
    const server = origins[(this.#origin - 1) % origins.length]!;
    this.#stage.log.add(this.plan.name, `connects to ${server.name}`);
    let hasEnded = false;
    const onEnd = (reason: string) => {
      if (hasEnded) return;
      hasEnded = true;
      this.#onEnd(reason);
    };
    try {
      const client = await RtmpClient.connect({
        host: server.ip,
        port: 1935,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        handshakeTimeoutMs: CONNECT_TIMEOUT_MS,
        timers: this.#host,
        network: networkOf(this.#host),
        session: {
          role: "publish",
          tcUrl: `rtmp://${server.rtmp}/live`,
          app: "live",
          name: this.plan.stream,
          chunkSizeBytes: 60_000,
          handshake: "simple",
        },
      }, {
        onMedia: () => {},
        onEvent: (event) => {
          if (event.kind === "ready") this.#begin(client, server.name);
          if (event.kind === "refused") {
            client.close();
            onEnd(`refused: ${event.status.description}`);
          }
        },
        onEnd: ({ message }) => onEnd(message),
      });
      this.#client = client;
      if (this.#isOver) client.close();
    } catch (error) {
      onEnd(String(error));
    }
  }

  /** It leaves for good. @param isPolite Whether it says so. */
  leave(isPolite = true): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#stage.log.add(this.plan.name, "leaves");
    if (isPolite && this.#session !== null) this.#client?.unpublish();
    else this.#client?.close();
    this.#endSession();
  }

  #begin(client: RtmpClient, server: string): void {
    if (this.#isOver) return;
    const { cluster, truth, log } = this.#stage;
    const session = this.#session = truth.begin(this.plan, server, cluster.nowMs);
    log.add(this.plan.name, `publishes session ${session.number} at ${server}`);
    const { number } = session;
    if (this.plan.hasMetadata) client.publish(MessageType.Data, 0, metadataPayload(number));
    const header = { session: number, index: 0 };
    const firstMs = timestampOf(session, 0);
    client.publish(MessageType.Video, firstMs, framePayload({ ...header, kind: "videoHeader" }, 20));
    client.publish(MessageType.Audio, firstMs, framePayload({ ...header, kind: "audioHeader" }, 4));
    this.#send(client, session);
  }

  #send(client: RtmpClient, session: PublishSession): void {
    if (session !== this.#session) return;
    const { burst, frameMs, frameBytes, hasBFrames } = this.plan;
    for (let count = 0; count < burst; count++) {
      const index = session.sent++;
      const kind = this.#kindOf(index);
      const bytes = kind === "key" ? frameBytes * 4 : kind === "inter" ? frameBytes : frameBytes >> 2;
      const frame: Frame = { session: session.number, index, kind };
      const payload = framePayload(frame, bytes, hasBFrames ? index % 3 * frameMs & 0xff : 0);
      const typeId = kind === "audio" ? MessageType.Audio : MessageType.Video;
      client.publish(typeId, timestampOf(session, index), payload);
    }
    this.#timer = this.#host.after(burst * frameMs, () => this.#send(client, session));
  }

  #kindOf(index: number): Frame["kind"] {
    if (index % this.plan.gopFrames === 0) return "key";
    return index % 2 === 0 ? "inter" : "audio";
  }

  #onEnd(reason: string): void {
    this.#client = null;
    this.#endSession();
    if (this.#isOver) return;
    const { log, truth, onConflict } = this.#stage;
    log.add(this.plan.name, `connection ended: ${reason}`);
    // Whoever has been replaced leaves the stream to the other.
    if (onConflict === "takeover" && truth.live(this.plan.stream).length > 0) return this.leave();
    if (this.plan.reconnect === "next") this.#origin++;
    this.#timer = this.#host.after(this.plan.reconnectMs, () => void this.connect());
  }

  #endSession(): void {
    if (this.#session === null) return;
    this.#session.endMs = this.#stage.cluster.nowMs;
    this.#session = null;
    this.#timer?.cancel();
  }
}
