import type { MediaPacket } from "./packet.ts";
import type { DiscontinuityMark } from "./publish_facts.ts";

/** Who feeds a source: a publisher of this server, or a connection to another server. */
export type FedBy = "client" | "upstream";

/** A publisher's hold on a source. Disposing it frees the stream for the next. */
export interface PublishSession extends Disposable {
  publish(packet: MediaPacket): void;
  /** Of what is published from now on. */
  setEpoch(epoch: number): void;
  /** Unix time of timestamp 0 of the server that the stream comes from, as that says, ms; see `OwnerTime`. */
  setZero(zeroMs: number): void;
  /** As the server says that the stream comes from; where it is published, whoever counts says it to the source. */
  setDiscontinuities(mark: DiscontinuityMark): void;
  /** The publisher's socket has nothing more at this moment: players get what came, if it is time. */
  endBurst(): void;
}
