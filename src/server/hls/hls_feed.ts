import type { VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource, Player } from "../../stream/live_source.ts";
import type { ServerContext } from "../context.ts";
import { PlaySupply, type SupplyServer } from "../play/supply.ts";
import { sourceOptions } from "../source_options.ts";

/** What feeding the HLS of a stream takes of a server. */
export type HlsFeedServer = SupplyServer & Pick<ServerContext, "sources">;

/** Who asked first for the HLS of a stream that is to be had somewhere. */
export interface HlsFeedRequest {
  readonly url: StreamUrl;
  readonly vhost: VhostHandle;
  readonly remoteIp: string;
  readonly pageUrl: string;
}

/** Who has a feed hears of it here. */
export interface HlsFeedSink {
  /** Packets come from this source from now on, which is not found by the key of the stream. */
  onSource(source: LiveSource): void;
  /** Nobody has the stream, for as long as players are held. */
  onNotFound(reason: string): void;
}

/**
 * A player on behalf of all HLS viewers of a stream, who come and go with each request: while it is there, the stream is
 * pulled where others publish it, and its source stays.
 *
 * What is published at an edge is owned by the origin that it is handed on to, by whose clock all servers cut the stream.
 * So it is pulled back from there into a source apart, as by any other edge, for as long as viewers want it.
 */
export class HlsFeed implements Disposable {
  readonly #server: HlsFeedServer;
  readonly #request: HlsFeedRequest;
  readonly #sink: HlsFeedSink;
  readonly #player: FeedPlayer;
  #apart: FeedPlayer | null = null;

  constructor(server: HlsFeedServer, request: HlsFeedRequest, sink: HlsFeedSink) {
    this.#server = server;
    this.#request = request;
    this.#sink = sink;
    const { url, vhost } = request;
    const source = server.sources.findOrCreate(url.key, () => sourceOptions(vhost.now));
    this.#player = new FeedPlayer(server, request, source, {
      isApart: false,
      onNotFound: (reason) => sink.onNotFound(reason),
      onPublishChange: () => this.#choose(),
    });
    this.#choose();
  }

  [Symbol.dispose](): void {
    this.#player[Symbol.dispose]();
    this.#endApart();
  }

  #choose(): void {
    const { source: { fedBy } } = this.#player;
    if (fedBy === "upstream") this.#endApart();
    else if (fedBy === "client" && this.#request.vhost.now.cluster.mode === "remote") this.#pullApart();
    // The publisher has left: its last frames are still on their way back.
    else if (this.#apart?.source.isActive === false) this.#endApart();
  }

  #pullApart(): void {
    if (this.#apart !== null) return;
    const { url, vhost } = this.#request;
    const source = this.#server.sources.createApart(url.key, sourceOptions(vhost.now));
    this.#sink.onSource(source);
    this.#apart = new FeedPlayer(this.#server, this.#request, source, {
      isApart: true,
      onNotFound: (reason) => this.#sink.onNotFound(reason),
      onPublishChange: () => this.#choose(),
    });
  }

  #endApart(): void {
    const apart = this.#apart;
    this.#apart = null;
    apart?.[Symbol.dispose]();
  }
}

/** A player of one source, which it has fed. */
class FeedPlayer implements Player, Disposable {
  readonly source: LiveSource;
  readonly #supply: PlaySupply;
  readonly #onPublishChange: () => void;

  constructor(
    server: HlsFeedServer,
    { url, vhost, remoteIp, pageUrl }: HlsFeedRequest,
    source: LiveSource,
    { isApart, onNotFound, onPublishChange }: {
      readonly isApart: boolean;
      onNotFound(reason: string): void;
      onPublishChange(): void;
    },
  ) {
    this.source = source;
    this.#onPublishChange = onPublishChange;
    // Packets come by a tap.
    source.attach(this).release();
    const supplied = { url, vhost, source, redirect: null, pageUrl, swfUrl: "", remoteIp, via: [], isApart };
    this.#supply = new PlaySupply(server, { ...supplied, protocol: "flv" }, { wake: () => {}, onNotFound });
    if (!vhost.now.hls.lowLatency) return;
    source.early.add(this);
    this.#supply.hasten();
  }

  wake(): void {}

  onPublishChange(active: boolean): void {
    if (active) this.#supply.onPublish();
    else this.#supply.onUnpublish();
    this.#onPublishChange();
  }

  [Symbol.dispose](): void {
    this.source.detach(this);
    this.#supply[Symbol.dispose]();
  }
}
