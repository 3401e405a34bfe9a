import type { Clock } from "../base/clock.ts";
import { describeError, ProtocolError, RequestDenied, SrsError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { isConnectionEnd, type TcpConn } from "../net/tcp_conn.ts";
import type { CloseReason } from "./close_reason.ts";

/** The connection whose life it is. */
export interface ClientLifeHost {
  readonly remoteIp: string;
  readonly bytesIn: number;
  /** Bytes the socket has taken. */
  readonly bytesOut: number;
  /** A write is under way. */
  readonly isSending: boolean;
  /** Sends what there is to send; {@link ClientLife.onDrained} follows. */
  wake(): void;
  /** Lets go of what the client came for. Called at the end, perhaps more than once. */
  release(): void;
}

/** What a {@link ClientLife} is made of. */
export interface ClientLifeOptions {
  readonly tcp: Pick<TcpConn, "close" | "finish">;
  readonly host: ClientLifeHost;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether clients of this kind leave by a reset, as browsers do: nobody need look into that. */
  readonly leavesByReset: boolean;
  /** An error with one of SRS's codes has ended the connection. */
  onSrsError?(): void;
}

/** A write that makes no progress for this long: the client is gone or hopeless. SRS: 30 s. */
const SEND_TIMEOUT_MS = 30_000;
/** What a client may take to read the last words, and to go. */
const FINISH_LINGER_MS = 1000;
/** What the last words may take to leave: a client that reads nothing is not waited for longer. */
const FINISH_TIMEOUT_MS = 2000;

const normalEnds: ReadonlySet<CloseReason> = new Set(["peerClosed", "redirected", "sourceEnded", "kicked", "shutdown"]);

/**
 * How the connection of a client ends, whatever it speaks: the reason, which the first one to give one decides; the
 * last words, which get a moment to arrive; a client that takes nothing; and one line in the log.
 */
export class ClientLife {
  readonly #options: ClientLifeOptions;
  readonly #sinceMs: number;
  #reason: CloseReason | null = null;
  #detail = "";
  /** When it was decided to close after the last words; 0 before. */
  #finishingSinceMs = 0;
  #sentAtTick = 0;
  #stalledSinceMs: number;

  constructor(options: ClientLifeOptions) {
    this.#options = options;
    this.#sinceMs = this.#stalledSinceMs = options.clock.nowMs();
  }

  /** When the client came. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Why it ends; null while nothing speaks against its going on. */
  get reason(): CloseReason | null {
    return this.#reason;
  }

  get isOver(): boolean {
    return this.#reason !== null;
  }

  /** Notes why the client's time is over, unless that is known. `detail` goes to the log. */
  settle(reason: CloseReason, detail: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#detail = detail;
  }

  /** As {@link settle}, for an error: the only place where errors become reasons. */
  settleError(error: unknown): void {
    if (error instanceof RequestDenied) this.settle("refused", describeError(error));
    else if (error instanceof ProtocolError) this.settle("protocolError", describeError(error));
    else if (isConnectionEnd(error)) this.settle("peerReset", "");
    else this.settle("internalError", error instanceof Error ? error.stack ?? String(error) : String(error));
    if (error instanceof SrsError) this.#options.onSrsError?.();
  }

  /** Closes at once. */
  close(reason: CloseReason, detail: string): void {
    this.settle(reason, detail);
    this.#options.host.release();
    this.#options.tcp.close();
  }

  /** Closes once what is to be said has left. */
  finish(reason: CloseReason, detail: string): void {
    this.settle(reason, detail);
    this.#options.host.release();
    this.finishWhenSent();
  }

  /** Ends because of an error: what the client did wrong it should hear. */
  fail(error: unknown): void {
    this.settleError(error);
    this.#options.host.release();
    if (error instanceof SrsError) this.finishWhenSent();
    else this.#options.tcp.close();
  }

  /** Lets what is queued leave before the sending side ends. */
  finishWhenSent(): void {
    if (this.#finishingSinceMs === 0) this.#finishingSinceMs = this.#options.clock.nowMs();
    this.#options.host.wake();
  }

  /** Everything is written: ends the sending side, and gives the client a moment to read. */
  finishNow(): void {
    this.#finishingSinceMs = this.#options.clock.nowMs();
    this.#options.tcp.finish(FINISH_LINGER_MS);
  }

  /** Everything was written, and there was no more. */
  onDrained(): void {
    // Asking for more may have put an end to the client, and last words on their way.
    if (this.#finishingSinceMs > 0 && !this.#options.host.isSending) this.#options.tcp.finish(FINISH_LINGER_MS);
  }

  /**
   * Closes a client that takes nothing; called about once a second.
   *
   * @returns Whether the client goes on.
   */
  tick(nowMs: number): boolean {
    const { tcp, host } = this.#options;
    if (this.#finishingSinceMs > 0) {
      if (nowMs - this.#finishingSinceMs > FINISH_TIMEOUT_MS) tcp.close();
      return false;
    }
    const sent = host.bytesOut;
    if (!host.isSending || sent !== this.#sentAtTick) this.#stalledSinceMs = nowMs;
    this.#sentAtTick = sent;
    if (nowMs - this.#stalledSinceMs <= SEND_TIMEOUT_MS) return true;
    this.close("slowConsumer", `accepted no data for ${SEND_TIMEOUT_MS} ms`);
    return false;
  }

  /** Writes the line that tells of the end. */
  logEnd(): void {
    const { clock, host: { remoteIp, bytesIn, bytesOut }, log, leavesByReset } = this.#options;
    const seconds = ((clock.nowMs() - this.#sinceMs) / 1000).toFixed(1);
    const text = `client ${remoteIp} left after ${seconds} s: ${this.#reason}` +
      `${this.#detail === "" ? "" : `, ${this.#detail}`} (in ${bytesIn} B, out ${bytesOut} B)`;
    if (this.#reason === "internalError") log.error(text);
    else if (this.#reason === null) log.warn(text);
    else if (normalEnds.has(this.#reason) || (leavesByReset && this.#reason === "peerReset")) log.info(text);
    else log.warn(text);
  }
}
