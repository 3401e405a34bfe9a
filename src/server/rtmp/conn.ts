import type { TimerHandle } from "../../base/clock.ts";
import { describeError, ProtocolError, RequestDenied, SrsError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { findVhost, type VhostConfig } from "../../config/mod.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import { type PumpSource, WritePump } from "../../net/write_pump.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import {
  RtmpServerSession,
  type SessionEvent,
  type SessionRequest,
  type SessionSink,
} from "../../rtmp/server_session.ts";
import { parseStreamUrl } from "../../rtmp/url.ts";
import type { LogPosition } from "../../stream/log_block.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import type { Admitted } from "../access/admission.ts";
import type { CloseReason } from "../close_reason.ts";
import type { ServerContext } from "../context.ts";
import { randomId, srsIdentity } from "../identity.ts";
import type { Role, RoleHost } from "./role.ts";
import { type GateSink, type RoleRequest, RtmpGate } from "./gate.ts";
import { PlayRole } from "../play/play_role.ts";
import { PublishRole } from "../publish/publish_role.ts";

/** While it is not known what a client wants. */
const READ_BYTES = 4096;
/** What a refused client may take to read the reason. */
const FINISH_LINGER_MS = 1000;
/** What the last words may take to leave: a client that reads nothing is not waited for longer. */
const FINISH_TIMEOUT_MS = 2000;
/** A write that makes no progress for this long: the player is gone or hopeless. SRS: 30 s. */
const SEND_TIMEOUT_MS = 30_000;
/** A client that stopped playing or publishing may start again within this time. SRS: 3 minutes. */
const REUSE_TIMEOUT_MS = 180_000;

/** Ends that nobody need look into. */
const normalEnds: ReadonlySet<CloseReason> = new Set(["peerClosed", "redirected", "sourceEnded", "kicked", "shutdown"]);

/**
 * One RTMP client: owner of its socket, its session, and what it came for.
 *
 * Errors end here: each becomes a {@link CloseReason} and one log line.
 */
export class RtmpConn implements SessionSink, PumpSource<LogPosition>, RoleHost, GateSink {
  readonly id: string;
  readonly context: ServerContext;
  readonly session: RtmpServerSession;
  readonly log: Logger;
  readonly #tcp: TcpConn;
  readonly #pump: WritePump<LogPosition>;
  readonly #acceptedMs: number;
  readonly #gate: RtmpGate;
  #admitted: Admitted | null = null;
  #role: Role | null = null;
  #roleEndedMs = 0;
  #bytesIn = 0;
  #reason: CloseReason | null = null;
  #detail = "";
  /** When it was decided to close behind the last words; 0 before. */
  #finishingSinceMs = 0;
  #held: PromiseWithResolvers<void> | null = null;
  #pauseTimer: TimerHandle | null = null;
  #sentAtTick = 0;
  #stalledSinceMs: number;

  constructor(tcp: TcpConn, context: ServerContext) {
    const nowMs = context.timers.nowMs();
    this.context = context;
    this.id = randomId(context.world, 8);
    this.log = context.log.withCid(this.id);
    this.session = new RtmpServerSession(this, {
      random: (count) => context.world.randomBytes(count),
      nowMs,
      partialBudget: context.limits.partialBudget,
    });
    this.#tcp = tcp;
    this.#pump = new WritePump(tcp, this);
    this.#acceptedMs = this.#stalledSinceMs = nowMs;
    this.#gate = new RtmpGate(this, this);
  }

  get remoteIp(): string {
    return this.#tcp.remoteIp;
  }

  get isEncrypted(): boolean {
    return this.#tcp.isEncrypted;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#pump.bytesOut;
  }

  get isOver(): boolean {
    return this.#reason !== null;
  }

  /** True for a connection that has neither published nor played yet, or no longer does. */
  get isUnused(): boolean {
    return this.#role === null;
  }

  /** Serves the client until it is gone. Never throws. */
  async run(): Promise<void> {
    this.log.debug(`RTMP connection from ${this.#tcp.remoteIp}:${this.#tcp.remotePort}`);
    try {
      const end = await this.#tcp.readLoop((view) => this.#onBytes(view), { bufferBytes: READ_BYTES });
      this.#settle(end === "peerReset" ? "peerReset" : "peerClosed", "");
    } catch (error) {
      this.#settleError(error);
      await this.#sayGoodbye().catch((error) => this.#settleError(error));
    } finally {
      this.#endRole();
      this.#pump.stop();
      this.#tcp.close();
      this.session.close();
      this.#gate.leave();
      this.#logEnd();
    }
  }

  /** Checks time-outs; called about once a second. */
  tick(nowMs: number): void {
    const { config } = this.context;
    if (this.#finishingSinceMs > 0) {
      if (nowMs - this.#finishingSinceMs > FINISH_TIMEOUT_MS) this.#tcp.close();
      return;
    }
    if (this.#role === null && !this.#gate.isPending) {
      const [sinceMs, limitMs] = this.#roleEndedMs > 0
        ? [this.#roleEndedMs, REUSE_TIMEOUT_MS]
        : [this.#acceptedMs, config.clientTimeoutMs];
      if (nowMs - sinceMs > limitMs) this.close("timeout", `neither publish nor play within ${limitMs} ms`);
    } else this.guard(() => this.#role?.tick(nowMs));
    this.#checkProgress(nowMs);
  }

  /** The server is about to stop: a client that can move is told to, one that does nothing is closed. */
  drain(): void {
    if (this.#role === null) this.close("shutdown", "");
    else this.guard(() => this.#role?.drain());
  }

  wake(): void {
    this.#pump.wake();
  }

  set sendsSmallAtOnce(atOnce: boolean) {
    this.#tcp.noDelay = atOnce;
  }

  expectInput(readBytes: number): void {
    this.#tcp.readBufferBytes = readBytes;
  }

  finish(reason: CloseReason, detail: string): void {
    this.#settle(reason, detail);
    this.#endRole();
    this.#finishWhenSent();
  }

  close(reason: CloseReason, detail: string): void {
    this.#settle(reason, detail);
    this.#endRole();
    this.#tcp.close();
  }

  next(): Uint8Array | null {
    try {
      return this.session.takeOutput() ?? this.#role?.nextMedia() ?? null;
    } catch (error) {
      // Others may have asked for it, a publisher or a timer: they go on.
      this.#fail(error);
      return null;
    }
  }

  followed(): PlayCursor | null {
    return this.session.hasOutput ? null : this.#role?.followed() ?? null;
  }

  onDrained(): void {
    // Asking the role for media may have put an end to it, and last words on their way.
    if (this.#finishingSinceMs > 0 && !this.#pump.isBusy) this.#tcp.finish(FINISH_LINGER_MS);
  }

  onWriteError(error: unknown): void {
    this.#settleError(error);
    this.#tcp.close();
  }

  onMedia(message: RtmpMessage): void {
    this.#role?.onMedia(message);
  }

  onEvent(event: SessionEvent): void {
    switch (event.kind) {
      case "unpublish":
      case "stopPlay":
        return this.#endRole();
      case "pause":
        return this.#role?.onPause(event.paused);
      case "redirectAnswered":
        return this.#role?.onRedirectAnswered();
    }
  }

  onRequest(request: SessionRequest): void {
    if (request.kind === "connect") return this.#onConnect(request);
    this.#gate.ask(request);
  }

  onAdmitted(request: RoleRequest, admitted: Admitted): void {
    const { vhost, url } = admitted;
    this.#admitted = admitted;
    const role = request.kind === "play"
      ? new PlayRole(this, vhost, { ...request, url })
      : new PublishRole(this, admitted, { ...request, url });
    this.#role = role;
    this.#tcp.isServed = true;
    role.start();
  }

  guard(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.#fail(error);
    }
  }

  onAnswered(): void {
    this.#role?.onBurstEnd();
    this.#pump.wake();
    this.#readOn();
  }

  #onBytes(view: Uint8Array): void | Promise<void> {
    this.#bytesIn += view.length;
    if (this.#reason !== null) return;
    this.session.receive(view);
    this.#role?.onBurstEnd();
    this.#pump.wake();
    // The client sends on while its request is open: it is not read any further until that is answered.
    if (this.session.isCongested) return this.#hold();
    const pauseMs = this.#role?.readPauseMs(view.length) ?? 0;
    if (pauseMs === 0) return;
    this.#pauseTimer = this.context.timers.after(pauseMs, () => this.#readOn());
    return this.#hold();
  }

  /** Nothing is read before {@link #readOn}. */
  #hold(): Promise<void> {
    this.#held = Promise.withResolvers();
    return this.#held.promise;
  }

  #readOn(): void {
    this.#pauseTimer?.cancel();
    this.#pauseTimer = null;
    this.#held?.resolve();
    this.#held = null;
  }

  #onConnect({ id, info }: Extract<SessionRequest, { kind: "connect" }>): void {
    this.#gate.checkConnect(id, info);
    const vhost = this.#connectVhost(info.tcUrl);
    const identity = srsIdentity(this.context.identity, this.id, this.#tcp.localIp);
    this.session.acceptConnect(id, {
      windowAckBytes: vhost?.outAckSizeBytes ?? 2_500_000,
      assumedWindowBytes: vhost?.inAckSizeBytes ?? 0,
      chunkSizeBytes: vhost?.chunkSizeBytes ?? this.context.config.chunkSizeBytes,
      identity,
    });
    // Without parameters: they may be secrets.
    this.log.info(
      `connect ${info.tcUrl.replace(/[?#].*/s, "")} from ${this.remoteIp}${
        info.flashVer === "" ? "" : `, ${info.flashVer}`
      }`,
    );
  }

  /** The vhost as far as the address alone tells it: the stream name may still name another. */
  #connectVhost(tcUrl: string): VhostConfig | undefined {
    try {
      return findVhost(this.context.config, parseStreamUrl(tcUrl, "livestream").vhost);
    } catch {
      // An address that makes no sense is refused when publish or play tell what was meant.
      return undefined;
    }
  }

  #checkProgress(nowMs: number): void {
    const sent = this.#pump.bytesOut;
    if (!this.#pump.isBusy || sent !== this.#sentAtTick) this.#stalledSinceMs = nowMs;
    else if (nowMs - this.#stalledSinceMs > SEND_TIMEOUT_MS) {
      this.close("slowConsumer", `took no byte for ${SEND_TIMEOUT_MS} ms`);
    }
    this.#sentAtTick = sent;
  }

  #endRole(): void {
    const role = this.#role;
    const admitted = this.#admitted;
    this.#role = null;
    this.#admitted = null;
    this.#tcp.isServed = false;
    if (role !== null) this.#roleEndedMs = this.context.timers.nowMs();
    try {
      role?.end();
    } catch (error) {
      this.log.error(`end of a client: ${describeError(error)}`);
    }
    admitted?.end();
  }

  #fail(error: unknown): void {
    this.#settleError(error);
    this.#endRole();
    // What the client did wrong it should hear.
    if (error instanceof SrsError) this.#finishWhenSent();
    else this.#tcp.close();
  }

  #settle(reason: CloseReason, detail: string): void {
    this.#readOn();
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#detail = detail;
  }

  #settleError(error: unknown): void {
    if (error instanceof RequestDenied) this.#settle("refused", describeError(error));
    else if (error instanceof ProtocolError) this.#settle("protocolError", describeError(error));
    else this.#settle("internalError", error instanceof Error ? error.stack ?? String(error) : String(error));
    if (error instanceof SrsError) this.context.registry.totalErrors++;
  }

  /** Lets what is queued leave before the sending side ends. */
  #finishWhenSent(): void {
    if (this.#finishingSinceMs === 0) this.#finishingSinceMs = this.context.timers.nowMs();
    this.#pump.wake();
  }

  /** After an error: sends what explains it, drops what still comes, waits a moment for the client to go. */
  async #sayGoodbye(): Promise<void> {
    this.#endRole();
    this.#finishWhenSent();
    await this.#tcp.readLoop(() => {}, { bufferBytes: READ_BYTES }).catch(() => {});
  }

  #logEnd(): void {
    if (this.#reason !== null) this.context.registry.ends.note("rtmp", this.#reason);
    const seconds = ((this.context.timers.nowMs() - this.#acceptedMs) / 1000).toFixed(1);
    const text = `client ${this.remoteIp} left after ${seconds} s: ${this.#reason}` +
      `${this.#detail === "" ? "" : `, ${this.#detail}`} (in ${this.#bytesIn} B, out ${this.bytesOut} B)`;
    if (this.#reason === "internalError") this.log.error(text);
    else if (this.#reason !== null && normalEnds.has(this.#reason)) this.log.info(text);
    else this.log.warn(text);
  }
}
