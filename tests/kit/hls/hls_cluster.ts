import { clip } from "../media/media.ts";
import { Cluster, freePort, isListening, Program, type ServerName, until } from "../launcher.ts";
import { HLS_FORMATS, type HlsFormat } from "./hls_formats.ts";

/** Where a publisher goes. */
export type OriginName = "originA" | "originB";

/** Two origins and an edge as processes, with a vhost for each format of HLS. */
export class HlsCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #httpPorts: Record<ServerName, number>;
  readonly #publishers: Program[] = [];

  private constructor(cluster: Cluster, httpPorts: Record<ServerName, number>) {
    this.cluster = cluster;
    this.#httpPorts = httpPorts;
  }

  /** @param more Directives of `hls` in all vhosts. */
  static async start(formats: readonly HlsFormat[] = HLS_FORMATS, more = "hls_ctx off;"): Promise<HlsCluster> {
    const httpPorts = { originA: freePort(), originB: freePort(), edge: freePort() };
    const cluster = await Cluster.start({
      adapt: (_text, server, { rtmpA, apiA, rtmpB, apiB, edge, apiEdge }) => {
        const own = {
          originA: { rtmp: rtmpA, api: apiA, role: `mode local; origin_cluster on; coworkers 127.0.0.1:${apiB};` },
          originB: { rtmp: rtmpB, api: apiB, role: `mode local; origin_cluster on; coworkers 127.0.0.1:${apiA};` },
          edge: { rtmp: edge, api: apiEdge, role: `mode remote; origin 127.0.0.1:${rtmpA} 127.0.0.1:${rtmpB};` },
        }[server];
        const vhosts = formats.map(({ vhost, rows }) =>
          `vhost ${vhost} { cluster { ${own.role} } http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
             hls { enabled on; ${rows} ${more} } }`
        );
        return `listen ${own.rtmp}; daemon off; srs_log_tank console; pid ./objs/${server}.pid;
          http_api { enabled on; listen ${own.api}; }
          http_server { enabled on; listen ${httpPorts[server]}; }
          ${vhosts.join("\n")}`;
      },
    });
    const rig = new HlsCluster(cluster, httpPorts);
    for (const port of Object.values(httpPorts)) {
      await until(() => isListening(port), 20_000, () => `port ${port}; ${cluster.logs}`);
    }
    return rig;
  }

  /** Root of a server's HTTP server, without a slash behind it. */
  base(server: ServerName): string {
    return `http://127.0.0.1:${this.#httpPorts[server]}`;
  }

  /** Address of the stream's playlist at a server. */
  playlist(server: ServerName, { vhost }: HlsFormat): string {
    return `${this.base(server)}/live/s.m3u8?vhost=${vhost}`;
  }

  /** The clip, again and again in real time, as ffmpeg publishes it to a vhost. */
  publish(origin: OriginName, { vhost }: HlsFormat): Program {
    const port = this.cluster.ports[origin === "originA" ? "rtmpA" : "rtmpB"];
    const url = `rtmp://127.0.0.1:${port}/live/s?vhost=${vhost}`;
    const source = ["-v", "error", "-stream_loop", "-1", "-re", "-i", clip];
    const publisher = new Program(["ffmpeg", ...source, "-c", "copy", "-f", "flv", url]);
    this.#publishers.push(publisher);
    return publisher;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const publisher of this.#publishers) await publisher[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}
