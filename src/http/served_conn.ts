import type { CloseReason } from "../server/close_reason.ts";

/** A connection of a listener, whatever it speaks. */
export interface ServedConn {
  /** What connections of the TCP peer are counted by. */
  readonly peerKey: string;
  /** Viewers of live streams on it. */
  readonly liveCount: number;
  /** No request is being answered. */
  readonly isIdle: boolean;
  /** It is closed, or about to be. */
  readonly isClosing: boolean;
  /** Serves the client until it is gone. Never throws. */
  run(): Promise<void>;
  close(reason: CloseReason, detail: string): void;
  /** Checks time-outs; called about once a second. */
  tick(nowMs: number): void;
}
