import type { Span } from "../../base/trace.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { ServerContext } from "../context.ts";

/** What tracing takes of a server. */
export interface TraceServer extends Pick<ServerContext, "tracer" | "timers"> {
  readonly publishers: Pick<ServerContext["publishers"], "active">;
}

/** The play that is traced. */
export interface PlayTraceFacts {
  readonly source: LiveSource;
  readonly protocol: "rtmp" | "flv";
  readonly clientId: string;
  readonly clientIp: string;
  /** Of the server that plays the stream for its own players; null for a player. */
  readonly traceparent: string | null;
}

/** The steps of one play, from its request to the first frame on its way, or to a redirect. */
export class PlayTrace {
  /** The play as a whole. */
  readonly span: Span;
  readonly #server: TraceServer;
  readonly #source: LiveSource;
  #redirect: Span | null = null;
  #publish: Span | null = null;
  #firstFrame: Span | null = null;

  private constructor(span: Span, server: TraceServer, source: LiveSource) {
    this.span = span;
    this.#server = server;
    this.#source = source;
    if (source.isActive) this.onFed();
  }

  /** Null while nobody wants traces. */
  static begin(server: TraceServer, facts: PlayTraceFacts): PlayTrace | null {
    const { source, protocol, clientId, clientIp, traceparent } = facts;
    const attributes = {
      "srs.stream": source.key,
      "srs.client_id": clientId,
      "client.address": clientIp,
      "network.protocol.name": protocol,
    };
    const span = server.tracer?.start("play", traceparent, { kind: "server", attributes });
    return span === undefined ? null : new PlayTrace(span, server, source);
  }

  /** Somebody feeds the source from now on. */
  onFed(): void {
    if (this.#firstFrame !== null) return;
    this.#firstFrame = this.span.child("first frame");
    const publisher = this.#source.fedBy === "client" ? this.#server.publishers.active(this.#source.key) : null;
    if (publisher === null) return;
    const { sinceMs, traceparent = null } = publisher;
    // What the publisher adds to this trace; the publish as such began long ago, it may be, in one of its own.
    this.#publish = this.span.child("publish", {
      attributes: { "srs.publish.age_ms": Math.round(this.#server.timers.nowMs() - sinceMs) },
      ...(traceparent === null ? {} : { link: traceparent }),
    });
  }

  onRedirect(address: string): void {
    // Not the parameters: there are passwords among them.
    this.#redirect = this.span.child("redirect", { attributes: { "url.full": address.replace(/[?#].*/s, "") } });
  }

  /** The play is over, or its first frame sent. */
  end(error?: string): void {
    for (const step of [this.#publish, this.#firstFrame, this.#redirect]) step?.end(error);
    this.span.end(error);
  }
}
