import type { FieldReader } from "../base/field_reader.ts";
import { describeError } from "../base/errors.ts";
import type { Config, ListenAddress } from "../config/mod.ts";
import type { ListenWorld } from "../net/tcp_listener.ts";
import type { CloseReason } from "../server/close_reason.ts";
import type { ServerContext } from "../server/context.ts";
import type { HlsHolder } from "../server/hls/hls_hub.ts";
import { TlsPorts, type TlsPortsOptions } from "../server/tls_ports.ts";
import { clientAddress } from "./access/client_address.ts";
import { describeAccess } from "./access/describe_access.ts";
import { openPolicy, policyOf } from "./access/policy.ts";
import { healthRoutes } from "./api/health.ts";
import { apiRoutes } from "./api/routes.ts";
import { summaries, VERSIONS_PATH } from "./api/system.ts";
import { consoleMount, playerMount } from "./console/mount.ts";
import { consoleRoutes } from "./console/api.ts";
import { exporterMount } from "./metrics/exporter_route.ts";
import { hlsMount } from "./hls/mount.ts";
import { HttpListener } from "./listener.ts";
import { mountExtension } from "./live/mount_path.ts";
import { type ApiContext, type ApiServer, mountRoutes } from "./api/route.ts";
import { type Mount, Router } from "./router.ts";
import { sharedMount } from "./files/shared_mount.ts";
import { staticMount } from "./files/static_mount.ts";
import { servedExtensions, streamFormat } from "./format/stream_format.ts";
import { streamMount } from "./live/mount.ts";
import { mainAddress } from "../base/local_address.ts";
import { ProcessStats } from "./system/process_stats.ts";
import { SystemStats } from "./system/stats.ts";
import { formatHost } from "../rtmp/url.ts";

/** The machine's address is told to others for so long before it is asked for again. */
const ADDRESS_MS = 30_000;

/** What the API can do besides asking the server. */
export type HttpServerOptions = Pick<ApiContext, "reload" | "reloadState" | "drain">;

/**
 * Scrapers at a time; those without a request give way to new ones. They fit into the 128 files that are free beside
 * `max_connections`: whatever comes to the exporter, clients find their place.
 */
const MAX_EXPORTER_CONNECTIONS = 64;

/** The HTTP side of a server: the listeners of `http_api`, `http_server` and `exporter`. */
export class HttpServer {
  readonly #server: ApiServer & ServerContext & HlsHolder;
  readonly #system: SystemStats;
  readonly #process: ProcessStats;
  readonly #api: HttpListener;
  readonly #secureApi: HttpListener;
  /** The same as the API's where both have one address. */
  readonly #web: HttpListener;
  readonly #secureWeb: HttpListener;
  /** The certificates of `https`, which a reload reads again. */
  readonly certificates: readonly TlsPorts[];
  readonly #apiCertificate: TlsPorts;
  readonly #webCertificate: TlsPorts;
  readonly #exporter: HttpListener;
  readonly #policy = () => policyOf(this.#server);

