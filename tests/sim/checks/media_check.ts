import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { type Frame, readFrame } from "../actors/frames.ts";
import type { Stage } from "../actors/publisher.ts";
import type { PlayerPlan } from "../scenario.ts";
import type { GapCheck } from "./gap_check.ts";
import type { TailPlace } from "./tail_check.ts";
import { headerOf, timestampOf } from "../truth.ts";

const WRAP_MS = 2 ** 32;
/** So long after something went wrong frames may be missing. */
const DISTURBED_MS = 15_000;

/** Sound comes no earlier than this before the picture that is sent before it. */
const MAX_HELD_MS = 10;

/** Where a player is in a publish. */
interface Place {
  readonly session: number;
  readonly index: number;
  /** Time that it was told, less the encoder's. */
  readonly offsetMs: number;
  /** It is sound with which a connection begins, where there is no GOP cache: it may be held, and nobody can tell. */
  readonly mayBeHeld: boolean;
}

/**
 * What one connection of a player gets: pieces of what one publisher sent, unchanged, in order. Time never goes back, and
 * is shifted only where a piece begins.
 */
export class MediaCheck {
  readonly #plan: PlayerPlan;
  readonly #stage: Stage;
  readonly #onFault: (text: string) => void;
  readonly #headers = new Map<"videoHeader" | "audioHeader", Frame>();
  readonly #gaps: GapCheck | undefined;
  #place: Place | null = null;
  /** Time of the last frame of each kind: sound and picture are not in step. */
  readonly #lastMs = { audio: -1, video: -1 };

  constructor(plan: PlayerPlan, stage: Stage, onFault: (text: string) => void) {
    this.#plan = plan;
    this.#stage = stage;
    this.#onFault = onFault;
    this.#gaps = stage.gaps.get(plan.name);
    this.#gaps?.connect();
  }

  /** Where it is; null before the first frame. */
  get place(): TailPlace | null {
    return this.#place;
  }

  /** @returns Whether the message is a frame. */
  take(message: Pick<RtmpMessage, "typeId" | "timestampMs" | "payload">): boolean {
    const { typeId } = message;
    if (typeId !== MessageType.Audio && typeId !== MessageType.Video) return false;
    const frame = readFrame(message);
    if (typeof frame === "string") {
      this.#onFault(`gets what nobody sent: ${frame}`);
      return false;
    }
    if (frame.kind === "videoHeader" || frame.kind === "audioHeader") {
      this.#headers.set(frame.kind, frame);
      return false;
    }
    this.#check(frame, message.timestampMs);
    return true;
  }

  #check(frame: Frame, timestampMs: number): void {
    const session = this.#stage.truth.sessions[frame.session];
    const name = `frame ${frame.session}/${frame.index}`;
    if (session === undefined || frame.index >= session.sent) return this.#onFault(`gets ${name}, which nobody sent`);
    this.#gaps?.frame(session.plan.burst * session.plan.frameMs);
    if (session.plan.stream !== this.#plan.stream) this.#onFault(`gets ${name} of ${session.plan.stream}`);
    const header = this.#headers.get("videoHeader");
    if (frame.kind !== "audio" && header?.session === frame.session) {
      const needed = headerOf(session.plan, frame.index);
      if (header.index !== needed) {
        this.#onFault(`gets ${name} with codec parameters ${header.index} instead of ${needed}`);
      }
    }
    const isAudio = frame.kind === "audio";
    const offsetMs = (timestampMs - timestampOf(session, frame.index, isAudio) + WRAP_MS) % WRAP_MS;
    const before = this.#place;
    const lastMs = this.#lastMs[isAudio ? "audio" : "video"];
    this.#lastMs[isAudio ? "audio" : "video"] = timestampMs;
    // Sound that belongs before the first picture of a source, which is at 0 there, gets that picture's time.
    const isHeld = isAudio && before?.session === frame.session && timestampMs === this.#lastMs.video &&
      offsetMs - before.offsetMs > 0 && offsetMs - before.offsetMs < MAX_HELD_MS;
    const mayBeHeld = isAudio && before === null;
    this.#place = {
      session: frame.session,
      index: frame.index,
      offsetMs: isHeld ? before.offsetMs : offsetMs,
      mayBeHeld,
    };
    if (lastMs >= 0 && (timestampMs - lastMs + WRAP_MS) % WRAP_MS >= WRAP_MS / 2) {
      this.#onFault(`time goes back from ${lastMs} to ${timestampMs} at ${name}`);
    }
    if (before !== null && before.session === frame.session) {
      if (frame.index <= before.index) this.#onFault(`gets ${name} after ${before.index}`);
      if (frame.index === before.index + 1) {
        // Another server's piece may begin with the very frame that was to come: nobody can tell then.
        const mayBegin = frame.kind === "key" && this.#isDisturbed(frame);
        const wasHeld = before.mayBeHeld && Math.abs(offsetMs - before.offsetMs) < MAX_HELD_MS;
        if (offsetMs !== before.offsetMs && !mayBegin && !isHeld && !wasHeld) {
          this.#onFault(`time is shifted within a piece, by ${offsetMs - before.offsetMs} ms at ${name}`);
        }
        return;
      }
    }
    const isOwn = session.plan.source === "";
    if (isOwn && before?.session !== frame.session) {
      this.#stage.feeds.changed(this.#plan, session, this.#stage.cluster.nowMs);
    }
    this.#checkBegin(frame, name, before);
  }

  #checkBegin(frame: Frame, name: string, before: Place | null): void {
    const { cluster } = this.#stage;
    const mayBeAny = cluster.nowMs - cluster.withoutGopCacheMs < DISTURBED_MS;
    if (frame.kind !== "key" && !mayBeAny) this.#onFault(`a piece begins with ${name}, which is ${frame.kind}`);
    for (const [kind, { session }] of this.#headers) {
      if (session !== frame.session) this.#onFault(`${name} comes with the ${kind} of ${session}`);
    }
    if (this.#headers.size < 2) this.#onFault(`${name} comes before the sequence headers`);
    const mayMiss = this.#plan.lineBytesPerMs > 0 || this.#plan.pauseMs > 0;
    if (before === null || before.session !== frame.session || mayMiss) return;
    this.#stage.log.add(
      this.#plan.name,
      `misses frames between ${before.index} and ${frame.index} of session ${frame.session}`,
    );
    if (this.#isDisturbed(frame)) return;
    this.#onFault(`misses frames between ${before.index} and ${frame.index} of session ${frame.session}`);
  }

  /** Something went wrong of late, or another encoder of its source came or went. */
  #isDisturbed({ session }: Frame): boolean {
    const { truth, cluster } = this.#stage;
    const { plan, changedMs } = truth.sessions[session]!;
    const disturbedMs = Math.max(truth.disturbedMs, plan.source === "" ? -Infinity : changedMs);
    return cluster.nowMs - disturbedMs <= DISTURBED_MS;
  }
}
