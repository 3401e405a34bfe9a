import type { TimerHandle } from "../../../src/base/clock.ts";
import { MediaCheck } from "../checks/media_check.ts";
import type { TailViewer } from "../checks/tail_check.ts";
import type { PlayerPlan } from "../scenario.ts";
import { viewFlv } from "./flv_viewing.ts";
import type { Stage } from "./publisher.ts";
import { viewRtmp } from "./rtmp_viewing.ts";
import type { ClientMachine, ServerView } from "../world/cluster_view.ts";
import type { Place, Viewing, ViewingHandlers } from "./viewing.ts";

/** A player that gets nothing for so long tries again, as most do. */
const PATIENCE_MS = 5000;
/** What an edge of SRS waits for each answer. */
const SRS_ANSWER_MS = 500;
/** Nobody follows more redirects in a row. */
const MAX_HOPS = 8;

/** A viewer: plays, checks what comes, and comes again when its connection has ended. */
export class SimPlayer {
  readonly plan: PlayerPlan;
  readonly #stage: Stage;
  readonly #machine: ClientMachine;
  readonly #onFault: (text: string) => void;
  /** Ends what is going on now, and nobody hears of it. */
  #stop = () => {};
  #timer: TimerHandle | null = null;
  /** It pauses or leaves next. */
  #whim: TimerHandle | null = null;
  /** Of an edge of SRS: how often it has connected. */
  #turns = 0;
  #isOver = false;
  #hasBegun = false;
  /** When the last frame came. */
  lastFrameMs = -Infinity;
  /** Longest time without frames since {@link beginQuiet}. */
  worstGapMs = 0;
  #quietMs = 0;
  frames = 0;
  #check: MediaCheck | null = null;
  #connectedMs = 0;
  /** Address of the server where it is connected, or tries to be. */
  at = "";

  /** @param onFault Told of everything that must not happen. */
  constructor(plan: PlayerPlan, stage: Stage, onFault: (text: string) => void) {
    this.plan = plan;
    this.#stage = stage;
    this.#onFault = onFault;
    this.#machine = stage.cluster.machine(plan.name, plan.lineBytesPerMs);
  }

  /** From now on nothing disturbs it. */
  beginQuiet(): void {
    this.worstGapMs = 0;
    this.#quietMs = this.#stage.cluster.nowMs;
  }

  /** It wants to see the stream. */
  get isThere(): boolean {
    return this.#hasBegun && !this.#isOver;
  }

  /** Where it is, while it is connected. */
  get tail(): TailViewer {
    return { name: this.plan.name, place: this.#check?.place ?? null, connectedMs: this.#connectedMs };
  }

  /** Servers take it for a viewer, and not for another server. */
  get isPerson(): boolean {
    const { kind, follows } = this.plan;
    return kind === "flv" || (kind === "rtmp" && !follows);
  }

  connect(): void {
    this.#hasBegun = true;
    const server = this.#server();
    this.#stage.log.add(this.plan.name, `plays ${this.plan.stream} at ${server.name}`);
    const { ports } = this.#stage.cluster;
    const port = this.plan.kind === "flv" ? ports.http : ports.rtmp;
    void this.#play({ host: server.ip, port }, 0);
    const { staysMs } = this.plan;
    if (staysMs === 0 || !this.#isDayFor(staysMs)) return;
    this.#whim = this.#machine.after(staysMs, () => {
      this.#stop();
      this.#onEnd("it has seen enough");
    });
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stage.log.add(this.plan.name, `leaves after ${this.frames} frames`);
    this.#timer?.cancel();
    this.#whim?.cancel();
    this.#stop();
  }

  /** Where it begins: an edge of SRS at the next origin of its list. */
  #server(): ServerView {
    const { cluster } = this.#stage;
    const { kind, server } = this.plan;
    const origins = cluster.origins();
    return kind === "srsEdge" ? origins[this.#turns % origins.length]! : cluster.servers.get(server)!;
  }

  #isDayFor(ms: number): boolean {
    return this.#machine.nowMs() + ms < this.#stage.eveningMs;
  }

  /** @param hops Redirects that led there. */
  async #play(place: Place, hops: number): Promise<void> {
    this.#turns++;
    this.at = place.host;
    const check = this.#check = new MediaCheck(this.plan, this.#stage, this.#onFault);
    this.#connectedMs = this.#stage.cluster.nowMs;
    let viewing: Viewing | null = null;
    let isOver = false;
    let isPaused = false;
    let patience: TimerHandle | null = null;
    const stop = this.#stop = () => {
      isOver = true;
      this.#check = null;
      viewing?.close();
      patience?.cancel();
    };
    const handlers: ViewingHandlers = {
      onMedia: (message) => {
        if (!isOver && check.take(message)) this.#onFrame();
      },
      onRedirect: (next) => {
        if (isOver) return;
        stop();
        this.#stage.log.add(this.plan.name, `is sent to ${next.host}:${next.port}`);
        if (hops < MAX_HOPS) void this.#play(next, hops + 1);
        else this.#onEnd("too many redirects");
      },
      onEnd: (reason) => {
        if (isOver) return;
        stop();
        this.#onEnd(reason);
      },
    };
    // Looks now and then, not for each frame.
    const wait = () => {
      const sinceMs = this.#machine.nowMs();
      patience = this.#machine.after(PATIENCE_MS, () => {
        if (this.lastFrameMs < sinceMs && !isPaused) handlers.onEnd(`nothing came for ${PATIENCE_MS} ms`);
        else wait();
      });
    };
    wait();
    const pause = (begins: boolean) => {
      isPaused = begins;
      viewing?.pause?.(begins);
      this.#stage.log.add(this.plan.name, begins ? "pauses" : "goes on");
      waitToPause(!begins);
    };
    const waitToPause = (begins: boolean) => {
      const { pauseMs } = this.plan;
      if (pauseMs === 0 || begins && !this.#isDayFor(2 * pauseMs)) return;
      this.#whim?.cancel();
      this.#whim = this.#machine.after(pauseMs, () => isOver ? undefined : pause(begins));
    };
    const { stream, kind, follows } = this.plan;
    const options = { machine: this.#machine, place, stream, follows };
    try {
      viewing = await (kind === "flv"
        ? viewFlv(options, handlers)
        : viewRtmp(options, handlers, kind === "srsEdge" ? SRS_ANSWER_MS : undefined));
      if (isOver) {
        viewing.close();
      } else if (this.plan.staysMs === 0) {
        waitToPause(true);
      }
    } catch (error) {
      handlers.onEnd(String(error));
    }
  }

  #onFrame(): void {
    const { nowMs } = this.#stage.cluster;
    this.frames++;
    if (this.lastFrameMs > 0) {
      this.worstGapMs = Math.max(this.worstGapMs, nowMs - Math.max(this.lastFrameMs, this.#quietMs));
    }
    this.lastFrameMs = nowMs;
  }

  #onEnd(reason: string): void {
    this.#check = null;
    this.#whim?.cancel();
    this.#stage.log.add(this.plan.name, `connection ended after ${this.frames} frames: ${reason}`);
    this.#timer = this.#machine.after(this.plan.returnMs, () => this.connect());
  }
}
