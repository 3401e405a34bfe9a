import { onBeat, type TimerHandle } from "../base/clock.ts";
import { findVhost } from "../config/mod.ts";
import { queryValue } from "../rtmp/url.ts";
import { RateMeter } from "../stream/stats.ts";
import { addressKey } from "./access/address_counter.ts";
import { type ClientEntry, isPlayer } from "./client_registry.ts";
import type { ServerContext } from "./context.ts";

const TICK_MS = 1000;
const LONG_WINDOW_MS = 300_000;
/** However many clients there are, they share so many lines a second. */
const MAX_LINES_PER_S = 50;

/** What is kept of a client between two lines about it. */
interface ToldClient {
  atMs: number;
  readonly recv: RateMeter;
  readonly send: RateMeter;
}

/**
 * Tells of clients in the words of SRS's log, for programs that read it: `srs_log_format srs`.
 *
 * One line when a client begins, and one of its traffic every `pithy_print_ms`. Both come from the book of clients: the
 * way of the media knows nothing of them.
 *
 * Source: what SRS 7.0.18 writes. A count of messages is always 0, and parameters, which may be passwords, are left out.
 */
export class ClientLog {
  readonly #server: Pick<ServerContext, "config" | "log" | "timers" | "registry">;
  readonly #told = new WeakMap<ClientEntry, ToldClient>();
  #timer: TimerHandle | null = null;

  constructor(server: Pick<ServerContext, "config" | "log" | "timers" | "registry">) {
    this.#server = server;
  }

  start(): void {
    this.#server.registry.onAdded = (client) => this.#onAdded(client);
    this.#timer ??= onBeat(this.#server.timers, TICK_MS, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#server.registry.onAdded = null;
  }

  get #isOn(): boolean {
    return this.#server.config.srsLogFormat === "srs";
  }

  #onAdded(client: ClientEntry): void {
    // SRS says nothing of HTTP viewers here.
    if (!this.#isOn || client.type === "flv-play" || client.type === "hls-play") return;
    const { type, url: { host, app, stream, query } } = client;
    // Before it is resolved, as SRS has it.
    const vhost = queryValue(query, "vhost") || queryValue(query, "domain") || host;
    const durationMs = isPlayer(type) ? -1 : 0;
    this.#write(
      client,
      `client identified, type=${type}, vhost=${vhost}, app=${app}, stream=${stream}, param=, duration=${durationMs}ms`,
    );
  }

  #tick(): void {
    const { timers, registry, config } = this.#server;
    if (!this.#isOn) return;
    const nowMs = timers.nowMs();
    const periodMs = Math.max(config.pithyPrintMs, TICK_MS, registry.clientCount * 1000 / MAX_LINES_PER_S);
    let left = MAX_LINES_PER_S;
    for (const client of registry.clients()) {
      const told = this.#toldOf(client);
      if (nowMs - told.atMs < periodMs) continue;
      told.atMs = nowMs;
      told.recv.sample(nowMs, client.bytesIn());
      told.send.sample(nowMs, client.bytesOut());
      this.#write(client, this.#traffic(client, told, nowMs));
      if (--left === 0) return;
    }
  }

  #toldOf(client: ClientEntry): ToldClient {
    const known = this.#told.get(client);
    if (known !== undefined) return known;
    const told = { atMs: client.sinceMs, recv: new RateMeter(LONG_WINDOW_MS), send: new RateMeter(LONG_WINDOW_MS) };
    told.recv.sample(client.sinceMs, 0);
    told.send.sample(client.sinceMs, 0);
    this.#told.set(client, told);
    return told;
  }

  #traffic(client: ClientEntry, told: ToldClient, nowMs: number): string {
    const ageMs = Math.max(1, nowMs - client.sinceMs);
    const rates = (bytes: number, shortTerm: RateMeter, longTerm: RateMeter) =>
      [Math.round(bytes * 8 / ageMs), shortTerm.kbps(nowMs, bytes), longTerm.kbps(nowMs, bytes)].join(",");
    const okbps = rates(client.bytesOut(), client.send, told.send);
    const ikbps = rates(client.bytesIn(), client.recv, told.recv);
    const ageUs = Math.round(ageMs * 1000);
    const vhost = findVhost(this.#server.config, client.url.vhost);
    const { mwLatencyMs = 0, mwMsgs = 0 } = vhost?.play ?? {};
    if (client.type === "flv-play") return `-> HTS http: got 0 msgs, age=${ageUs}, min=${mwMsgs}, mw=${mwLatencyMs}`;
    if (isPlayer(client.type)) {
      return `-> PLA time=${ageUs}, msgs=0, okbps=${okbps}, ikbps=${ikbps}, mw=${mwLatencyMs}/${mwMsgs}`;
    }
    const { mrLatencyMs = 0, firstpktTimeoutMs = 0, normalTimeoutMs = 0 } = vhost?.publish ?? {};
    return `<- CPB time=${ageUs}, okbps=${okbps}, ikbps=${ikbps}, mr=0/${mrLatencyMs}, ` +
      `p1stpt=${firstpktTimeoutMs}, pnt=${normalTimeoutMs}`;
  }

  #write({ id, ip }: ClientEntry, text: string): void {
    this.#server.log.withCid(id, addressKey(ip)).info(text);
  }
}
