import type { AmfObject } from "../../amf/amf0.ts";
import type { TimerHandle } from "../../base/clock.ts";
import { RequestDenied } from "../../base/errors.ts";
import { readTraceparent, TRACEPARENT } from "../../base/trace.ts";
import type { VhostHandle } from "../../config/mod.ts";
import { NODE_MEMBER } from "../../rtmp/command.ts";
import type { RtmpServerSession, SessionRequest } from "../../rtmp/server_session.ts";
import { factMembers, type PublishFacts, readEpochMember, readKnownCountMember } from "../../stream/publish_facts.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import { offerMembers } from "../../stream/segment_offer.ts";
import type { ServerContext } from "../context.ts";
import { isRelay, readPlayPath } from "./play_path.ts";
import { peerOfConnect } from "./peer_server.ts";
import { Playback, type PlaybackServer, type PlaybackSink } from "./playback.ts";
import { canReconnect, type Playing, requestMove, type RoleHost, type RoleSession } from "../rtmp/role.ts";
import { SendPacer } from "./send_pacer.ts";

type PlayRequest = Extract<SessionRequest, { kind: "play" }>;

/** What a player needs. */
export interface PlayRoleOptions {
  readonly host: RoleHost;
  readonly session: RoleSession & Pick<RtmpServerSession, "redirect" | "setChunkSize">;
  readonly server: PlayServer;
  readonly vhost: VhostHandle;
  /** When the client asked, by the clock of the server. */
  readonly askedMs: number;
}

/** What an RTMP player takes of a server. */
export interface PlayServer
  extends PlaybackServer, Pick<ServerContext, "identity" | "discontinuities" | "seenPublishes"> {
  readonly drain: Pick<ServerContext["drain"], "isOn" | "search" | "hasCoworkers" | "sentAway">;
}

/** A player says little: each holds a buffer of this size all the time. */
const READ_BYTES = 512;
/** How long a redirected client may take to confirm before the connection is closed. SRS: 3 s. */
const REDIRECT_WAIT_MS = 3000;

/**
 * A client that plays a stream: from this server's own source, or on an edge from one that is pulled for it. On an
 * origin of a cluster that lacks the stream the client is held while its owner is searched, then redirected or refused.
 */
export class PlayRole implements Playing, PlaybackSink {
  readonly kind = "play";
  readonly #host: RoleHost;
  readonly #session: PlayRoleOptions["session"];
  readonly #server: PlayServer;
  readonly #request: PlayRequest;
  readonly #vhost: VhostHandle;
  readonly #isEdge: boolean;
  readonly #isRelay: boolean;
  readonly #isOfOurKind: boolean;
  readonly #playback: Playback;
  readonly #pacer: SendPacer;
  #hasStarted = false;
  /** What the client was told last. */
  #told: PublishFacts = { epoch: 0, zeroMs: null, discontinuities: null };
  #redirectTimer: TimerHandle | null = null;
  #departure: Disposable | null = null;
  #paused = false;
  /** The publisher left: once everything is sent, so does this client. */
  #endsWhenSent = false;
  #firstTimestampMs: number | null = null;

