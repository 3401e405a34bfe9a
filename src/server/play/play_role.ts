import type { TimerHandle } from "../../base/clock.ts";
import { RequestDenied } from "../../base/errors.ts";
import { readTraceparent, TRACEPARENT } from "../../base/trace.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { SessionRequest } from "../../rtmp/server_session.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource, Player } from "../../stream/live_source.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import { RateMeter } from "../../stream/stats.ts";
import type { ClientEntry } from "../client_registry.ts";
import { isRelay, readPlayPath } from "./play_path.ts";
import { PlayTrace } from "./trace.ts";
import { PlaySupply, type SupplySink } from "./supply.ts";
import { canReconnect, requestMove, type Role, type RoleHost } from "../rtmp/role.ts";
import { SendPacer } from "./send_pacer.ts";
import { sourceOptions } from "../source_options.ts";

type PlayRequest = Extract<SessionRequest, { kind: "play" }>;

/** A player says little: each holds a buffer of this size all the time. */
const READ_BYTES = 512;
/** How long a redirected client may take to confirm before the connection is closed. SRS: 3 s. */
const REDIRECT_WAIT_MS = 3000;
/** A player further behind than this is moved on, whatever `queue_length` says: all that it has yet to get is kept. */
const MAX_LAG_BYTES = 128 * 1024 * 1024;

/**
 * A client that plays a stream: from this server's own source, or on an edge from one that is pulled for it. On an
 * origin of a cluster that lacks the stream the client is held while its owner is searched, then redirected or refused.
 */
export class PlayRole implements Role, Player, SupplySink {
  readonly #host: RoleHost;
  readonly #url: StreamUrl;
  readonly #source: LiveSource;
  readonly #cursor: PlayCursor;
  readonly #entry: ClientEntry;
  readonly #requestId: number;
  readonly #durationMs: number;
  readonly #isEdge: boolean;
  readonly #isRelay: boolean;
  readonly #vhost: VhostHandle;
  readonly #supply: PlaySupply;
  readonly #pacer: SendPacer;
  /** Until the first frame is sent. */
  #trace: PlayTrace | null;
  #hasStarted = false;
  #redirectTimer: TimerHandle | null = null;
  #departure: Disposable | null = null;
  #paused = false;
  /** The publisher left: once everything is sent, so does this client. */
  #endsWhenSent = false;
  #firstTimestampMs: number | null = null;

