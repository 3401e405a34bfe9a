import type { MediaPacket } from "../../stream/packet.ts";
import type { QueueBudget } from "./queue_budget.ts";

/** One packet, and when it came. */
interface HeldPacket {
  readonly packet: MediaPacket;
  readonly nowMs: number;
}

/** Packets that come while it is looked which file they belong to. */
export class HeldPackets implements Disposable {
  readonly #budget: QueueBudget;
  #packets: HeldPacket[] = [];
  #bytes = 0;

  constructor(budget: QueueBudget) {
    this.#budget = budget;
  }

  /** No more than this can be held. */
  get isFull(): boolean {
    return this.#budget.isSpent(this.#bytes);
  }

  /** @param packet Its payload is copied. */
  add(packet: MediaPacket, nowMs: number): void {
    this.#packets.push({ packet: { ...packet, payload: packet.payload.slice() }, nowMs });
    this.#count(packet.payload.length);
  }

  /** Those that came, in order; none are held any more. */
  take(): readonly HeldPacket[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#count(-this.#bytes);
    return packets;
  }

  [Symbol.dispose](): void {
    this.take();
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.add(bytes);
  }
}