  constructor(server: ApiServer & ServerContext & HlsHolder, options: HttpServerOptions = {}) {
    const { world } = server;
    this.#server = server;
    this.#system = new SystemStats(world);
    this.#process = new ProcessStats(world);
    const context = { ...options, server, system: this.#system };
    const api = mountRoutes([...apiRoutes, ...consoleRoutes], context);
    const files = staticMount(server);
    const live = streamMount(server, files);
    const hls = hlsMount(server, files);
    const { httpApi, httpServer } = server.config;
    const isShared = httpApi.enabled && httpServer.enabled && isSame(httpApi.listen, httpServer.listen);
    const console = consoleMount();
    const apiHttps = ({ httpApi: own, httpServer: web }: Config) => (isShared && web.https.enabled ? web : own).https;
    const apiCertificate = this.#certificate("http_api.https", (config) => {
      const https = apiHttps(config);
      return https.enabled ? https : null;
    }, apiHttps);
    const webCertificate = isShared
      ? apiCertificate
      : this.#certificate("http_server.https", ({ httpServer: { enabled, https } }) => {
        return enabled && https.enabled ? https : null;
      }, (config) => config.httpServer.https);
    this.#apiCertificate = apiCertificate;
    this.#webCertificate = webCertificate;
    this.certificates = [...new Set([apiCertificate, webCertificate])];
    const apiRouter = this.#router(isShared ? [hls, live, console, sharedMount(api, files)] : [api, console]);
    this.#api = this.#listener("HTTP API", apiRouter, world);
    this.#secureApi = this.#listener("HTTPS API", apiRouter, apiCertificate.world);
    // SRS's proxy asks the HTTP server by its version whether it is there.
    const version = apiRoutes.filter(({ path }) => path === VERSIONS_PATH);
    const health = mountRoutes([...healthRoutes, ...version], context);
    const webRouter = this.#router([hls, live, health, playerMount(files), files]);
    this.#web = isShared ? this.#api : this.#listener("HTTP server", webRouter, world);
    this.#secureWeb = isShared ? this.#secureApi : this.#listener("HTTPS server", webRouter, webCertificate.world);
    // It needs no password, which guards the API alone.
    const exporterRouter = new Router([exporterMount(context)], () => openPolicy, server.log);
    this.#exporter = this.#listener("exporter", exporterRouter, world, MAX_EXPORTER_CONNECTIONS);
    this.#reportSelf(true);
    this.#reportSummaries(() => {
      // From the first report on, where neither the API nor the exporter has begun with it.
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

  /** The same with TLS. */
  get securePort(): number | null {
    const { httpApi } = this.#server.config;
    return httpApi.enabled && httpApi.https.enabled ? this.#secureApi.port : null;
  }

  /** The same with TLS. */
  get secureWebPort(): number | null {
    const { httpServer } = this.#server.config;
    return httpServer.enabled && httpServer.https.enabled ? this.#secureWeb.port : null;
  }

  /** Port of the exporter; null when it is off or not started. */
  get exporterPort(): number | null {
    return this.#exporter.port;
  }

  /** Viewers of live streams at this moment. */
  get viewerCount(): number {
    return this.#web.liveCount + this.#secureWeb.liveCount;
  }

  /**
   * Binds what is on of `http_api.listen`, `http_server.listen` and `exporter.listen`, and begins to serve.
   *
   * @throws {SrsError} `SocketListen` if an address cannot be bound.
   */
  start(): void {
    const { log, config } = this.#server;
    const { httpApi, httpServer, exporter, vhosts } = config;
    for (const certificate of this.certificates) certificate.load(config);
    if (httpApi.enabled) {
      this.#api.start(httpApi.listen);
      log.info(describeAccess(config));
    }
    if (httpServer.enabled) this.#web.start(httpServer.listen);
    this.#startSecure();
    for (const { name, httpRemux } of vhosts) {
      if (!httpRemux.enabled) continue;
      if (!httpServer.enabled) log.warn(`vhost ${name}: http_remux has no effect until http_server is enabled`);
      const extension = mountExtension(httpRemux.mount);
      if (streamFormat(extension) === undefined) {
        log.warn(`vhost ${name}: http_remux cannot make ${extension}, only ${servedExtensions}`);
      }
    }
    if (exporter.enabled) {
      this.#exporter.start(exporter.listen);
    }
  }

  /**
   * Takes no more viewers; those of this moment stay, and the API answers on. Where both have one address, the mount of
   * live streams turns new viewers away.
   */
  stopAccepting(): void {
    if (this.#web === this.#api) return;
    this.#web.stopAccepting();
    this.#secureWeb.stopAccepting();
  }

  /** Ends the listeners and every connection; may be called again, and started again. */
  async stop(): Promise<void> {
    this.#reportSummaries(null);
    this.#reportSelf(false);
    const listeners = [this.#api, this.#secureApi, this.#web, this.#secureWeb, this.#exporter];
    await Promise.all(listeners.map((listener) => listener.stop()));
  }

  #reportSummaries(read: (() => object) | null): void {
    if (this.#server.heartbeat !== undefined) this.#server.heartbeat.summaries = read;
  }

  /** What others of the cluster are told of this process. */
  #reportSelf(isOn: boolean): void {
    const { health, config: { advertise }, world } = this.#server;
    const main = { ip: "", untilMs: -Infinity };
    const mainIp = () => {
      const nowMs = world.nowMs();
      if (nowMs >= main.untilMs) {
        Object.assign(main, { ip: mainAddress(world.interfaces()), untilMs: nowMs + ADDRESS_MS });
      }
      return main.ip;
    };
    health.self.machine = !isOn ? null : () => {
      const { cpuPercent, rssBytes } = this.#process.latest;
      const { listen, enabled } = this.#server.config.httpApi;
      const isAny = listen.host === "0.0.0.0" || listen.host === "::";
      const host = isAny ? advertise?.host ?? mainIp() : listen.host;
      return {
        api: enabled ? `${formatHost(host)}:${this.port ?? listen.port}` : "",
        cpuPercent,
        memoryBytes: rssBytes,
      };
    };
  }

  /** Opens the ports with TLS that have a certificate. */
  #startSecure(): void {
    const { httpApi, httpServer } = this.#server.config;
    if (httpApi.enabled && httpApi.https.enabled && this.#apiCertificate.isUsable) {
      this.#secureApi.start(httpApi.https.listen);
    }
    if (httpServer.enabled && httpServer.https.enabled && this.#webCertificate.isUsable) {
      this.#secureWeb.start(httpServer.https.listen);
    }
  }

  #certificate(
    name: string,
    files: TlsPortsOptions["files"],
    https: (config: Config) => { readonly http2: boolean },
  ): TlsPorts {
    const { log, world } = this.#server;
    const onMended = () => {
      try {
        this.#startSecure();
      } catch (error) {
        log.error(`${name}: ${describeError(error)}`);
      }
    };
    const protocols = () => https(this.#server.config).http2 ? ["h2", "http/1.1"] : [];
    return new TlsPorts({ name, log, world, files, protocols, onMended });
  }

  #router(mounts: readonly Mount[]): Router {
    return new Router(mounts, this.#policy, this.#server.log);
  }

  #listener(name: string, router: Router, ports: ListenWorld, most = Infinity): HttpListener {
    const { world, log, registry } = this.#server;
    const maxConnections = () => Math.min(this.#server.config.maxConnections, most);
    const onLiveEnd = (reason: CloseReason) => registry.ends.note("http", reason);
    const clientOf = (peerIp: string, headers: FieldReader) =>
      clientAddress(peerIp, headers, this.#server.config.trustedProxies);
    return new HttpListener({
      name,
      router,
      world,
      log,
      ports,
      maxConnections,
      onLiveEnd,
      clientAddress: clientOf,
    });
  }
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  return a.host === b.host && a.port === b.port;
}