  /** {@link start} is next. */
  constructor({ host, session, server, vhost, askedMs }: PlayRoleOptions, request: PlayRequest) {
    const { tcUrl = "", pageUrl = "", swfUrl = "", args = {} } = session.connectInfo ?? {};
    const via = readPlayPath(args);
    if (via.includes(server.identity.serviceId)) {
      const reason = `pull loop: this server already pulls ${request.url.key} from the server that asks for it`;
      session.reject(request.id, "playFailed", reason);
      throw new RequestDenied("SecurityDenied", reason);
    }
    server.discontinuities.hear(request.url.key, readKnownCountMember(args));
    server.seenPublishes.hear(request.url.key, readEpochMember(args));
    this.#host = host;
    this.#session = session;
    this.#server = server;
    this.#request = request;
    this.#vhost = vhost;
    this.#isEdge = args.srs_server !== undefined;
    this.#isRelay = isRelay(args);
    this.#isOfOurKind = args[NODE_MEMBER] !== undefined;
    this.#playback = new Playback(server, host, {
      type: "rtmp-play",
      protocol: "rtmp",
      url: request.url,
      vhost,
      tcUrl,
      pageUrl,
      swfUrl,
      redirect: {
        // Coworkers are known by their plain addresses: over TLS no edge goes there.
        isFollowed: this.#isEdge && !host.isEncrypted,
        // A server of our kind asks all origins at once, this one among them.
        hasReturned: !canReconnect(session) && server.drain.sentAway.has(this.#client),
        onRedirect: (address) => this.#redirect(address),
      },
      server: peerOfConnect(args),
      askedMs,
      via,
      isRelay: this.#isRelay,
      seenEpoch: readEpochMember(args),
      traceparent: readTraceparent(args[TRACEPARENT]),
    }, this);
    this.#pacer = new SendPacer(this.#playback, server.timers, () => host.wake());
  }

  /** Tells the client. What it has sent meanwhile is heard then, and may end the role already. */
  start(): void {
    this.#session.setChunkSize(this.#playback.source.options.chunkSizeBytes);
    this.#hasStarted = true;
    this.#host.expectInput(READ_BYTES);
    this.#session.accept(this.#request.id, this.#isOfOurKind ? this.#tellFacts() : {});
  }

  onPublishChange(active: boolean): void {
    // An SRS edge waits 5 s in silence before it looks elsewhere; the end of the connection tells it at once.
    this.#endsWhenSent = !active && this.#isEdge && !this.#playback.isPulled;
    if (active) this.onPublishFacts();
    this.#host.wake();
  }

  /** By its epoch a server knows the publish, whether that has metadata or not. */
  onPublishFacts(): void {
    if (!this.#isOfOurKind || !this.#hasStarted) return;
    const { epoch, zeroMs, discontinuities } = this.#playback.source.facts;
    const told = this.#told;
    const isNews = (epoch !== 0 && epoch !== told.epoch) || (zeroMs !== null && zeroMs !== told.zeroMs) ||
      (discontinuities !== null && discontinuities !== told.discontinuities);
    if (!isNews) return;
    const members = this.#tellFacts();
    this.#host.guard(() => this.#session.sendStatus("playPublishNotify", undefined, members));
    this.#host.wake();
  }

  nextMedia(): Uint8Array | null {
    if (this.#isHeld) return null;
    const { durationMs } = this.#request;
    if (durationMs > 0 && this.#isOver()) {
      this.#host.finish("sourceEnded", `played the ${durationMs} ms asked for`);
      return null;
    }
    const { sendMinIntervalMs } = this.#playback.source.options;
    const view = sendMinIntervalMs > 0 ? this.#pacer.next(sendMinIntervalMs) : this.#playback.next();
    if (view === null && this.#endsWhenSent && !this.#pacer.isHolding) {
      this.#session.sendStatus("playUnpublishNotify");
      this.#host.finish("sourceEnded", `publisher of ${this.#request.url.key} left`);
    }
    return view;
  }

  followed(): PlayCursor | null {
    const isCounted = this.#request.durationMs > 0 || this.#playback.source.options.sendMinIntervalMs > 0;
    return this.#isHeld || isCounted || this.#endsWhenSent ? null : this.#playback.followed();
  }

  onPause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#playback.cursor.skipToNewerKeyframe();
    this.#host.wake();
  }

  onHaste(): void {
    if (this.#isOfOurKind) this.#playback.hasten();
  }

  onNotFound(reason: string): void {
    this.#host.guard(() => this.#session.sendStatus("playStreamNotFound", reason));
    this.#host.finish("refused", reason);
  }

  onRedirectAnswered(): void {
    this.#host.log.info(`redirect of ${this.#request.url.key} confirmed by the client`);
    this.#host.finish("redirected", "");
  }

  tick(): void {
    this.#playback.tick(this.#paused);
  }

  drain(): void {
    const { drain } = this.#server;
    const canMove = canReconnect(this.#session);
    // While its publisher is here, no other server could serve the stream, unless one relays it.
    if (!drain.hasCoworkers(this.#vhost.now)) {
      if (this.#playback.source.fedBy !== "client") requestMove(this.#host, this.#session);
    } else if (!this.#isRelay && (canMove || this.#isEdge)) {
      // An SRS edge follows a redirect at any time, and faster than the end of its connection.
      this.#departure = drain.search(this.#vhost, this.#request.url, ({ tcUrl, stream }) => {
        if (canMove) this.#host.guard(() => requestMove(this.#host, this.#session, tcUrl));
        else this.#redirect(stream);
      });
    }
  }

  end(): void {
    this.#departure?.[Symbol.dispose]();
    this.#redirectTimer?.cancel();
    this.#pacer.stop();
    this.#playback[Symbol.dispose]();
  }

  /** Nothing is sent now. */
  get #isHeld(): boolean {
    return !this.#hasStarted || this.#paused || this.#redirectTimer !== null || this.#playback.isSearching;
  }

  /** As it is known again. */
  get #client(): string {
    return `${this.#host.remoteIp} ${this.#request.url.key}`;
  }

  #tellFacts(): AmfObject {
    this.#told = this.#playback.source.facts;
    return { ...factMembers(this.#told), ...offerMembers(this.#playback.segmentOffer()) };
  }

  #redirect(address: string): void {
    if (this.#redirectTimer !== null) return;
    this.#host.log.info(`redirect ${this.#request.url.key} to ${address}`);
    this.#playback.onRedirected(address);
    if (this.#server.drain.isOn) this.#server.drain.sentAway.note(this.#client);
    const giveUp = () => this.#host.finish("redirected", "unconfirmed");
    this.#redirectTimer = this.#server.timers.after(REDIRECT_WAIT_MS, giveUp);
    this.#host.guard(() => this.#session.redirect(address));
    this.#host.wake();
  }

  #isOver(): boolean {
    const { timestampMs } = this.#playback.cursor;
    this.#firstTimestampMs ??= timestampMs;
    return timestampMs !== null && this.#firstTimestampMs !== null &&
      ((timestampMs - this.#firstTimestampMs) | 0) >= this.#request.durationMs;
  }
}
