import { describeError, SrsError } from "../base/errors.ts";
import { formatHost } from "../rtmp/url.ts";
import { SERVER_NAME } from "../server/identity.ts";
import { refusal } from "./envelope.ts";
import { answerMetrics } from "./exporter_route.ts";
import type { ApiContext } from "./route.ts";

/** The listener of `exporter`: `/metrics` and nothing else. */
export class Exporter {
  readonly #context: ApiContext;
  #abort: AbortController | null = null;
  #listener: Deno.HttpServer<Deno.NetAddr> | null = null;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  /** Port bound; null when the exporter is off or not started. */
  get port(): number | null {
    return this.#listener?.addr.port ?? null;
  }

  /**
   * Binds `exporter.listen` and begins to serve; does nothing when the exporter is off.
   *
   * @throws {SrsError} `SocketListen` if the address cannot be bound.
   */
  start(): void {
    const { server: { log, config }, system } = this.#context;
    const { enabled, listen } = config.exporter;
    if (!enabled || this.#listener !== null) return;
    const hostname = listen.host === "" ? "0.0.0.0" : listen.host;
    const abort = new AbortController();
    try {
      this.#listener = Deno.serve({
        hostname,
        port: listen.port,
        signal: abort.signal,
        onListen: () => {},
        onError: (error) => {
          log.error(`exporter: ${String(error)}`);
          return refusal(500, "internal error, see the log of the server");
        },
      }, (request) => this.#answer(request));
    } catch (error) {
      const where = `${formatHost(hostname)}:${listen.port}`;
      throw new SrsError("SocketListen", `cannot listen on ${where} for the exporter: ${describeError(error)}`, {
        cause: error,
      });
    }
    this.#abort = abort;
    system.start();
    log.info(`metrics at ${formatHost(hostname)}:${this.port}`);
  }

  /** Ends the listener and every connection; may be called again. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    this.#abort?.abort();
    this.#abort = null;
    await listener?.finished;
  }

  async #answer({ url }: Request): Promise<Response> {
    const isKnown = new URL(url).pathname === "/metrics";
    const answer = isKnown ? await answerMetrics(this.#context) : refusal(404, "no such path, see /metrics");
    answer.headers.set("server", SERVER_NAME);
    return answer;
  }
}
