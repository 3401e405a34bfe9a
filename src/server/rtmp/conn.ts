import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { findVhost, type VhostConfig } from "../../config/mod.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import { type PumpSource, WritePump } from "../../net/write_pump.ts";
import { NODE_MEMBER, ROLE_MEMBER } from "../../rtmp/command.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import {
  RtmpServerSession,
  type SessionEvent,
  type SessionRequest,
  type SessionSink,
} from "../../rtmp/server_session.ts";
import { parseStreamUrl, withoutSecrets } from "../../rtmp/url.ts";
import type { LogPosition } from "../../stream/log_block.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import { addressKey } from "../access/address_counter.ts";
import type { Admitted } from "../access/admission.ts";
import { ClientLife, type ClientLifeHost } from "../client_life.ts";
import type { CloseReason } from "../close_reason.ts";
import type { ServerContext } from "../context.ts";
import { randomId, srsIdentity } from "../identity.ts";
import type { Playing, Publishing, Role, RoleHost } from "./role.ts";
import { readAsItComes, ReadPace } from "./read_pace.ts";
import { type GateSink, type RoleRequest, RtmpGate } from "./gate.ts";
import { PlayRole } from "../play/play_role.ts";
import { PublishRole } from "../publish/publish_role.ts";

/** While it is not known what a client wants. */
const READ_BYTES = 4096;
/** A client that stopped playing or publishing may start again within this time. SRS: 3 minutes. */
const REUSE_TIMEOUT_MS = 180_000;
/** Servers report every 2 s; what comes faster is not looked at. */
const MIN_REPORT_PAUSE_MS = 500;

/**
 * One RTMP client: owner of its socket, its session, and what it came for.
 *
 * Errors end here: each becomes a {@link CloseReason} and one log line.
 */
export class RtmpConn implements SessionSink, PumpSource<LogPosition>, RoleHost, GateSink, ClientLifeHost {
  readonly id: string;
  readonly log: Logger;
  readonly #server: ServerContext;
  readonly #session: RtmpServerSession;
  readonly #tcp: TcpConn;
  readonly #pump: WritePump<LogPosition>;
  readonly #life: ClientLife;
  readonly #gate: RtmpGate;
  #admitted: Admitted | null = null;
  #role: Role | null = null;
  #roleEndedMs = 0;
  #askedMs = 0;
  #bytesIn = 0;
  /** By the last read. */
  #readBytes = 0;
  readonly #reads: ReadPace;
  #reportedMs = 0;
  #isHasty = false;

