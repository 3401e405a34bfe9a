/** Why a connection ended, as logs and counters tell it. */
export type CloseReason =
  | "peerClosed"
  | "peerReset"
  | "kicked"
  | "timeout"
  | "protocolError"
  | "refused"
  | "publishReplaced"
  | "redirected"
  | "sourceEnded"
  | "slowConsumer"
  | "internalError"
  | "shutdown";
