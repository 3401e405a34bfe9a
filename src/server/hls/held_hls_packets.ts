import type { MediaPacket } from "../../stream/packet.ts";

/** A packet, and when it happened by its owner's clock. */
export interface TimedPacket {
  readonly packet: MediaPacket;
  readonly ownerMs: number;
}

/** What a system takes in for a process that stands still is a few MB. */
const MAX_BYTES = 16_000_000;

/** Packets of which it is not known yet whether anything is to be made of them. */
export class HeldHlsPackets {
  #packets: TimedPacket[] = [];
  #bytes = 0;
  #isFull = false;

  /** There were more than can be kept: none are. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** In the order they came. */
  get packets(): readonly TimedPacket[] {
    return this.#packets;
  }

  /** @param packet Only lent. */
  add(packet: MediaPacket, ownerMs: number): void {
    this.#bytes += packet.payload.length;
    if (this.#bytes > MAX_BYTES) this.#isFull = true;
    if (this.#isFull) this.#packets = [];
    else this.#packets.push({ packet: { ...packet, payload: packet.payload.slice() }, ownerMs });
  }
}