  constructor(tcp: TcpConn, server: ServerContext) {
    const { timers: clock, registry, world, limits } = server;
    this.#server = server;
    this.id = randomId(world, 8);
    this.log = server.log.withCid(this.id, addressKey(tcp.remoteIp));
    this.#session = new RtmpServerSession(this, {
      random: (count) => world.randomBytes(count),
      nowMs: clock.nowMs(),
      partialBudget: limits.partialBudget,
    });
    this.#tcp = tcp;
    this.#pump = new WritePump(tcp, this);
    this.#reads = new ReadPace(tcp, clock);
    const onSrsError = () => void registry.totalErrors++;
    this.#life = new ClientLife({ tcp, host: this, clock, log: this.log, leavesByReset: false, onSrsError });
    this.#gate = new RtmpGate({ host: this, session: this.#session, server }, this);
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

  get isSending(): boolean {
    return this.#pump.isBusy;
  }

  get isOver(): boolean {
    return this.#life.isOver;
  }

  /** Serves the client until it is gone. Never throws. */
  async run(): Promise<void> {
    this.log.debug(`RTMP connection from ${this.#tcp.remoteIp}:${this.#tcp.remotePort}`);
    try {
      const end = await this.#tcp.readLoop((view) => this.#onBytes(view), {
        bufferBytes: READ_BYTES,
        handOn: (isFull) => this.#handOn(isFull),
      });
      this.#life.settle(end === "peerReset" ? "peerReset" : "peerClosed", "");
    } catch (error) {
      this.#life.settleError(error);
      await this.#sayGoodbye().catch((error) => this.#life.settleError(error));
    } finally {
      this.#endRole();
      this.#pump.stop();
      this.#tcp.close();
      this.#session.close();
      this.#gate.leave();
      if (this.#life.reason !== null) this.#server.registry.ends.note("rtmp", this.#life.reason);
      this.#life.logEnd();
    }
  }

  /** Checks time-outs; called about once a second. */
  tick(nowMs: number): void {
    const { config } = this.#server;
    if (!this.#life.tick(nowMs)) return;
    if (this.#role === null && !this.#gate.isPending) {
      const [sinceMs, limitMs] = this.#roleEndedMs > 0
        ? [this.#roleEndedMs, REUSE_TIMEOUT_MS]
        : [this.#life.sinceMs, config.clientTimeoutMs];
      if (nowMs - sinceMs > limitMs) this.close("timeout", `sent neither publish nor play within ${limitMs} ms`);
    } else this.guard(() => this.#role?.tick(nowMs));
  }

  /** The server is about to stop: a client that can move is told to, one that does nothing is closed. */
  drain(): void {
    if (this.#role === null) this.close("shutdown", "");
    else this.guard(() => this.#role?.drain());
  }

  wake(): void {
    this.#pump.wake();
  }

  afterWrite(fn: () => void): void {
    this.#pump.afterWrite(fn);
  }

  set sendsSmallAtOnce(atOnce: boolean) {
    this.#tcp.noDelay = atOnce;
  }

  get isGathering(): boolean {
    return this.#reads.isGathering;
  }

  readNow(): void {
    this.#reads.readNow();
  }

  expectInput(readBytes: number): void {
    this.#tcp.readBufferBytes = readBytes;
  }

  finish(reason: CloseReason, detail: string): void {
    this.#life.finish(reason, detail);
  }

  close(reason: CloseReason, detail: string): void {
    this.#life.close(reason, detail);
  }

  release(): void {
    this.#reads.readOn();
    this.#endRole();
  }

  next(): Uint8Array | null {
    try {
      return this.#session.takeOutput() ?? this.#player?.nextMedia() ?? null;
    } catch (error) {
      // Others may have asked for it, a publisher or a timer: they go on.
      this.#life.fail(error);
      return null;
    }
  }

  followed(): PlayCursor | null {
    return this.#session.hasOutput ? null : this.#player?.followed() ?? null;
  }

  onDrained(): void {
    this.#life.onDrained();
  }

  onWriteError(error: unknown): void {
    this.#life.fail(error);
  }

  onMedia(message: RtmpMessage): void {
    this.#publisher?.onMedia(message);
  }

  onEvent(event: SessionEvent): void {
    switch (event.kind) {
      case "unpublish":
      case "stopPlay":
        return this.#endRole();
      case "pause":
        return this.#player?.onPause(event.paused);
      case "redirectAnswered":
        return this.#player?.onRedirectAnswered();
      case "haste":
        this.#isHasty = true;
        return this.#player?.onHaste();
      case "serverReport":
        return this.#onServerReport(event.text);
    }
  }

  onRequest(request: SessionRequest): void {
    if (request.kind === "connect") return this.#onConnect(request);
    this.#askedMs = this.#server.timers.nowMs();
    this.#gate.ask(request);
  }

  onAdmitted(request: RoleRequest, admitted: Admitted): void {
    const { vhost, url } = admitted;
    this.#admitted = admitted;
    const client = { host: this, session: this.#session, server: this.#server };
    const role = request.kind === "play"
      ? new PlayRole({ ...client, vhost, askedMs: this.#askedMs }, { ...request, url })
      : new PublishRole({ ...client, admitted }, { ...request, url });
    this.#role = role;
    this.#tcp.isServed = true;
    this.#server.health.greet(this.#session.connectInfo?.args[NODE_MEMBER], this.remoteIp);
    role.start();
    // It may have asked for it before it was let in.
    if (this.#isHasty) this.#player?.onHaste();
  }

  guard(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.#life.fail(error);
    }
  }

  onAnswered(): void {
    this.#publisher?.onBurstEnd();
    this.#pump.wake();
    this.#reads.readOn();
  }

  /** Only of clients that were let in: a server has come for a stream, or brings one. */
  #onServerReport(text: unknown): void {
    const nowMs = this.#server.timers.nowMs();
    if (this.#role === null || nowMs - this.#reportedMs < MIN_REPORT_PAUSE_MS) return;
    this.#reportedMs = nowMs;
    this.#server.health.hear(text, this.remoteIp);
  }

  get #publisher(): Publishing | null {
    return this.#role?.kind === "publish" ? this.#role : null;
  }

  get #player(): Playing | null {
    return this.#role?.kind === "play" ? this.#role : null;
  }

  #onBytes(view: Uint8Array): void {
    this.#bytesIn += view.length;
    this.#readBytes = view.length;
    if (!this.#life.isOver) this.#session.receive(view);
  }

  #handOn(isFull: boolean): void | Promise<void> {
    if (this.#life.isOver) return;
    const hasMore = this.#reads.onRead(this.#readBytes, isFull);
    if (!hasMore) this.#publisher?.onBurstEnd();
    this.#pump.wake();
    // The client sends on while its request is open: it is not read any further until that is answered.
    if (this.#session.isCongested) return this.#reads.hold();
    if (!hasMore) return this.#reads.plan(this.#publisher?.readPlan(this.#readBytes) ?? readAsItComes);
  }

  #onConnect({ id, info }: Extract<SessionRequest, { kind: "connect" }>): void {
    this.#gate.checkConnect(id, info);
    const vhost = this.#connectVhost(info.tcUrl);
    const isOfOurKind = info.args[NODE_MEMBER] !== undefined;
    const identity = {
      ...srsIdentity(this.#server.identity, this.id, this.#tcp.localIp),
      // So a tool can say that the stream has come from somewhere else.
      ...(vhost?.cluster.mode === "remote" ? { [ROLE_MEMBER]: "edge" } : {}),
      ...(isOfOurKind ? this.#server.health.answerMember() : {}),
    };
    this.#session.acceptConnect(id, {
      windowAckBytes: vhost?.outAckSizeBytes ?? 2_500_000,
      assumedWindowBytes: vhost?.inAckSizeBytes ?? 0,
      chunkSizeBytes: vhost?.chunkSizeBytes ?? this.#server.config.chunkSizeBytes,
      identity,
    });
    this.log.info(
      `connect ${withoutSecrets(info.tcUrl)} from ${this.remoteIp}${info.flashVer === "" ? "" : `, ${info.flashVer}`}`,
    );
  }

  /** The vhost as far as the address alone tells it: the stream name may still name another. */
  #connectVhost(tcUrl: string): VhostConfig | undefined {
    try {
      return findVhost(this.#server.config, parseStreamUrl(tcUrl, "livestream").vhost);
    } catch {
      // An address that makes no sense is refused when publish or play tell what was meant.
      return undefined;
    }
  }

  #endRole(): void {
    const role = this.#role;
    const admitted = this.#admitted;
    this.#role = null;
    this.#admitted = null;
    this.#tcp.isServed = false;
    this.#reads.readOn();
    if (role !== null) this.#roleEndedMs = this.#server.timers.nowMs();
    try {
      role?.end();
    } catch (error) {
      this.log.error(`cleaning up after the client failed: ${describeError(error)}`);
    }
    admitted?.end();
  }

  /** After an error: sends what explains it, drops what still comes, waits a moment for the client to go. */
  async #sayGoodbye(): Promise<void> {
    this.release();
    this.#life.finishWhenSent();
    await this.#tcp.readLoop(() => {}, { bufferBytes: READ_BYTES }).catch(() => {});
  }
}
