import type { Logger } from "../../base/log.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource, Player } from "../../stream/live_source.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import type { WireFormat } from "../../stream/wire_format.ts";
import type { SegmentOffer } from "../../stream/segment_offer.ts";
import { type ClientConn, type ClientEntry, clientEntry, type ClientType } from "../client_registry.ts";
import type { ServerContext } from "../context.ts";
import type { IssuedTicket } from "../hls/segment_tickets.ts";
import { sourceOptions } from "../source_options.ts";
import type { PeerServer } from "./peer_server.ts";
import { PlaySupply, type Redirect, type SupplyServer, type SupplySink } from "./supply.ts";
import { PlayTrace, type TraceServer } from "./trace.ts";

/** What playing takes of a server. */
export type PlaybackServer =
  & SupplyServer
  & TraceServer
  & Pick<ServerContext, "sources" | "registry" | "config" | "segmentTickets">;

/** The connection that plays. */
export interface PlaybackHost extends ClientConn {
  readonly log: Logger;
  /** `tcp_nodelay`: small segments leave at once. */
  sendsSmallAtOnce: boolean;
  /** Sends what {@link Playback.next} gives. */
  wake(): void;
  /** Calls `fn` once nothing is on its way any more that {@link Playback.next} gave until now. */
  afterWrite(fn: () => void): void;
}

/** What is played, by whom, and how. */
export interface PlaybackRequest {
  readonly type: ClientType & `${string}-play`;
  readonly protocol: "rtmp" | "flv";
  /** As the log calls it, where that is not RTMP: ` over HTTP`. */
  readonly over?: string;
  readonly url: StreamUrl;
  readonly vhost: VhostHandle;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** Other bytes than RTMP chunks. */
  readonly format?: (source: LiveSource) => WireFormat;
  /** Null for a client that cannot be sent elsewhere. */
  readonly redirect: Redirect | null;
  /** The server that plays the stream for its own players; null for a person. */
  readonly server: PeerServer | null;
  /** When the client asked, by the clock of the server: before anybody judged whether it may. */
  readonly askedMs: number;
  /** Servers that the play came through. */
  readonly via: readonly string[];
  /** The highest epoch of the stream that the client has seen, as it says. */
  readonly seenEpoch?: number | null;
  /** An origin relays the stream to others. */
  readonly isRelay?: boolean;
  /** Span of the server that asks; null for a player. */
  readonly traceparent: string | null;
}

/** What becomes of a playback that its connection has to act upon. */
export interface PlaybackSink {
  /** The stream has a publisher from now on, or no longer. */
  onPublishChange(active: boolean): void;
  /** As {@link Player.onPublishFacts}. */
  onPublishFacts?(): void;
  /** Nobody has the stream, for as long as players are held. */
  onNotFound(reason: string): void;
}

/** A player further behind than this is moved on, whatever `queue_length` says: all that it has yet to get is kept. */
const MAX_LAG_BYTES = 128 * 1024 * 1024;

/**
 * One client plays one stream, whatever it speaks: its place in the source's log, where the media comes from, its entry
 * in the book of clients, its trace, and the bound of its lag. Disposing ends it.
 */
export class Playback implements Player, SupplySink, Disposable {
  readonly source: LiveSource;
  readonly cursor: PlayCursor;
  readonly vhost: VhostHandle;
  readonly #server: PlaybackServer;
  readonly #host: PlaybackHost;
  readonly #sink: PlaybackSink;
  readonly #entry: ClientEntry;
  readonly #supply: PlaySupply;
  #trace: PlayTrace | null;
  /** Until the first frame is sent. */
  #isWaiting = true;
  readonly #askedMs: number;
  #ticket: IssuedTicket | null = null;
  #isHasty = false;

