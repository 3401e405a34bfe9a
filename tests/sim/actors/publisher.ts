import type { TimerHandle } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import type { DrainCheck } from "../checks/drain_check.ts";
import type { GapCheck } from "../checks/gap_check.ts";
import type { FeedCheck } from "../checks/feed_check.ts";
import type { RivalCheck } from "../checks/rival_check.ts";
import type { TailCheck } from "../checks/tail_check.ts";
import type { PublisherPlan, Silence } from "../scenario.ts";
import type { SimLog } from "../sim_log.ts";
import { headerOf, type PublishSession, timestampOf, type Truth } from "../truth.ts";
import type { ClientMachine, ClusterView } from "../world/cluster_view.ts";
import { type Frame, framePayload, metadataPayload } from "./frames.ts";
import { placeOf } from "./viewing.ts";

/** What an actor has to do with. */
export interface Stage {
  readonly cluster: ClusterView;
  readonly truth: Truth;
  readonly log: SimLog;
  readonly onConflict: string;
  /** Of each viewer, by name. */
  readonly gaps: ReadonlyMap<string, GapCheck>;
  readonly feeds: FeedCheck;
  readonly tails: TailCheck;
  readonly rivals: RivalCheck;
  readonly drains: DrainCheck;
  /** Simulated time at which the day is over: whoever disturbs himself and others by day does so no more. */
  readonly eveningMs: number;
}

const CONNECT_TIMEOUT_MS = 5000;
/** After a fault somebody may still look for the stream. */
const CALM_MS = 6000;
const BACK_OFF_FACTOR = 1.5;
/** OBS waits for minutes at last; nobody has so much time here. */
const MAX_BACK_OFF_MS = 8000;

