import type { TimerHandle } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import type { MemoryHost } from "../../kit/memory_host.ts";
import { MediaCheck } from "../checks/media_check.ts";
import type { PlayerPlan } from "../scenario.ts";
import type { Stage } from "./publisher.ts";

const CONNECT_TIMEOUT_MS = 5000;
/** A player that gets nothing for so long tries again, as most do. */
const PATIENCE_MS = 5000;

/** A viewer with RTMP: plays, checks what comes, and comes again when its connection has ended. */
export class SimPlayer {
  readonly plan: PlayerPlan;
  readonly #stage: Stage;
  readonly #host: MemoryHost;
  readonly #onFault: (text: string) => void;
  #client: RtmpClient | null = null;
  #check: MediaCheck | null = null;
  #timer: TimerHandle | null = null;
  #patience: TimerHandle | null = null;
  #isOver = false;
  #hasBegun = false;
  /** When the last frame came. */
  lastFrameMs = -Infinity;
  /** Longest time between two frames since it was last set to 0. */
  worstGapMs = 0;
  frames = 0;

  /** @param onFault Told of everything that must not happen. */
  constructor(plan: PlayerPlan, stage: Stage, onFault: (text: string) => void) {
    this.plan = plan;
    this.#stage = stage;
    this.#onFault = onFault;
    this.#host = stage.cluster.machine(plan.name, plan.lineBytesPerMs);
  }

  /** It wants to see the stream. */
  get isThere(): boolean {
    return this.#hasBegun && !this.#isOver;
  }

  async connect(): Promise<void> {
    this.#hasBegun = true;
    const server = this.#stage.cluster.servers.get(this.plan.server)!;
    this.#stage.log.add(this.plan.name, `plays ${this.plan.stream} at ${server.name}`);
    this.#check = new MediaCheck(this.plan, this.#stage, this.#onFault);
    let hasEnded = false;
    const onEnd = (reason: string) => {
      if (hasEnded) return;
      hasEnded = true;
      this.#client?.close();
      this.#onEnd(reason);
    };
    this.#waitForMedia(onEnd);
    try {
      const client = await RtmpClient.connect({
        host: server.ip,
        port: 1935,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        handshakeTimeoutMs: CONNECT_TIMEOUT_MS,
        timers: this.#host,
        network: networkOf(this.#host),
        session: {
          role: "play",
          tcUrl: `rtmp://${server.rtmp}/live`,
          app: "live",
          name: this.plan.stream,
          chunkSizeBytes: 60_000,
          handshake: "simple",
        },
      }, {
        onMedia: (message) => this.#onMedia(message),
        onEvent: (event) => {
          if (event.kind !== "refused") return;
          client.close();
          onEnd(`refused: ${event.status.description}`);
        },
        onEnd: ({ message }) => onEnd(message),
      });
      if (this.#isOver || hasEnded) client.close();
      else this.#client = client;
    } catch (error) {
      onEnd(String(error));
    }
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stage.log.add(this.plan.name, `leaves after ${this.frames} frames`);
    this.#timer?.cancel();
    this.#patience?.cancel();
    this.#client?.close();
  }

  /** Looks now and then, not for each frame. */
  #waitForMedia(onEnd: (reason: string) => void): void {
    const sinceMs = this.#host.nowMs();
    this.#patience = this.#host.after(PATIENCE_MS, () => {
      if (this.lastFrameMs < sinceMs) onEnd(`nothing came for ${PATIENCE_MS} ms`);
      else this.#waitForMedia(onEnd);
    });
  }

  #onMedia(message: RtmpMessage): void {
    if (!this.#check!.take(message)) return;
    const { nowMs } = this.#stage.cluster;
    this.frames++;
    if (this.lastFrameMs > 0) this.worstGapMs = Math.max(this.worstGapMs, nowMs - this.lastFrameMs);
    this.lastFrameMs = nowMs;
  }

  #onEnd(reason: string): void {
    this.#client = null;
    this.#patience?.cancel();
    if (this.#isOver) return;
    this.#stage.log.add(this.plan.name, `connection ended after ${this.frames} frames: ${reason}`);
    this.#timer = this.#host.after(this.plan.returnMs, () => void this.connect());
  }
}
