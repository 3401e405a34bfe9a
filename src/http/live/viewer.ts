import { afterLimit, type TimerHandle } from "../../base/clock.ts";
import { concatBytes } from "../../base/bytes.ts";
import { describeError, RequestDenied } from "../../base/errors.ts";
import type { VhostConfig, VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import { Admission, type AdmissionServer, type Admitted } from "../../server/access/admission.ts";
import type { ServerContext } from "../../server/context.ts";
import type { PeerServer } from "../../server/play/peer_server.ts";
import { Playback, type PlaybackServer, type PlaybackSink } from "../../server/play/playback.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { DISCONTINUITIES_HEADER, EPOCH_HEADER, markHeader, ZERO_HEADER } from "../../stream/publish_facts.ts";
import { SEGMENT_PORT_HEADER, TICKET_HEADER } from "../../stream/segment_offer.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import { refusal } from "../envelope.ts";
import { type Carrier, endOf, framePiece } from "./carrier.ts";
import type { LiveHost, LiveViewer } from "./live_answer.ts";
import type { StreamFormat, Tracks } from "../format/stream_format.ts";
import { admissionClient, shownTcUrl } from "./viewer_client.ts";
import { encodeCloseFrame, encodeControlFrame, WebSocketReader } from "./websocket_reader.ts";

/** What a viewer takes of a server. */
export type ViewerServer = PlaybackServer & AdmissionServer & Pick<ServerContext, "limits" | "health">;

/** What a viewer asked for. */
export interface ViewerRequest {
  readonly url: StreamUrl;
  readonly format: StreamFormat;
  readonly carrier: Carrier;
  /** Media that the client wants. */
  readonly tracks: Tracks;
  /** The answer for the moment that the stream is there. */
  readonly status: number;
  readonly headers: Headers;
  /** HEAD: no more than the answer. */
  readonly headOnly: boolean;
  readonly pageUrl: string;
  /** Span of the server that asks; null for other viewers. */
  readonly traceparent: string | null;
  /** The server that plays the stream for its own players; null for a person. */
  readonly server: PeerServer | null;
  /** What a server of our kind says of itself; null for other viewers. */
  readonly node: string | null;
  /** Servers that the play came through; null if the client is not a server of this kind. */
  readonly via: readonly string[] | null;
  /** A server that wants what comes at once. */
  readonly isHasty: boolean;
  /** The highest epoch of the stream that it has seen; null if it does not say. */
  readonly seenEpoch: number | null;
  /** Where the client should go instead, if another server has the stream. */
  findElsewhere(
    vhost: VhostConfig,
    source: LiveSource | undefined,
    isWanted: () => boolean,
  ): Promise<string | null>;
}

const NORMAL_CLOSURE = 1000;
/** A preliminary answer: the request is in work (RFC 2518 §10.1). */
const PROCESSING = 102;
/** How long a stream may be away that may turn up at another server. */
const MAX_AWAY_MS = 5000;

/**
 * A client that watches a stream over HTTP or a WebSocket: a place in the log of its wire format, as an RTMP player is.
 *
 * It is answered when there is something to send: a viewer that comes before its publisher waits up to `owner_timeout`,
 * then gets a 404. When the stream ends, so does the answer, in a way that tells the end from a cut; in a cluster some
 * seconds later, as the stream may turn up at another server.
 */
export class StreamViewer implements LiveViewer, PlaybackSink {
  readonly #host: LiveHost;
  readonly #server: ViewerServer;
  readonly #request: ViewerRequest;
  readonly #admission: Admission;
  readonly #webSocket: WebSocketReader | null;
  readonly #askedMs: number;
  #place: Disposable | null = null;
  /** As long as it is here, the server that it is counts as being there. */
  #presence: Disposable | null = null;
  #admitted: Admitted | null = null;
  /** Once it is let in. */
  #playback: Playback | null = null;
  #hasStarted = false;
  #hasEnded = false;
  /** The stream is there, but none of the media that the client wants. */
  #startsAnyway = false;
  /** The stream has ended: once everything is sent, so does this client. */
  #endsWhenSent = false;
  #waitTimer: TimerHandle | null = null;
  #endTimer: TimerHandle | null = null;
  #pong: Uint8Array | null = null;

  constructor(host: LiveHost, server: ViewerServer, request: ViewerRequest) {
    this.#host = host;
    this.#server = server;
    this.#request = request;
    this.#askedMs = server.timers.nowMs();
    this.#admission = new Admission(server, admissionClient(host, request.url, request.pageUrl), false);
    this.#webSocket = request.carrier !== "webSocket" ? null : new WebSocketReader({
      onPing: (payload) => this.#onPing(payload),
      onClose: () => this.#closeWebSocket(NORMAL_CLOSURE),
      onBroken: (code) => this.#closeWebSocket(code),
    });
    this.#begin();
  }

  onPublishChange(active: boolean): void {
    this.#endTimer?.cancel();
    this.#endsWhenSent = false;
    if (active || !this.#hasStarted) return;
    const { isPulled, vhost } = this.#playback!;
    // Not at once even here: another publisher may be about to take the stream over.
    const awayMs = isPulled ? Math.min(vhost.now.cluster.ownerTimeoutMs, MAX_AWAY_MS) : 0;
    this.#endTimer = this.#server.timers.after(awayMs, () => {
      this.#endsWhenSent = true;
      this.#host.wake();
    });
  }

  onNotFound(reason: string): void {
    if (this.#hasStarted) return;
    this.#host.answer(refusal(404, reason), "refused", reason);
  }

  next(): Uint8Array | null {
    const pong = this.#pong;
    this.#pong = null;
    if (pong !== null) return pong;
    const view = this.#hasStarted ? this.#nextView() : this.#firstView();
    if (view === null && this.#endsWhenSent) this.#finish();
    return view;
  }

  followed(): PlayCursor | null {
    if (this.#playback === null || !this.#hasStarted || this.#pong !== null || this.#endsWhenSent) return null;
    return this.#playback.followed();
  }

  onInput(view: Uint8Array): void {
    this.#webSocket?.push(view);
  }

  tick(): void {
    this.#playback?.tick();
  }

  end(): void {
    this.#hasEnded = true;
    this.#waitTimer?.cancel();
    this.#endTimer?.cancel();
    this.#playback?.[Symbol.dispose]();
    this.#admitted?.end();
    this.#admission.leave();
    this.#place?.[Symbol.dispose]();
    this.#presence?.[Symbol.dispose]();
  }

  async #begin(): Promise<void> {
    const { url, findElsewhere } = this.#request;
    const place = this.#server.limits.enter(this.#host.remoteIp);
    if (typeof place === "string") return this.#refuse(place === "max_connections" ? 503 : 429, `${place} reached`);
    this.#place = place;
    try {
      const admitted = await this.#admission.admit("play", url);
      if (this.#hasEnded) return admitted.end();
      this.#admitted = admitted;
      this.#presence = this.#server.health.hold(this.#request.node, this.#host.remoteIp);
      const elsewhere = await findElsewhere(
        admitted.vhost.now,
        this.#server.sources.find(url.key),
        () => !this.#hasEnded,
      );
      if (this.#hasEnded) return;
      if (elsewhere === null) return this.#attach(admitted.vhost);
      const headers = { location: elsewhere, "cache-control": "no-cache" };
      // Not the parameters: there are passwords among them.
      const detail = `to ${elsewhere.replace(/\?.*/, "")}`;
      this.#host.answer(new Response(null, { status: 302, headers }), "redirected", detail);
    } catch (error) {
      if (this.#hasEnded) return;
      if (!(error instanceof RequestDenied)) return this.#host.close("internalError", describeError(error));
      this.#refuse(error.codeName === "NoVhost" ? 404 : 403, error.message, describeError(error));
    }
  }

  #refuse(status: number, message: string, detail = message): void {
    this.#server.registry.totalErrors++;
    this.#host.answer(refusal(status, message), "refused", detail);
  }

  #attach(vhost: VhostHandle): void {
    const { url, format, carrier, tracks, pageUrl, server, via, traceparent } = this.#request;
    const { guessHasAv, dropIfNotMatch, hasAudio, hasVideo } = vhost.now.httpRemux;
    const drops = dropIfNotMatch && !guessHasAv;
    const carried = { audio: tracks.audio && (!drops || hasAudio), video: tracks.video && (!drops || hasVideo) };
    this.#playback = new Playback(this.#server, this.#host, {
      type: "flv-play",
      protocol: "flv",
      over: carrier === "webSocket" ? " over WebSocket" : " over HTTP",
      url,
      vhost,
      tcUrl: shownTcUrl(url),
      pageUrl,
      swfUrl: "",
      format: (source) => format.wire(source, carrier, carried),
      // Who can be redirected was, by HTTP: everybody else is served through here.
      redirect: null,
      server,
      askedMs: this.#askedMs,
      via: via ?? [],
      seenEpoch: this.#request.seenEpoch,
      traceparent,
    }, this);
    if (this.#request.isHasty) this.#playback.hasten();
    // An edge would take silence for the death of this server.
    if (via !== null && !this.#playback.source.isActive) this.#host.send(this.#host.head(PROCESSING, new Headers()));
    const ownerTimeoutMs = () => vhost.now.cluster.ownerTimeoutMs;
    this.#waitTimer = afterLimit(this.#server.timers, ownerTimeoutMs, (waitedMs) => this.#onWaited(waitedMs));
    this.#host.wake();
  }

  #onWaited(waitedMs: number): void {
    const { source } = this.#playback!;
    if (!source.isActive) {
      return this.#playback!.onNotFound(`no server publishes ${source.key} (waited ${waitedMs} ms)`);
    }
    this.#startsAnyway = true;
    this.#host.wake();
  }

  /** Headers of a filtered log may come out empty. */
  #nextView(): Uint8Array | null {
    let view: Uint8Array | null;
    do view = this.#playback!.next(); while (view !== null && view.length === 0);
    return view;
  }

  #firstView(): Uint8Array | null {
    if (this.#playback === null) return null;
    const { source, vhost } = this.#playback;
    if (!source.hasAudio && !source.hasVideo && !this.#startsAnyway) return null;
    const { status, headers, headOnly, carrier, format } = this.#request;
    const header = format.header(this.#announced(source, vhost.now));
    const view = this.#nextView();
    // Without a header of its own, a format has nothing to wait for: the stream may have no media for it, AAC for MP3.
    if (view === null && header.length > 0 && !this.#startsAnyway) return null;
    this.#hasStarted = true;
    this.#waitTimer?.cancel();
    if (this.#request.via !== null) {
      const { epoch, zeroMs, discontinuities } = source.facts;
      if (epoch > 0) headers.set(EPOCH_HEADER, String(epoch));
      if (zeroMs !== null) headers.set(ZERO_HEADER, String(zeroMs));
      if (discontinuities !== null) headers.set(DISCONTINUITIES_HEADER, markHeader(discontinuities));
      this.#offerSegments(headers);
    }
    const head = this.#host.head(status, headers);
    if (headOnly) {
      this.#host.send(head);
      this.#host.finish("sourceEnded", "HEAD request answered");
      return null;
    }
    // An empty chunk would be the end.
    const piece = header.length === 0 ? header : framePiece(carrier, header);
    return concatBytes(head, piece, view ?? new Uint8Array(0));
  }

  #offerSegments(headers: Headers): void {
    const offer = this.#playback?.segmentOffer() ?? null;
    if (offer === null) return;
    headers.set(TICKET_HEADER, offer.ticket);
    headers.set(SEGMENT_PORT_HEADER, String(offer.port));
  }

  /** What the header of an FLV shall say. */
  #announced(source: LiveSource, { httpRemux }: VhostConfig): { hasAudio: boolean; hasVideo: boolean } {
    const { tracks } = this.#request;
    const { hasAudio, hasVideo } = httpRemux.guessHasAv ? source : httpRemux;
    return { hasAudio: tracks.audio && hasAudio, hasVideo: tracks.video && hasVideo };
  }

  #finish(): void {
    const reason = `publisher of ${this.#request.url.key} left`;
    this.#host.send(endOf(this.#request.carrier));
    this.#host.finish("sourceEnded", reason);
  }

  #onPing(payload: Uint8Array): void {
    if (!this.#hasStarted) return;
    // The newest is enough (RFC 6455 §5.5.3): who pings and does not read must not fill the memory.
    this.#pong = encodeControlFrame("pong", payload);
    this.#host.wake();
  }

  #closeWebSocket(code: number): void {
    if (this.#hasStarted) this.#host.send(encodeCloseFrame(code));
    if (code === NORMAL_CLOSURE) this.#host.finish("peerClosed", "");
    else this.#host.finish("protocolError", `malformed WebSocket frame, closed with code ${code}`);
  }
}