  constructor(server: PlaybackServer, host: PlaybackHost, request: PlaybackRequest, sink: PlaybackSink) {
    const { url, vhost, protocol, format, over = "" } = request;
    this.#server = server;
    this.#host = host;
    this.vhost = vhost;
    this.#sink = sink;
    this.#askedMs = request.askedMs;
    const source = server.sources.findOrCreate(url.key, () => sourceOptions(vhost.now));
    this.source = source;
    this.cursor = source.attach(this, format?.(source) ?? null);
    const { type, tcUrl, pageUrl, swfUrl, server: peer, traceparent } = request;
    const asked = { type, url, tcUrl, pageUrl, swfUrl, server: peer, sinceMs: server.timers.nowMs() };
    this.#entry = clientEntry(host, asked, () => this.cursor.droppedPackets);
    server.registry.add(this.#entry);
    host.log.info(`play ${url.key}${over} from ${host.remoteIp}`);
    this.#trace = PlayTrace.begin(server, {
      source,
      protocol,
      clientId: host.id,
      clientIp: host.remoteIp,
      traceparent,
    });
    const trace = this.#trace?.span ?? null;
    this.#supply = new PlaySupply(server, { ...request, source, remoteIp: host.remoteIp, trace }, this);
  }

  /** The stream comes from another server. */
  get isPulled(): boolean {
    return this.#supply.isPulled;
  }

  /** Where a server that plays the stream finds its segments; null if this one serves none. */
  segmentOffer(): SegmentOffer | null {
    const { httpServer } = this.#server.config;
    if (!this.vhost.now.hls.enabled || !httpServer.enabled) return null;
    this.#ticket ??= this.#server.segmentTickets.issue(this.source.key);
    return { ticket: this.#ticket.text, port: httpServer.listen.port };
  }

  /** The client makes low-latency HLS of it: it gets what comes sooner than others, and so does this server. */
  hasten(): void {
    this.#isHasty = true;
    this.source.early.add(this);
    this.#supply.hasten();
  }

  /** The client is about to be sent elsewhere: it gets nothing. */
  get isSearching(): boolean {
    return this.#supply.isSearching;
  }

  /** The next bytes to send, or null when there are none now; see {@link PlayCursor.next}. */
  next(maxPackets?: number): Uint8Array | null {
    const view = this.cursor.next(maxPackets);
    if (view !== null && this.#isWaiting) this.#onSent();
    return view;
  }

  /** The client's place, once its bytes are those of the log from here on, and nothing else. */
  followed(): PlayCursor | null {
    return this.#isWaiting || this.#isHasty || !this.cursor.owesNothing ? null : this.cursor;
  }

  wake(): void {
    this.#host.wake();
  }

  onPublishChange(active: boolean): void {
    if (active) {
      this.#trace?.onFed();
      this.#supply.onPublish();
    } else this.#supply.onUnpublish();
    this.#sink.onPublishChange(active);
  }

  onPublishFacts(): void {
    this.#sink.onPublishFacts?.();
  }

  onNotFound(reason: string): void {
    this.#trace?.end(reason);
    this.#sink.onNotFound(reason);
  }

  /** The client is sent to this address. */
  onRedirected(address: string): void {
    this.#trace?.onRedirect(address);
  }

  /** Moves a client on that is too far behind; called about once a second. @param paused It is so by its own will. */
  tick(paused = false): void {
    const { tcpNodelay, minLatency } = this.vhost.now;
    // Not before: what begins a play is many small writes, each of which would wait for the one before to arrive.
    this.#host.sendsSmallAtOnce = tcpNodelay || minLatency;
    const lagMs = this.cursor.lagMs();
    if (lagMs <= this.source.options.queueLengthMs && this.cursor.lagBytes() <= MAX_LAG_BYTES) return;
    const dropped = this.cursor.jumpToKeyframe();
    if (paused) return;
    this.#host.log.warn(`player is ${lagMs} ms behind: dropped ${dropped} packets to continue at the newest keyframe`);
  }

  /** Bytes are on their way to the client. */
  #onSent(): void {
    const { videoFrames, audioFrames } = this.source.stats;
    // Else these are no more than headers.
    if (videoFrames + audioFrames === 0) return;
    this.#isWaiting = false;
    const { registry, timers } = this.#server;
    registry.firstFrames.note(this.#entry.server === null ? "viewer" : "server", timers.nowMs() - this.#askedMs);
    this.#trace?.end();
    this.#trace = null;
  }

  [Symbol.dispose](): void {
    // Whoever is sent away, as by an operator, gets nothing more; the last segments are for those who played to the end.
    if (this.source.isActive) this.#ticket?.[Symbol.dispose]();
    else this.#ticket?.linger();
    this.#trace?.end();
    this.#host.afterWrite(() => this.cursor.release());
    this.source.detach(this);
    this.#supply[Symbol.dispose]();
    this.#server.registry.remove(this.#entry);
  }
}
