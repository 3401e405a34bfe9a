import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { type ClientKind, FollowingClient } from "../peers/following_client.ts";
import type { FaultPlayer } from "./fault_player.ts";
import { type FrameIdentity, identify } from "./numbered_media.ts";

/** A change of what a player gets: frames are missing, or come from another publish session. */
export interface Break {
  atMs: number;
  /** Numbers of the frames before and behind. */
  from: number;
  to: number;
}

const RETRY_MS = 100;
const MAX_FLAWS = 20;

/**
 * A player of a {@link NumberedPublisher}'s stream that misses nothing: gaps, breaks, and everything that no fault may
 * ever lead to.
 *
 * It comes back when its connection ends, as a viewer would who reloads.
 */
export class WatchedPlayer extends FollowingClient implements FaultPlayer {
  readonly url: string;
  readonly kind: ClientKind;
  readonly drops: string[] = [];
  readonly breaks: Break[] = [];
  readonly flaws: string[] = [];
  readonly sessionAtMs = new Map<number, number>();
  /** From dialling to the first keyframe, of each connection. */
  readonly firstFrameMs: number[] = [];
  /** Headers that came, those at the start of a connection included. */
  headers = 0;
  frames = 0;
  lastFrameAtMs = 0;
  #gapMs = 0;
  #last: FrameIdentity | null = null;
  #lastTimestampMs = 0;
  #offsetMs = 0;
  #dialledAtMs = 0;
  #isFirst = true;
  readonly #headers = new Map<number, string>();
  #gone = false;

  constructor(url: string, as: ClientKind = "player") {
    super(url, as);
    this.url = url;
    this.kind = as;
    this.#dialledAtMs = performance.now();
  }

  mark(): void {
    this.#gapMs = 0;
    this.drops.length = this.breaks.length = this.flaws.length = 0;
    this.sessionAtMs.clear();
  }

  gapMs(): number {
    return Math.max(this.#gapMs, performance.now() - this.lastFrameAtMs);
  }

  override [Symbol.dispose](): void {
    this.#gone = true;
    super[Symbol.dispose]();
  }

  protected override onEnd(reason: string): void {
    if (this.#gone) return;
    this.drops.push(this.ended === "" ? reason : this.ended);
    this.ended = "";
    this.#isFirst = true;
    this.#headers.clear();
    setTimeout(() => {
      if (this.#gone) return;
      this.#dialledAtMs = performance.now();
      this.dial(this.url);
    }, RETRY_MS);
  }

  protected override onMedia(message: RtmpMessage): void {
    const { typeId, payload } = message;
    if (typeId === MessageType.Data || payload[1] === 0) return this.#onHeader(message);
    const frame = identify(message);
    if (frame === null) return this.#flaw(`a frame of ${payload.length} bytes was changed on the way`);
    const nowMs = performance.now();
    if (this.lastFrameAtMs > 0) this.#gapMs = Math.max(this.#gapMs, nowMs - this.lastFrameAtMs);
    this.lastFrameAtMs = nowMs;
    this.frames++;
    if (!this.sessionAtMs.has(frame.session)) this.sessionAtMs.set(frame.session, nowMs);
    if (this.#isFirst) this.#onFirst(frame, message, nowMs);
    else this.#onNext(frame, message, nowMs);
    this.#last = frame;
    this.#lastTimestampMs = message.timestampMs;
  }

  #onFirst(frame: FrameIdentity, { timestampMs }: RtmpMessage, nowMs: number): void {
    this.#isFirst = false;
    this.#offsetMs = timestampMs - frame.sentMs;
    this.firstFrameMs.push(nowMs - this.#dialledAtMs);
    if (!frame.isKeyframe) this.#flaw(`the first frame, ${frame.number}, is no keyframe`);
    if (this.#headers.size < 3) this.#flaw(`${this.#headers.size} headers before the first frame`);
  }

  #onNext(frame: FrameIdentity, { timestampMs }: RtmpMessage, nowMs: number): void {
    const last = this.#last!;
    const stepMs = timestampMs - this.#lastTimestampMs;
    if (stepMs < 0) this.#flaw(`time goes back by ${-stepMs} ms at frame ${frame.number}, behind ${last.number}`);
    const isBreak = frame.number !== last.number + 1 || frame.session !== last.session;
    if (isBreak) {
      this.breaks.push({ atMs: nowMs, from: last.number, to: frame.number });
      if (!frame.isKeyframe) this.#flaw(`frame ${frame.number} behind ${last.number} is no keyframe`);
      if (stepMs > 10_000) this.#flaw(`time goes on by ${stepMs} ms at frame ${frame.number}, behind ${last.number}`);
    } else if (Math.abs(timestampMs - frame.sentMs - this.#offsetMs) > 1) {
      this.#flaw(`time of frame ${frame.number} is moved by ${timestampMs - frame.sentMs - this.#offsetMs} ms`);
    }
    this.#offsetMs = timestampMs - frame.sentMs;
  }

  #onHeader({ typeId, payload }: RtmpMessage): void {
    const text = new TextDecoder("latin1").decode(payload);
    if (typeId === MessageType.Data && !text.includes("onMetaData")) return;
    this.headers++;
    if (typeId !== MessageType.Data && this.#headers.get(typeId) === text) {
      this.#flaw(`header of type ${typeId} came again, unchanged`);
    }
    this.#headers.set(typeId, text);
  }

  #flaw(text: string): void {
    if (this.flaws.length < MAX_FLAWS) this.flaws.push(text);
  }
}
