import { type CloseReason, closeReasons } from "./close_reason.ts";

/** How a client comes to a stream: RTMP, or FLV and the like over HTTP and WebSocket. */
export type SessionProtocol = "rtmp" | "http";

const protocols: readonly SessionProtocol[] = ["rtmp", "http"];

/** Why sessions ended since the start: RTMP connections, and HTTP connections that a stream was for. */
export class SessionEnds {
  readonly #counts = new Map(protocols.map((protocol) => [protocol, new Map<CloseReason, number>()]));

  note(protocol: SessionProtocol, reason: CloseReason): void {
    const counts = this.#counts.get(protocol)!;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }

  /** Every reason of every protocol, those that never came up too: a counter that appears with 1 hides its first event. */
  *rows(): Iterable<readonly [protocol: SessionProtocol, reason: CloseReason, count: number]> {
    for (const [protocol, counts] of this.#counts) {
      for (const reason of closeReasons) yield [protocol, reason, counts.get(reason) ?? 0];
    }
  }
}
