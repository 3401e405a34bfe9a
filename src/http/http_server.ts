import type { ListenAddress } from "../config/mod.ts";
import { listenHere, type ListenSocket } from "../net/tcp_listener.ts";
import type { ServerContext } from "../server/context.ts";
import { apiRoutes } from "./api.ts";
import { summaries } from "./api_system.ts";
import { consoleMount } from "./console.ts";
import { Exporter } from "./exporter.ts";
import { HttpListener } from "./http_listener.ts";
import { mountExtension } from "./mount_path.ts";
import { type ApiContext, type ApiServer, mountRoutes } from "./route.ts";
import { type Mount, Router } from "./router.ts";
import { sharedMount } from "./shared_mount.ts";
import { staticMount } from "./static_mount.ts";
import { servedExtensions, streamFormat } from "./stream_format.ts";
import { streamMount } from "./stream_mount.ts";
import { SystemStats } from "./system_stats.ts";

/** What the API can do besides asking the server. */
export interface HttpServerOptions extends Pick<ApiContext, "reload" | "reloadState" | "drain"> {
  /** Opens the sockets that clients come to; by default in this thread. */
  listen?: ListenSocket;
}

/** The HTTP side of a server: the listeners of `http_api`, `http_server` and `exporter`. */
export class HttpServer {
  readonly #server: ApiServer & ServerContext;
  readonly #system: SystemStats;
  readonly #api: HttpListener;
  /** The same as the API's where both have one address. */
  readonly #web: HttpListener;
  readonly #exporter: Exporter;
  readonly #listen: ListenSocket;
  readonly #policy = () => {
    const { httpServer, httpApi } = this.#server.config;
    return { crossdomain: httpServer.crossdomain, auth: httpApi.auth };
  };

  constructor(server: ApiServer & ServerContext, { listen = listenHere, ...options }: HttpServerOptions = {}) {
    this.#server = server;
    this.#listen = listen;
    this.#system = new SystemStats(server.timers);
    const context = { ...options, server, system: this.#system };
    const api = mountRoutes(apiRoutes, context);
    const files = staticMount(() => server.config);
    const live = streamMount(server, { hasRoom: () => this.#hasRoom, files });
    const { httpApi, httpServer } = server.config;
    const isShared = httpApi.enabled && httpServer.enabled && isSame(httpApi.listen, httpServer.listen);
    const console = consoleMount(server);
    this.#api = this.#listener("HTTP API", isShared ? [live, console, sharedMount(api, files)] : [api, console]);
    this.#web = isShared ? this.#api : this.#listener("HTTP server", [live, files]);
    this.#exporter = new Exporter(context);
    this.#reportSummaries(() => {
      // From the first report on, where neither the API nor the exporter has begun with it.
      this.#system.start();
      return summaries(context);
    });
  }

  /** Port of the API; null when it is off or not started. */
  get port(): number | null {
    return this.#server.config.httpApi.enabled ? this.#api.port : null;
  }

  /** Port of live streams and files; null when `http_server` is off or not started. */
  get webPort(): number | null {
    return this.#server.config.httpServer.enabled ? this.#web.port : null;
  }

  /** Port of the exporter; null when it is off or not started. */
  get exporterPort(): number | null {
    return this.#exporter.port;
  }

  /** Viewers of live streams at this moment. */
  get viewerCount(): number {
    return this.#web.liveCount;
  }

  /**
   * Binds what is on of `http_api.listen`, `http_server.listen` and `exporter.listen`, and begins to serve.
   *
   * @throws {SrsError} `SocketListen` if an address cannot be bound.
   */
  start(): void {
    const { log, config: { httpApi, httpServer, vhosts } } = this.#server;
    if (httpApi.enabled) {
      this.#api.start(httpApi.listen);
      this.#system.start();
      if (httpApi.auth.enabled && vhosts.some(({ cluster }) => cluster.originCluster)) {
        log.warn("http_api.auth is on: coworkers send no password, they will not learn of the streams here");
      }
    }
    if (httpServer.enabled) this.#web.start(httpServer.listen);
    for (const { name, httpRemux } of vhosts) {
      if (!httpRemux.enabled) continue;
      if (!httpServer.enabled) log.warn(`vhost ${name}: http_remux is on, but http_server is off`);
      const extension = mountExtension(httpRemux.mount);
      if (streamFormat(extension) === undefined) {
        log.warn(`vhost ${name}: http_remux cannot make ${extension}, only ${servedExtensions}`);
      }
    }
    this.#exporter.start();
  }

  /**
   * Takes no more viewers; those of this moment stay, and the API answers on. Where both have one address, the mount of
   * live streams turns new viewers away.
   */
  stopAccepting(): void {
    if (this.#web !== this.#api) this.#web.stopAccepting();
  }

  /** Ends the listeners and every connection; may be called again, and started anew. */
  async stop(): Promise<void> {
    this.#reportSummaries(null);
    this.#system.stop();
    await Promise.all([this.#api.stop(), this.#web.stop(), this.#exporter.stop()]);
  }

  #reportSummaries(read: (() => object) | null): void {
    if (this.#server.heartbeat !== undefined) this.#server.heartbeat.summaries = read;
  }

  get #hasRoom(): boolean {
    return this.#server.rtmp.connectionCount + this.viewerCount < this.#server.config.maxConnections;
  }

  #listener(name: string, mounts: readonly Mount[]): HttpListener {
    const { timers, log, config } = this.#server;
    const router = new Router(mounts, this.#policy, log);
    const listen = this.#listen;
    return new HttpListener({ name, router, timers, log, listen, maxConnections: () => config.maxConnections });
  }
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  return a.host === b.host && a.port === b.port;
}
