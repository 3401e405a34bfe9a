/** Every reason for which connections end. */
export const closeReasons = [
  "peerClosed",
  "peerReset",
  "kicked",
  "timeout",
  "protocolError",
  "refused",
  "publishReplaced",
  "redirected",
  "sourceEnded",
  "slowConsumer",
  "internalError",
  "shutdown",
] as const;

/** Why a connection ended, as logs and counters tell it. */
export type CloseReason = typeof closeReasons[number];
