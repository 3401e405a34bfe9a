import type { Logger } from "../../base/log.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import type { RtmpServerSession } from "../../rtmp/server_session.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import type { CloseReason } from "../close_reason.ts";
import type { ServerContext } from "../context.ts";

/** What a connection is used for, once its client has asked: publishing or playing. */
export interface Role {
  /** Media of a publisher. */
  onMedia(message: RtmpMessage): void;
  /** All that was read at once has been handed on. */
  onBurstEnd(): void;
  /** How long what comes may gather before more is read than these bytes. */
  readPauseMs(bytes: number): number;
  onPause(paused: boolean): void;
  onRedirectAnswered(): void;
  /** Media to be sent to a player, or null. */
  nextMedia(): Uint8Array | null;
  /** The place of a player whose media is all that there is to send. */
  followed(): PlayCursor | null;
  /** The server is about to stop: send the client elsewhere, if it can be. */
  drain(): void;
  /** About once a second: time-outs and bounds. */
  tick(nowMs: number): void;
  /** Lets go of everything; called once, for whatever reason. */
  end(): void;
}

/** What a role may do with its connection. */
export interface RoleHost {
  readonly id: string;
  readonly context: ServerContext;
  readonly session: RtmpServerSession;
  readonly log: Logger;
  readonly remoteIp: string;
  /** Over TLS: nobody on the way can read it. */
  readonly isEncrypted: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Sends what session and role have. */
  wake(): void;
  /** A request was answered later than it came: what waited for the answer has been handled. */
  onAnswered(): void;
  /** How much to read at once: a publisher sends much, a player next to nothing. */
  expectInput(readBytes: number): void;
  /** `tcp_nodelay`: small segments leave at once; true at first. */
  sendsSmallAtOnce: boolean;
  /** Closes once what is to be said has left; `detail` goes to the log. */
  finish(reason: CloseReason, detail: string): void;
  /** Closes at once. */
  close(reason: CloseReason, detail: string): void;
  /** Runs what a timer or another connection calls for: an error in it ends this connection, and goes no further. */
  guard(fn: () => void): void;
}

const CAPS_RECONNECT = 1;

/** Whether a client said that it connects anew when asked to: edges and `push` of this server, enhanced RTMP clients. */
export function canReconnect({ session }: RoleHost): boolean {
  return ((session.connectInfo?.capsEx ?? 0) & CAPS_RECONNECT) !== 0;
}

/**
 * Asks a client to connect anew, if it can.
 *
 * @param tcUrl Where; default: at the same address, which may lead to another server then.
 */
export function requestMove(host: RoleHost, tcUrl?: string): void {
  if (!canReconnect(host)) return;
  host.log.info(`asked to reconnect${tcUrl === undefined ? "" : ` to ${tcUrl.replace(/\?.*/, "")}`}`);
  host.session.requestReconnect(tcUrl);
  host.wake();
}
