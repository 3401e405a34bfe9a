import type { LiveSource } from "../../stream/live_source.ts";
import { isFrame, type MediaPacket } from "../../stream/packet.ts";

/** Why a server takes over a source that another one still holds. */
export type OverlapReason =
  /** The other one is about to stop, and goes on until then. */
  | "moving"
  /** The other one has fallen silent. */
  | "silent"
  /** The same server has, on the connection before: it answers again, so that one may go on too. */
  | "silentHere";

/**
 * A server that does not come to the frames of the one before takes over all the same then: it may have other ones. Where
 * the one before is silent and another server, there is nothing to wait for.
 */
const patienceMs: Record<OverlapReason, number> = { moving: 2000, silent: 0, silentHere: 2000 };
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * What a server sends that is to take over a source from another one, which still holds it: kept until it reaches as far,
 * so that no frame is missing at the change, whoever of the two is ahead.
 */
export class Overlap {
  readonly #source: LiveSource;
  readonly #reason: OverlapReason;
  #packets: MediaPacket[] = [];
  #bytes = 0;
  #sinceMs = 0;

  constructor(source: LiveSource, reason: OverlapReason) {
    this.#source = source;
    this.#reason = reason;
  }

  /** A frame, or what came after one. */
  add(packet: MediaPacket, nowMs: number): void {
    if (this.#packets.length === 0) this.#sinceMs = nowMs;
    this.#packets.push(packet);
    this.#bytes += packet.payload.length;
  }

  /** What is to be published now that the server may take over, from a frame on that the source has; null before. */
  take(nowMs: number): MediaPacket[] | null {
    if (this.#packets.length === 0) return null;
    const frames = this.#packets.filter(isFrame);
    const since = (at: number) => at < 0 ? this.#packets : this.#since(frames[at]!);
    if (!this.#source.isActive) return since(this.#source.findGop(frames));
    const isFull = this.#bytes >= MAX_BYTES;
    // Where the publisher itself pauses, any server has no more than its GOP: the change would bring nothing.
    // Silence sounds the same again and again: where there is a picture, that tells.
    const last = frames.findLast(({ kind }) => kind === "video") ?? frames.at(-1);
    const hasNews = this.#reason === "moving" || (last !== undefined && !this.#source.hasInGop(last));
    if (!hasNews && !isFull) return null;
    const from = this.#source.findContinuation(frames);
    const isPatient = nowMs - this.#sinceMs < patienceMs[this.#reason] && !isFull;
    if (from < 0 && isPatient) return null;
    return since(from < 0 ? this.#source.findGop(frames) : from);
  }

  /** Of the newest GOP the source finds what is repeated; players have had what precedes it, but for headers maybe. */
  #since(frame: MediaPacket): MediaPacket[] {
    const from = this.#packets.indexOf(frame);
    return this.#packets.filter((packet, at) => at >= from || !isFrame(packet));
  }
}
