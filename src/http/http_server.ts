import { SrsError } from "../base/errors.ts";
import { formatHost } from "../rtmp/url.ts";
import { apiRoutes } from "./api.ts";
import { summaries } from "./api_system.ts";
import { consoleMount } from "./console.ts";
import { refusal } from "./envelope.ts";
import { Exporter } from "./exporter.ts";
import { type ApiContext, type ApiServer, mountRoutes } from "./route.ts";
import { Router } from "./router.ts";
import { SystemStats } from "./system_stats.ts";

/** What the API can do besides asking the server. */
export type HttpServerOptions = Pick<ApiContext, "reload" | "reloadState" | "drain">;

/** The HTTP side of a server: the listeners of `http_api` and `exporter`. */
export class HttpServer {
  readonly #server: ApiServer;
  readonly #system: SystemStats;
  readonly #router: Router;
  readonly #exporter: Exporter;
  #abort: AbortController | null = null;
  #listener: Deno.HttpServer<Deno.NetAddr> | null = null;

  constructor(server: ApiServer, options: HttpServerOptions = {}) {
    this.#server = server;
    this.#system = new SystemStats(server.timers);
    const policy = () => ({
      crossdomain: server.config.httpServer.crossdomain,
      auth: server.config.httpApi.auth,
    });
    const context = { ...options, server, system: this.#system };
    this.#router = new Router([mountRoutes(apiRoutes, context), consoleMount(server)], policy, server.log);
    this.#exporter = new Exporter(context);
    this.#reportSummaries(() => {
      // From the first report on, where neither the API nor the exporter has begun with it.
      this.#system.start();
      return summaries(context);
    });
  }

  /** Port bound; null when the API is off or not started. */
  get port(): number | null {
    return this.#listener?.addr.port ?? null;
  }

  /** Port of the exporter; null when it is off or not started. */
  get exporterPort(): number | null {
    return this.#exporter.port;
  }

  /**
   * Binds what is on of `http_api.listen` and `exporter.listen`, and begins to serve.
   *
   * @throws {SrsError} `SocketListen` if an address cannot be bound.
   */
  start(): void {
    this.#startApi();
    this.#exporter.start();
  }

  #reportSummaries(read: (() => object) | null): void {
    if (this.#server.heartbeat !== undefined) this.#server.heartbeat.summaries = read;
  }

  #startApi(): void {
    const { log, config } = this.#server;
    const { enabled, listen, auth } = config.httpApi;
    if (!enabled || this.#listener !== null) return;
    const hostname = listen.host === "" ? "0.0.0.0" : listen.host;
    const where = `${formatHost(hostname)}:${listen.port}`;
    const abort = new AbortController();
    try {
      this.#listener = Deno.serve({
        hostname,
        port: listen.port,
        signal: abort.signal,
        onListen: () => {},
        onError: (error) => {
          log.error(`HTTP: ${String(error)}`);
          return refusal(500, "internal error, see the log of the server");
        },
      }, (request, { remoteAddr }) => this.#router.handle(request, remoteAddr.hostname.replace(/^::ffff:/, "")));
    } catch (error) {
      throw new SrsError("SocketListen", `cannot listen on ${where} for the HTTP API: ${explain(error)}`, {
        cause: error,
      });
    }
    this.#abort = abort;
    this.#system.start();
    log.info(`HTTP API listens on ${formatHost(hostname)}:${this.port}`);
    if (auth.enabled && config.vhosts.some(({ cluster }) => cluster.originCluster)) {
      log.warn("http_api.auth is on: coworkers send no password, they will not learn of the streams here");
    }
  }

  /** Ends the listeners and every connection; may be called again. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    this.#reportSummaries(null);
    this.#system.stop();
    // Not `shutdown()`: on Deno 2.4 it waits for a client that has sent half a request, for ever.
    this.#abort?.abort();
    this.#abort = null;
    await Promise.all([listener?.finished, this.#exporter.stop()]);
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the address is in use by another program";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied) return "not permitted, ports below 1024 need privileges";
  return error instanceof Error ? error.message : String(error);
}
