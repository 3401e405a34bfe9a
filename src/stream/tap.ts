import type { MediaPacket } from "./packet.ts";

/** Takes what is published as it comes, before players are sent it: what segments and recordings are made of. */
export interface PacketTap {
  /**
   * A publish begins, or the tap was put on while one goes on: then its headers and newest GOP follow at once.
   *
   * @param epoch Of the publish; 0 for none that is known, which may change until the first frame.
   */
  onPublish(epoch: number): void;
  /**
   * @param packet Header, frame or script, with the timestamp that players get. Its payload is only lent.
   * @param ownerMs Unix time of the packet by its owner's clock, the same on all servers; see `OwnerTime`.
   */
  onPacket(packet: MediaPacket, ownerMs: number): void;
  /**
   * What follows goes on with the last packet that came before {@link onUnpublish}: the same publish has come back, from this
   * server or another one, and none of its frames is missing or repeated.
   */
  onResume?(): void;
  /** The publish is over, or its connection: see {@link onResume}. */
  onUnpublish(): void;
}