  /** {@link start} is next. */
  constructor(host: RoleHost, vhost: VhostHandle, request: PlayRequest) {
    const { context, session } = host;
    const via = readPlayPath(session.connectInfo?.args ?? {});
    if (via.includes(context.identity.serviceId)) {
      const reason = `${request.url.key} would be pulled in a circle: this server plays it from the one that asks`;
      session.reject(request.id, "playFailed", reason);
      throw new RequestDenied("SecurityDenied", reason);
    }
    this.#host = host;
    this.#url = request.url;
    this.#requestId = request.id;
    this.#durationMs = request.durationMs;
    this.#vhost = vhost;
    this.#isEdge = session.connectInfo?.args.srs_server !== undefined;
    this.#isRelay = isRelay(session.connectInfo?.args ?? {});
    this.#source = context.sources.findOrCreate(request.url.key, () => sourceOptions(vhost.now));
    this.#cursor = this.#source.attach(this);
    this.#pacer = new SendPacer(this.#cursor, context.timers, () => host.wake());
    this.#entry = this.#register();
    host.log.info(`play ${request.url.key} from ${host.remoteIp}`);
    const info = session.connectInfo;
    this.#trace = PlayTrace.begin(context, {
      source: this.#source,
      protocol: "rtmp",
      clientId: host.id,
      clientIp: host.remoteIp,
      traceparent: readTraceparent(info?.args[TRACEPARENT]),
    });
    this.#supply = new PlaySupply(context, {
      url: this.#url,
      vhost,
      source: this.#source,
      redirect: {
        // Coworkers are known by their plain addresses: over TLS no edge goes there.
        isFollowed: this.#isEdge && !host.isEncrypted,
        onRedirect: (address) => this.#redirect(address),
      },
      pageUrl: info?.pageUrl ?? "",
      swfUrl: info?.swfUrl ?? "",
      protocol: "rtmp",
      remoteIp: host.remoteIp,
      via,
      isRelay: this.#isRelay,
      trace: this.#trace?.span ?? null,
    }, this);
  }

  /** Tells the client. What it has sent meanwhile is heard then, and may end the role already. */
  start(): void {
    const { session } = this.#host;
    session.setChunkSize(this.#source.options.chunkSizeBytes);
    this.#hasStarted = true;
    this.#host.expectInput(READ_BYTES);
    session.accept(this.#requestId);
  }

  wake(): void {
    this.#host.wake();
  }

  onPublishChange(active: boolean): void {
    if (active) {
      this.#trace?.onFed();
      this.#supply.onPublish();
    } else this.#supply.onUnpublish();
    // An SRS edge waits 5 s in silence before it looks elsewhere; the end of the connection tells it at once.
    this.#endsWhenSent = !active && this.#isEdge && !this.#supply.isPulled;
    this.#host.wake();
  }

  nextMedia(): Uint8Array | null {
    if (!this.#hasStarted || this.#paused || this.#redirectTimer !== null || this.#supply.isSearching) return null;
    if (this.#durationMs > 0 && this.#isOver()) {
      this.#host.finish("sourceEnded", `played the ${this.#durationMs} ms asked for`);
      return null;
    }
    const { sendMinIntervalMs } = this.#source.options;
    const view = sendMinIntervalMs > 0 ? this.#pacer.next(sendMinIntervalMs) : this.#cursor.next();
    if (view === null && this.#endsWhenSent && !this.#pacer.isHolding) {
      this.#host.session.sendStatus("playUnpublishNotify");
      this.#host.finish("sourceEnded", `publisher of ${this.#url.key} left`);
    }
    if (view !== null && this.#trace?.onSent()) this.#trace = null;
    return view;
  }

  readPauseMs(): number {
    return 0;
  }

  followed(): PlayCursor | null {
    const isHeld = !this.#hasStarted || this.#paused || this.#redirectTimer !== null || this.#supply.isSearching;
    const isCounted = this.#durationMs > 0 || this.#source.options.sendMinIntervalMs > 0 || this.#trace !== null;
    return isHeld || isCounted || this.#endsWhenSent || !this.#cursor.owesNothing ? null : this.#cursor;
  }

  onPause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#cursor.skipToNewerKeyframe();
    this.#host.wake();
  }

  onNotFound(reason: string): void {
    this.#host.guard(() => this.#host.session.sendStatus("playStreamNotFound", reason));
    this.#trace?.end(reason);
    this.#host.finish("refused", reason);
  }

  onRedirectAnswered(): void {
    this.#host.log.info(`redirect of ${this.#url.key} confirmed by the client`);
    this.#host.finish("redirected", "");
  }

  tick(): void {
    const { tcpNodelay, minLatency } = this.#vhost.now;
    // Not before: what begins a play is many small writes, each of which would wait for the one before to arrive.
    this.#host.sendsSmallAtOnce = tcpNodelay || minLatency;
    const lagMs = this.#cursor.lagMs();
    if (lagMs <= this.#source.options.queueLengthMs && this.#cursor.lagBytes() <= MAX_LAG_BYTES) return;
    const dropped = this.#cursor.jumpToKeyframe();
    if (!this.#paused) {
      this.#host.log.warn(`player is ${lagMs} ms behind, ${dropped} packets dropped up to the newest keyframe`);
    }
  }

  drain(): void {
    const host = this.#host;
    const { drain } = host.context;
    const canMove = canReconnect(host);
    // While its publisher is here, no other server could serve the stream, unless one relays it.
    if (!drain.hasCoworkers(this.#vhost.now)) {
      if (this.#source.fedBy !== "client") requestMove(host);
    } else if (!this.#isRelay && (canMove || this.#isEdge)) {
      // An SRS edge follows a redirect at any time, and faster than the end of its connection.
      this.#departure = drain.search(this.#vhost, this.#url, ({ tcUrl, stream }) => {
        if (canMove) host.guard(() => requestMove(host, tcUrl));
        else this.#redirect(stream);
      });
    }
  }

  end(): void {
    this.#departure?.[Symbol.dispose]();
    this.#redirectTimer?.cancel();
    this.#pacer.stop();
    this.#trace?.end();
    this.#source.detach(this);
    this.#supply[Symbol.dispose]();
    this.#host.context.registry.remove(this.#entry);
  }

  onMedia(): void {}
  onBurstEnd(): void {}

  #redirect(address: string): void {
    const { log, context, session } = this.#host;
    if (this.#redirectTimer !== null) return;
    log.info(`redirect ${this.#url.key} to ${address}`);
    this.#trace?.onRedirect(address);
    this.#redirectTimer = context.timers.after(REDIRECT_WAIT_MS, () => this.#host.finish("redirected", "unconfirmed"));
    this.#host.guard(() => session.redirect(address));
    this.#host.wake();
  }

  #register(): ClientEntry {
    const { id, context, session, remoteIp } = this.#host;
    const host = this.#host;
    const entry: ClientEntry = {
      id,
      type: "rtmp-play",
      url: this.#url,
      tcUrl: session.connectInfo?.tcUrl ?? "",
      pageUrl: session.connectInfo?.pageUrl ?? "",
      swfUrl: session.connectInfo?.swfUrl ?? "",
      ip: remoteIp,
      sinceMs: context.timers.nowMs(),
      recv: new RateMeter(),
      send: new RateMeter(),
      bytesIn: () => host.bytesIn,
      bytesOut: () => host.bytesOut,
      dropped: () => this.#cursor.droppedPackets,
      kick: () => host.close("kicked", "by the HTTP API"),
    };
    context.registry.add(entry);
    return entry;
  }

  #isOver(): boolean {
    const { timestampMs } = this.#cursor;
    this.#firstTimestampMs ??= timestampMs;
    return timestampMs !== null && this.#firstTimestampMs !== null &&
      ((timestampMs - this.#firstTimestampMs) | 0) >= this.#durationMs;
  }
}
