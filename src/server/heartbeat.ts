import type { TimerHandle } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Fetch, InterfaceAddress } from "../base/world.ts";
import type { ServerContext } from "./context.ts";
import { postHook, shownUrl } from "./hooks/request.ts";

/** What a report may take; never longer than to the next one. */
const MAX_REPORT_MS = 5000;

/** The parts of a server that are reported. */
export type HeartbeatServer = Pick<ServerContext, "config" | "identity" | "timers" | "log" | "world">;

/**
 * Reports to a server of the operator's that this one is alive: SRS's `heartbeat`, by which its proxy knows servers.
 *
 * Whatever becomes of a report, there is at most one at a time and nothing waits for it.
 */
export class Heartbeat {
  /** Summaries of the API, for `summaries on`; null while there are none. */
  summaries: (() => object) | null = null;
  readonly #server: HeartbeatServer;
  readonly #fetch: Fetch;
  #timer: TimerHandle | null = null;
  #stop: AbortController | null = null;
  /** When the last report began, or would have. */
  #beganMs = 0;
  #isReporting = false;
  #failed = false;

  /** @param fetch Opens a connection for each report. */
  constructor(server: HeartbeatServer, fetch: Fetch) {
    this.#server = server;
    this.#fetch = fetch;
  }

  /** Reports now and then once in every interval, as long as `heartbeat` is on. */
  start(): void {
    if (this.#stop !== null) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#timer = this.#server.timers.after(0, () => void this.#beat(stop.signal));
  }

  /** The configuration has changed: the next report comes as `interval` says now. */
  onReload(): void {
    if (this.#stop !== null && !this.#isReporting) this.#plan(this.#stop.signal);
  }

  /** Gives up a report that is under way. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#stop?.abort();
    this.#stop = null;
  }

  /** The settings are read each time, so that a reload may change them. Never throws. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { config, timers } = this.#server;
    this.#beganMs = timers.nowMs();
    this.#isReporting = true;
    if (config.heartbeat.enabled) await this.#report(signal);
    this.#isReporting = false;
    if (!signal.aborted) this.#plan(signal);
  }

  #plan(signal: AbortSignal): void {
    const { config, timers } = this.#server;
    const waitMs = this.#beganMs + config.heartbeat.intervalMs - timers.nowMs();
    this.#timer?.cancel();
    this.#timer = timers.after(Math.max(0, waitMs), () => void this.#beat(signal));
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { config, timers } = this.#server;
    const { url: written, intervalMs } = config.heartbeat;
    // SRS posts to the path alone.
    const url = written.replace(/[?#].*$/s, "");
    const timeoutMs = Math.min(intervalMs, MAX_REPORT_MS);
    try {
      const { status } = await postHook(url, this.#payload(), {
        fetch: this.#fetch,
        timers,
        timeoutMs,
        signal,
      });
      if (status < 400) this.#note("");
      else this.#note(`HTTP status ${status}`);
    } catch (error) {
      if (!signal.aborted) this.#note(describeError(error));
    }
  }

  /** One line when reports begin to fail and one when they get through again: the rest would fill the log. */
  #note(failure: string): void {
    const { log, config } = this.#server;
    const where = shownUrl(config.heartbeat.url);
    if (failure !== "" && !this.#failed) log.warn(`heartbeat to ${where} failed: ${failure}`);
    if (failure === "" && this.#failed) log.info(`heartbeat to ${where} works again`);
    this.#failed = failure !== "";
  }

  /** Source: SRS 7 `SrsHttpHeartbeat::do_heartbeat`. */
  #payload(): object {
    const { config, identity } = this.#server;
    const { deviceId, summaries, ports } = config.heartbeat;
    return {
      device_id: deviceId,
      ip: this.#ip(),
      server: identity.serverId,
      service: identity.serviceId,
      pid: String(identity.pid),
      ...(summaries && this.summaries !== null ? { summaries: { data: this.summaries() } } : {}),
      ...(ports ? listenValues(config) : {}),
    };
  }

  #ip(): string {
    const { config, world } = this.#server;
    // SRS's own way of naming another address than one of this machine.
    return world.env("SRS_DEVICE_IP") || localIp(world.interfaces(), config.stats.network);
  }
}

/** The address of a number, IPv4 first; those of the machine itself only where there is no other. */
function localIp(interfaces: readonly InterfaceAddress[], index: number): string {
  const outward = interfaces.filter(({ address }) => !/^(127\.|::1$|fe80:)/i.test(address));
  const known = outward.length > 0 ? outward : interfaces;
  const ips = [...known.filter(({ family }) => family === "IPv4"), ...known.filter(({ family }) => family === "IPv6")];
  return ips.at(index % Math.max(1, ips.length))?.address ?? "";
}

/** As written. */
function listenValues({ listen, httpServer, httpApi }: HeartbeatServer["config"]): object {
  return {
    rtmp: listen.map(({ text }) => text),
    ...(httpServer.enabled ? { http: [httpServer.listen.text] } : {}),
    ...(httpApi.enabled ? { api: [httpApi.listen.text] } : {}),
  };
}
