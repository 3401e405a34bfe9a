import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { type Frame, readFrame } from "../actors/frames.ts";
import type { Stage } from "../actors/publisher.ts";
import type { PlayerPlan } from "../scenario.ts";
import type { GapCheck } from "./gap_check.ts";
import { timestampOf } from "../truth.ts";

const WRAP_MS = 2 ** 32;
/** So long after something went wrong frames may be missing. */
const DISTURBED_MS = 15_000;

/** Where a player is in a publish. */
interface Place {
  readonly session: number;
  readonly index: number;
  readonly timestampMs: number;
  /** Time that it was told, less the encoder's. */
  readonly offsetMs: number;
}

/**
 * What one connection of a player gets: pieces of what one publisher sent, unchanged, in order. Time never goes back, and
 * is shifted only where a piece begins.
 */
export class MediaCheck {
  readonly #plan: PlayerPlan;
  readonly #stage: Stage;
  readonly #onFault: (text: string) => void;
  readonly #headers = new Map<"videoHeader" | "audioHeader", number>();
  readonly #gaps: GapCheck | undefined;
  #place: Place | null = null;

  constructor(plan: PlayerPlan, stage: Stage, onFault: (text: string) => void) {
    this.#plan = plan;
    this.#stage = stage;
    this.#onFault = onFault;
    this.#gaps = stage.gaps.get(plan.name);
    this.#gaps?.connect();
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
      this.#headers.set(frame.kind, frame.session);
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
    const offsetMs = (timestampMs - timestampOf(session, frame.index) + WRAP_MS) % WRAP_MS;
    const before = this.#place;
    this.#place = { session: frame.session, index: frame.index, timestampMs, offsetMs };
    if (before !== null && timestampMs < before.timestampMs) {
      this.#onFault(`time goes back from ${before.timestampMs} to ${timestampMs} at ${name}`);
    }
    if (before !== null && before.session === frame.session) {
      if (frame.index <= before.index) this.#onFault(`gets ${name} after ${before.index}`);
      if (frame.index === before.index + 1) {
        if (offsetMs !== before.offsetMs) {
          this.#onFault(`time is shifted within a piece, by ${offsetMs - before.offsetMs} ms at ${name}`);
        }
        return;
      }
    }
    if (before?.session !== frame.session) this.#stage.feeds.changed(this.#plan, session, this.#stage.cluster.nowMs);
    this.#checkBegin(frame, name, before);
  }

  #checkBegin(frame: Frame, name: string, before: Place | null): void {
    if (frame.kind !== "key") this.#onFault(`a piece begins with ${name}, which is ${frame.kind}`);
    for (const [kind, session] of this.#headers) {
      if (session !== frame.session) this.#onFault(`${name} comes with the ${kind} of ${session}`);
    }
    if (this.#headers.size < 2) this.#onFault(`${name} comes before the sequence headers`);
    if (before === null || before.session !== frame.session || this.#plan.lineBytesPerMs > 0) return;
    const { truth, cluster, log } = this.#stage;
    log.add(this.#plan.name, `misses frames between ${before.index} and ${frame.index} of session ${frame.session}`);
    if (cluster.nowMs - truth.disturbedMs > DISTURBED_MS) {
      this.#onFault(`misses frames between ${before.index} and ${frame.index} of session ${frame.session}`);
    }
  }
}
