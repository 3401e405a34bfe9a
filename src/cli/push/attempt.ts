import { networkOf } from "../../net/network.ts";
import { systemWorld } from "../../net/system_world.ts";
import type { TimerHandle, Timers } from "../../base/clock.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import { type Span, TRACEPARENT, type Tracer } from "../../base/trace.ts";
import { talkRule } from "../../upstream/redirect_policy.ts";
import { RtmpClient, type RtmpClientHandlers } from "../../upstream/client/rtmp_client.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import type { ClientEvent, ServerStatus } from "../../rtmp/client_session.ts";
import type { PushFeed } from "./feed.ts";
import type { StreamTarget } from "../stream_target.ts";

/** One attempt to publish. */
export interface PushAttemptOptions {
  target: StreamTarget;
  /** Address of the server that redirected here; null for the address that the user gave. */
  redirectedFrom: string | null;
  /** For a target that is asked over TLS. */
  tls?: TlsDialOptions;
  feed: PushFeed;
  timers: Timers;
  /** Null or absent while nobody wants traces. */
  tracer?: Tracer | null;
  /** The server takes the stream. */
  onPublishing(): void;
}

/** How an attempt ended. */
export interface PushOutcome {
  /** A server answered that speaks RTMP. */
  reached: boolean;
  /** How long it published; 0 if it never did. */
  publishedMs: number;
  /** Where the server sends us; with `publishedMs` above 0 it asked us to move. */
  redirect: string | null;
  /** What it said when it refused. */
  refusal: ServerStatus | null;
  remoteIp: string;
  error: string;
}

const CONNECT_TIMEOUT_MS = 5000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** OBS and ffmpeg use less, some servers refuse more than 65536. */
const CHUNK_SIZE_BYTES = 4096;
/** A server that takes nothing for this long is gone. */
const STALL_TIMEOUT_MS = 15_000;
const WATCH_MS = 1000;

/** One connection to one server that publishes, from dialling to the end. */
export class PushAttempt implements RtmpClientHandlers {
  /** Settles when it is over; never rejects. */
  readonly finished: Promise<PushOutcome>;
  readonly #options: PushAttemptOptions;
  readonly #finish: (outcome: PushOutcome) => void;
  readonly #abort = new AbortController();
  /** From dialling until the server takes the stream. */
  readonly #trace: Span | null;
  #client: RtmpClient | null = null;
  #timer: TimerHandle | null = null;
  #isReached = false;
  #isConnected = false;
  #publishingSinceMs = 0;
  #over = false;
  /** Why we leave, while the last words are on their way. */
  #farewell: string | null = null;
  #redirect: string | null = null;

  constructor(options: PushAttemptOptions) {
    const { promise, resolve } = Promise.withResolvers<PushOutcome>();
    this.finished = promise;
    this.#finish = resolve;
    this.#options = options;
    const { target: { host, port }, tracer } = options;
    const attributes = { "server.address": host, "server.port": port };
    this.#trace = tracer?.start("push", null, { kind: "client", attributes }) ?? null;
    this.#dial();
  }

  /** Unpublishes what is being published and ends, at the latest after `limitMs`. */
  stop(limitMs: number): void {
    this.#leave({ error: "stopped" }, limitMs);
  }

  onMedia(): void {}

  onHandshake(): void {
    this.#isReached = true;
  }

  onEvent(event: ClientEvent): void {
    if (this.#farewell !== null) return;
    switch (event.kind) {
      case "connected":
        this.#isConnected = true;
        return;
      case "ready":
        return this.#onReady();
      case "redirect":
        return this.#end({ error: "redirected", redirect: event.url });
      case "reconnectRequest":
        this.#redirect = event.tcUrl;
        return this.#leave({ error: "the server asks to reconnect" }, 2000);
      case "refused":
        return this.#end({ error: `${event.status.code} ${event.status.description}`, refusal: event.status });
    }
  }

  onEnd(error: UpstreamError): void {
    if (this.#farewell !== null) return this.#end({ error: this.#farewell });
    this.#end({ error: `${error.message}${this.#hint(error)}` });
  }

  async #dial(): Promise<void> {
    const { target, tls = {}, redirectedFrom, timers } = this.#options;
    try {
      const client = await RtmpClient.connect({
        host: target.host,
        port: target.port,
        tls: target.tls ? tls : null,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        network: networkOf(systemWorld),
        timers,
        session: {
          role: "publish",
          tcUrl: target.tcUrl,
          app: target.app,
          name: target.name,
          chunkSizeBytes: CHUNK_SIZE_BYTES,
          handshake: "digest",
          canReconnect: true,
          ...(this.#trace === null ? {} : { connectArgs: { [TRACEPARENT]: this.#trace.traceparent } }),
        },
        signal: this.#abort.signal,
        mayTalkTo: talkRule(redirectedFrom),
      }, this);
      this.#client = client;
      if (this.#over) client.close();
    } catch (error) {
      this.#end({ error: error instanceof UpstreamError ? error.message : describeError(error) });
    }
  }

  /** Servers that refuse without a word (SRS, nginx-rtmp) leave it to the user to guess. */
  #hint({ codeName }: UpstreamError): string {
    if (codeName !== "StConnect" || this.#publishingSinceMs > 0) return "";
    if (this.#isConnected) return " instead of accepting the stream: is it in use, or is publishing not allowed?";
    return this.#isReached ? " instead of answering connect: is the app spelled correctly?" : "";
  }

  #onReady(): void {
    const { feed, timers, onPublishing } = this.#options;
    this.#publishingSinceMs = timers.nowMs();
    this.#trace?.end();
    feed.attach(this.#client!);
    onPublishing();
    this.#watch();
  }

  #watch(): void {
    const { feed, timers } = this.#options;
    this.#timer = timers.after(WATCH_MS, () => {
      if (feed.lagMs() < STALL_TIMEOUT_MS) this.#watch();
      else this.#end({ error: `${this.#options.target.text}: the server accepted no data for ${STALL_TIMEOUT_MS} ms` });
    });
  }

  /** Tells the server that the stream ends; what waits to be sent goes first. */
  #leave(outcome: { error: string }, limitMs: number): void {
    if (this.#over || this.#farewell !== null) return;
    if (this.#client === null || this.#publishingSinceMs === 0) return this.#end(outcome);
    this.#farewell = outcome.error;
    this.#options.feed.detach();
    this.#client.unpublish();
    this.#timer?.cancel();
    this.#timer = this.#options.timers.after(limitMs, () => this.#end(outcome));
  }

  #end(outcome: { error: string; redirect?: string; refusal?: ServerStatus }): void {
    if (this.#over) return;
    this.#over = true;
    this.#trace?.end(outcome.error);
    const { feed, timers } = this.#options;
    const publishedMs = this.#publishingSinceMs === 0 ? 0 : Math.max(1, timers.nowMs() - this.#publishingSinceMs);
    if (publishedMs > 0) feed.detach();
    this.#abort.abort();
    this.#timer?.cancel();
    this.#client?.close();
    this.#finish({
      reached: this.#isReached,
      publishedMs,
      redirect: outcome.redirect ?? this.#redirect,
      refusal: outcome.refusal ?? null,
      remoteIp: this.#client?.remoteIp ?? "",
      error: outcome.error,
    });
  }
}
