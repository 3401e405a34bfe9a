import { timestampDiff } from "../rtmp/timestamp.ts";
import type { MediaPacket } from "./packet.ts";
import type { PublishSession } from "./publish_session.ts";

/** So much of one kind alone is a stream of that kind alone. Source: SRS 7 `SRS_MIX_CORRECT_PURE_AV`. */
const PURE_PACKETS = 10;

/**
 * `mix_correct`: puts audio and video in the order of their times, as far as that is possible while one packet of each
 * kind is held back, or some of one kind where the other is missing.
 *
 * Source: SRS 7 `SrsMixQueue`.
 */
export class MixQueue {
  /** By time; of equal times, the first that came is first. */
  readonly #packets: MediaPacket[] = [];
  #videos = 0;

  /** Takes a packet; its payload is copied. @returns The one whose turn it is, if it is certain enough. */
  push(packet: MediaPacket): MediaPacket | null {
    const packets = this.#packets;
    let at = packets.length;
    while (at > 0 && timestampDiff(packet.timestampMs, packets[at - 1]!.timestampMs) < 0) at--;
    packets.splice(at, 0, { ...packet, payload: packet.payload.slice() });
    if (packet.kind === "video") this.#videos++;
    const isMixed = this.#videos > 0 && this.#videos < packets.length;
    return isMixed || packets.length >= PURE_PACKETS ? this.shift() : null;
  }

  /** Takes out the packet with the lowest time; null when there is none. */
  shift(): MediaPacket | null {
    const first = this.#packets.shift() ?? null;
    if (first?.kind === "video") this.#videos--;
    return first;
  }
}

/** A session whose audio and video go through a {@link MixQueue}; its end brings what is still in there. */
export function mixCorrected(session: PublishSession): PublishSession {
  const queue = new MixQueue();
  return {
    publish(packet) {
      const next = packet.kind === "script" ? packet : queue.push(packet);
      if (next !== null) session.publish(next);
    },
    setEpoch: (epoch) => session.setEpoch(epoch),
    setZero: (zeroMs) => session.setZero(zeroMs),
    setDiscontinuities: (mark) => session.setDiscontinuities(mark),
    endBurst: () => session.endBurst(),
    [Symbol.dispose]() {
      for (let next = queue.shift(); next !== null; next = queue.shift()) session.publish(next);
      session[Symbol.dispose]();
    },
  };
}
