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

/**
 * A player on behalf of all HLS viewers of a stream, who come and go with each request: while it is there, the stream is
 * pulled where others publish it, and its source stays.
 */
export class HlsFeed implements Player, Disposable {
  readonly source: LiveSource;
  readonly #supply: PlaySupply;

  /** @param onNotFound Nobody has the stream, for as long as players are held. */
  constructor(server: HlsFeedServer, request: HlsFeedRequest, onNotFound: (reason: string) => void) {
    const { url, vhost, remoteIp, pageUrl } = request;
    this.source = server.sources.findOrCreate(url.key, () => sourceOptions(vhost.now));
    // Packets come by a tap.
    this.source.attach(this).release();
    const supplied = { url, vhost, source: this.source, redirect: null, pageUrl, swfUrl: "", remoteIp, via: [] };
    this.#supply = new PlaySupply(server, { ...supplied, protocol: "flv" }, { wake: () => {}, onNotFound });
    if (!vhost.now.hls.lowLatency) return;
    this.source.early.add(this);
    this.#supply.hasten();
  }

  wake(): void {}

  onPublishChange(active: boolean): void {
    if (active) this.#supply.onPublish();
    else this.#supply.onUnpublish();
  }

  [Symbol.dispose](): void {
    this.source.detach(this);
    this.#supply[Symbol.dispose]();
  }
}
