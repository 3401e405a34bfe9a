import type { Logger } from "../../base/log.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import type { RtmpServerSession } from "../../rtmp/server_session.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import type { ClientConn } from "../client_registry.ts";
import type { CloseReason } from "../close_reason.ts";
import type { ReadPlan } from "./read_pace.ts";

/** What all that clients come for has in common. */
interface Begun {
  /** Begins, once the connection knows of it. */
  start(): void;
  /** The server is about to stop: send the client elsewhere, if it can be. */
  drain(): void;
  /** About once a second: time-outs and bounds. */
  tick(nowMs: number): void;
  /** Lets go of everything; called once, for whatever reason. */
  end(): void;
}

/** A client that sends media. */
export interface Publishing extends Begun {
  readonly kind: "publish";
  onMedia(message: RtmpMessage): void;
  /** All that was read at once has been handed on. */
  onBurstEnd(): void;
  /** When to read more than these bytes. */
  readPlan(bytes: number): ReadPlan;
}

/** A client that is sent media. */
export interface Playing extends Begun {
  readonly kind: "play";
  /** Media to be sent, or null. */
  nextMedia(): Uint8Array | null;
  /** The place of the player where media is all that there is to send. */
  followed(): PlayCursor | null;
  onPause(paused: boolean): void;
  onRedirectAnswered(): void;
  /** The client is a server, and wants what it plays as it comes. */
  onHaste(): void;
}

/** What a connection is used for, once its client has asked and was let in. */
export type Role = Publishing | Playing;

/** What a role may do with its connection. */
export interface RoleHost extends ClientConn {
  readonly log: Logger;
  /** Over TLS: nobody on the way can read it. */
  readonly isEncrypted: boolean;
  /** Sends what session and role have. */
  wake(): void;
  /** Calls `fn` once nothing is on its way any more that the role gave until now. */
  afterWrite(fn: () => void): void;
  /** A request was answered later than it came: what waited for the answer has been handled. */
  onAnswered(): void;
  /** What the client sends gathers, and is read later: nobody knows whether there is some. */
  readonly isGathering: boolean;
  /** Reads what gathers, and does not wait until it is due. */
  readNow(): void;
  /** How much to read at once: a publisher sends much, a player next to nothing. */
  expectInput(readBytes: number): void;
  /** `tcp_nodelay`: small segments leave at once; true at first. */
  sendsSmallAtOnce: boolean;
  /** Closes once what is to be said has left; `detail` goes to the log. */
  finish(reason: CloseReason, detail: string): void;
  /** Runs what a timer or another connection calls for: an error in it ends this connection, and goes no further. */
  guard(fn: () => void): void;
}

const CAPS_RECONNECT = 1;

/** The talk with a client, as far as every role needs it. */
export type RoleSession = Pick<
  RtmpServerSession,
  "connectInfo" | "accept" | "reject" | "sendStatus" | "requestReconnect"
>;

/** Whether a client said that it reconnects when asked to: edges and `push` of this server, enhanced RTMP clients. */
export function canReconnect(session: Pick<RoleSession, "connectInfo">): boolean {
  return ((session.connectInfo?.capsEx ?? 0) & CAPS_RECONNECT) !== 0;
}

/**
 * Asks a client to reconnect, if it can.
 *
 * @param tcUrl Where; default: at the same address, which may lead to another server then.
 */
export function requestMove(host: Pick<RoleHost, "log" | "wake">, session: RoleSession, tcUrl?: string): void {
  if (!canReconnect(session)) return;
  host.log.info(`asked the client to reconnect${tcUrl === undefined ? "" : ` to ${tcUrl.replace(/\?.*/, "")}`}`);
  session.requestReconnect(tcUrl);
  host.wake();
}