/** An encoder: publishes, and comes again when its connection has ended. */
export class SimPublisher {
  readonly plan: PublisherPlan;
  readonly #stage: Stage;
  readonly #host: ClientMachine;
  #client: RtmpClient | null = null;
  #session: PublishSession | null = null;
  #timer: TimerHandle | null = null;
  #silence: TimerHandle | null = null;
  #silentUntilMs = 0;
  #origin: number;
  /** Failures in a row. */
  #failures = 0;
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
    const { cluster } = this.#stage;
    const origins = cluster.origins();
    const server = cluster.srs.get(this.plan.home) ?? origins[(this.#origin - 1) % origins.length]!;
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
        port: cluster.ports.rtmp,
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
          canReconnect: this.plan.canReconnect,
        },
      }, {
        onMedia: () => {},
        onEvent: (event) => {
          if (event.kind === "ready") this.#begin(client, server.name);
          if (event.kind === "reconnectRequest" && !hasEnded) {
            hasEnded = true;
            this.#move(client, event.tcUrl);
          }
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
    if (this.#client !== null && this.#session === null) {
      this.#stage.rivals.left(this.plan.stream, this.#stage.cluster.nowMs);
    }
    if (isPolite && this.#session !== null) this.#client?.unpublish();
    else this.#client?.close();
    this.#endSession();
  }

  /** Its server asks it to go to another one, or to come again. */
  #move(client: RtmpClient, tcUrl: string): void {
    if (this.#isOver) return;
    const { log, cluster } = this.#stage;
    const at = cluster.origins().findIndex(({ ip }) => ip === placeOf(`${tcUrl}/`, 1935).host);
    log.add(this.plan.name, `is asked to go to ${at < 0 ? "the same address" : cluster.origins()[at]!.name}`);
    // An address may lead elsewhere next time; here it is that of one server.
    this.#origin = at < 0 ? this.#origin + 1 : at + 1;
    client.unpublish();
    this.#client = null;
    this.#endSession();
    this.#timer?.cancel();
    void this.connect();
  }

  #begin(client: RtmpClient, server: string): void {
    if (this.#isOver) return;
    const { cluster, truth, log } = this.#stage;
    const session = this.#session = truth.begin(this.plan, server, cluster.nowMs);
    log.add(this.plan.name, `publishes session ${session.number} at ${server}`);
    this.#failures = 0;
    const { number } = session.first;
    if (this.plan.hasMetadata) client.publish(MessageType.Data, 0, metadataPayload(number));
    // Whoever joins a source that goes on begins with its next keyframe.
    const { gopFrames, startBurst, source } = this.plan;
    const first = source === "" ? 0 : Math.ceil(this.#sourceFrames() / gopFrames) * gopFrames;
    const timeMs = timestampOf(session, first);
    this.#sendHeader(client, session, first);
    const frame: Frame = { session: number, index: 0, kind: "audioHeader" };
    client.publish(MessageType.Audio, timeMs, framePayload(frame, 4));
    session.next = first;
    if (source === "") this.#sendFrames(client, session, startBurst);
    this.#planSilence(session, this.plan.silences);
    this.#send(client, session);
  }

  /** Frames that the source has had, by its clock. */
  #sourceFrames(): number {
    return this.#stage.cluster.nowMs / this.plan.frameMs;
  }

  #send(client: RtmpClient, session: PublishSession): void {
    if (session !== this.#session) return;
    const { burst, frameMs, source } = this.plan;
    const isSilent = this.#host.nowMs() < this.#silentUntilMs;
    if (source !== "") this.#sendFrames(client, session, Math.floor(this.#sourceFrames()) - session.next);
    else if (!isSilent) this.#sendFrames(client, session, burst);
    this.#timer = this.#host.after(burst * frameMs, () => this.#send(client, session));
  }

  #sendFrames(client: RtmpClient, session: PublishSession, frames: number): void {
    const { frameMs, frameBytes, hasBFrames } = this.plan;
    const { first } = session;
    if (frames > 0) session.firstFrameMs = Math.min(session.firstFrameMs, this.#stage.cluster.nowMs);
    for (let count = 0; count < frames; count++) {
      const index = session.next++;
      first.sent = Math.max(first.sent, index + 1);
      const kind = this.#kindOf(index);
      if (kind === "key" && index > 0 && headerOf(this.plan, index) !== headerOf(this.plan, index - 1)) {
        this.#sendHeader(client, session, index);
      }
      const bytes = kind === "key" ? frameBytes * 4 : kind === "inter" ? frameBytes : frameBytes >> 2;
      const frame: Frame = { session: first.number, index, kind };
      const payload = framePayload(frame, bytes, hasBFrames ? index % 3 * frameMs & 0xff : 0);
      const typeId = kind === "audio" ? MessageType.Audio : MessageType.Video;
      client.publish(typeId, timestampOf(first, index, kind === "audio"), payload);
    }
  }

  /** The parameters that a frame needs. */
  #sendHeader(client: RtmpClient, { first }: PublishSession, index: number): void {
    const header: Frame = { session: first.number, index: headerOf(this.plan, index), kind: "videoHeader" };
    client.publish(MessageType.Video, timestampOf(first, index), framePayload(header, 20));
  }

  /** Its clock goes on meanwhile. */
  #planSilence(session: PublishSession, [silence, ...later]: readonly Silence[]): void {
    if (silence === undefined) return;
    const { afterMs, lastsMs } = silence;
    const endMs = this.#host.nowMs() + afterMs + lastsMs;
    if (endMs > this.#stage.eveningMs) return;
    this.#silence = this.#host.after(afterMs, () => {
      const { jumps, next } = session;
      this.#silentUntilMs = endMs;
      jumps.push({ index: next, totalMs: (jumps.at(-1)?.totalMs ?? 0) + lastsMs });
      this.#stage.log.add(this.plan.name, `sends nothing for ${lastsMs} ms`);
      this.#planTail(session, lastsMs);
      this.#silence = this.#host.after(lastsMs, () => this.#planSilence(session, later));
    });
  }

  /** Looks whether everybody has what came before a silence. */
  #planTail(session: PublishSession, lastsMs: number): void {
    const { tails, truth, cluster } = this.#stage;
    if (lastsMs <= tails.dueMs) return;
    cluster.timers.after(tails.dueMs, () => {
      const isCalm = cluster.nowMs - truth.disturbedMs > CALM_MS;
      if (isCalm && this.#session === session) tails.look(session, cluster.nowMs);
    });
  }

  #kindOf(index: number): Frame["kind"] {
    if (index % this.plan.gopFrames === 0) return "key";
    return index % 2 === 0 ? "inter" : "audio";
  }

  #onEnd(reason: string): void {
    this.#client = null;
    const session = this.#session;
    this.#endSession();
    if (session !== null) {
      this.#stage.rivals.ended(session, reason, this.#stage.cluster.nowMs);
      this.#stage.drains.ended(session, reason, this.#stage.cluster.nowMs);
    }
    if (this.#isOver) return;
    const { log, truth, onConflict } = this.#stage;
    log.add(this.plan.name, `connection ended: ${reason}`);
    // Whoever has been replaced leaves the stream to the other.
    if (onConflict === "takeover" && truth.live(this.plan.stream).length > 0) return this.leave();
    if (this.plan.reconnect === "next") this.#origin++;
    const { reconnectMs, backsOff } = this.plan;
    const pauseMs = backsOff ? reconnectMs * BACK_OFF_FACTOR ** this.#failures++ : reconnectMs;
    this.#timer = this.#host.after(Math.min(pauseMs, MAX_BACK_OFF_MS), () => void this.connect());
  }

  #endSession(): void {
    if (this.#session === null) return;
    this.#stage.truth.end(this.#session, this.#stage.cluster.nowMs);
    this.#session = null;
    this.#timer?.cancel();
    this.#silence?.cancel();
  }
}
