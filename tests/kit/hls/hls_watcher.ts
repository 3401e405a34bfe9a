import type { HlsCluster } from "./hls_cluster.ts";
import type { HlsFormat } from "./hls_formats.ts";
import { askOver, HlsWatch } from "./hls_watch.ts";
import type { ServerName } from "../launcher.ts";

const RELOAD_MS = 300;
/** Reloads of low latency wait at the server. */
const LEAST_PAUSE_MS = 20;

/** Watches one stream on one server of a cluster until told to stop. */
export class HlsWatcher {
  readonly watch: HlsWatch;
  readonly server: ServerName;
  readonly format: HlsFormat;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(rig: HlsCluster, server: ServerName, format: HlsFormat) {
    this.server = server;
    this.format = format;
    const name = `${server} ${format.name}`;
    this.watch = new HlsWatch(name, askOver(rig.base(server)), `/live/s.m3u8?vhost=${format.vhost}`);
    this.#done = this.#run();
  }

  /** @param isDead The server ends now: what is under way fails with it. */
  async stop(isDead = false): Promise<void> {
    this.#isStopped = true;
    const count = this.watch.troubles.length;
    await this.#done;
    if (isDead) this.watch.troubles.length = count;
  }

  async #run(): Promise<void> {
    const isLow = this.format.partMs > 0;
    while (!this.#isStopped) {
      try {
        if (isLow) await this.watch.lookAhead();
        else await this.watch.look();
      } catch (error) {
        if (!this.#isStopped) this.watch.troubles.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, isLow ? LEAST_PAUSE_MS : RELOAD_MS));
    }
  }
}
