import { networkOf } from "../../net/network.ts";
import { systemWorld } from "../../net/system_world.ts";
import type { TimerHandle, Timers } from "../../base/clock.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import { talkRule } from "../../upstream/redirect_policy.ts";
import { RtmpClient, type RtmpClientHandlers } from "../../upstream/client/rtmp_client.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import type { ClientEvent } from "../../rtmp/client_session.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import { formatHost } from "../../rtmp/url.ts";
import { edgeIdentity } from "../../server/identity.ts";
import { type ProbeStep, readIdentity, type ServerReport } from "./report.ts";
import type { MediaMeter } from "./meter.ts";
import type { StreamTarget } from "../stream_target.ts";

/** Options of {@link ProbeHop}. */
export interface ProbeHopOptions {
  target: StreamTarget;
  /** For a target that is asked over TLS. */
  tls: TlsDialOptions;
  /** Address of the server that redirected here, or null. */
  redirectedFrom: string | null;
  timers: Timers;
  meter: MediaMeter;
  /** When the first media must have come. */
  deadlineMs: number;
  /** How long media is measured. */
  measureMs: number;
  stop: AbortSignal;
  /** A step is done: the report holds its time. */
  onStep(step: ProbeStep, report: ServerReport): void;
}

/** Longest that the steps before the answer to play may take: TCP, and all that follows it. */
const CONNECT_TIMEOUT_MS = 5000;
const HANDSHAKE_TIMEOUT_MS = 5000;

/** Asks one server for the stream, and takes the time of each step. */
export class ProbeHop implements RtmpClientHandlers {
  /** Settles when this server has given what it has; never rejects. */
  readonly finished: Promise<ServerReport>;
  readonly #finish: (report: ServerReport) => void;
  readonly #options: ProbeHopOptions;
  readonly #report: ServerReport;
  readonly #abort = new AbortController();
  #client: RtmpClient | null = null;
  #timer: TimerHandle | null = null;
  /** When the step under way began. */
  #stepMs: number;
  #step: ProbeStep = "tcp";
  #over = false;

  constructor(options: ProbeHopOptions) {
    const { promise, resolve } = Promise.withResolvers<ServerReport>();
    this.finished = promise;
    this.#finish = resolve;
    this.#options = options;
    this.#stepMs = options.timers.nowMs();
    this.#report = {
      server: options.target.text,
      ip: null,
      tcpMs: null,
      tlsMs: null,
      handshakeMs: null,
      connectMs: null,
      createStreamMs: null,
      answerMs: null,
      identity: null,
      result: "failed",
      redirect: null,
      failedStep: null,
      error: null,
    };
    options.stop.addEventListener("abort", this.#onStop, { once: true });
    this.#dial();
  }

  onMedia(message: RtmpMessage): void {
    const { meter, timers, measureMs } = this.#options;
    const isFirst = meter.firstFrameMs === null;
    meter.add(message, timers.nowMs());
    if (!isFirst || meter.firstFrameMs === null) return;
    this.#report.result = "media";
    this.#complete("play", "answerMs", "play");
    this.#timer?.cancel();
    this.#timer = timers.after(measureMs, () => this.#end());
  }

  onHandshake(): void {
    this.#complete("handshake", "handshakeMs", "connect");
  }

  onEvent(event: ClientEvent): void {
    switch (event.kind) {
      case "connected":
        this.#report.identity = readIdentity(event.identity);
        return this.#complete("connect", "connectMs", "createStream");
      case "ready":
        return this.#onPlaySent();
      case "redirect":
        this.#report.result = "redirect";
        this.#report.redirect = event.url;
        this.#complete("play", "answerMs", "play");
        return this.#end();
      case "refused":
        return this.#fail(`${event.status.code}: ${event.status.description}`, "refused");
      case "streamEnd":
        return this.#fail("the publisher left", "ended");
    }
  }

  onEnd(error: UpstreamError): void {
    this.#fail(this.#withoutAddress(error), "failed");
  }

  async #dial(): Promise<void> {
    const { target, tls, timers, deadlineMs } = this.#options;
    const leftMs = Math.max(1, Math.round(deadlineMs - timers.nowMs()));
    try {
      const client = await RtmpClient.connect({
        host: target.host,
        port: target.port,
        tls: target.tls ? tls : null,
        connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, leftMs),
        handshakeTimeoutMs: Math.min(HANDSHAKE_TIMEOUT_MS, leftMs),
        network: networkOf(systemWorld),
        timers,
        session: {
          role: "play",
          tcUrl: target.tcUrl,
          app: target.app,
          name: target.name,
          chunkSizeBytes: 60_000,
          handshake: "digest",
          connectArgs: edgeIdentity(),
        },
        signal: this.#abort.signal,
        mayTalkTo: (ip) => this.#onTcp(ip),
      }, this);
      this.#client = client;
      if (this.#over) return client.close();
      if (this.#step === "tls") this.#complete("tls", "tlsMs", "handshake");
    } catch (error) {
      this.#fail(error instanceof UpstreamError ? this.#withoutAddress(error) : describeError(error), "failed");
    }
  }

  /** "host:port: " is said already. */
  #withoutAddress({ message }: UpstreamError): string {
    const { host, port } = this.#options.target;
    const address = `${formatHost(host)}:${port}: `;
    return message.replace(`cannot connect to ${address}`, "").replace(address, "");
  }

  /** @returns Whether to go on. */
  #onTcp(ip: string): boolean {
    const { target, redirectedFrom } = this.#options;
    this.#report.ip = ip;
    this.#complete("tcp", "tcpMs", target.tls ? "tls" : "handshake");
    if (talkRule(redirectedFrom)(ip)) return true;
    this.#fail(`it is at ${ip}, a local address, and ${redirectedFrom} may not send us there`, "failed");
    return false;
  }

  #onPlaySent(): void {
    const { timers, deadlineMs } = this.#options;
    this.#complete("createStream", "createStreamMs", "play");
    const sinceMs = this.#stepMs;
    this.#timer = timers.after(Math.max(0, deadlineMs - sinceMs), () => {
      this.#fail(`no media within ${Math.round(timers.nowMs() - sinceMs)} ms`, "silent");
    });
  }

  #complete(
    step: ProbeStep,
    key: "tcpMs" | "tlsMs" | "handshakeMs" | "connectMs" | "createStreamMs" | "answerMs",
    next: ProbeStep,
  ): void {
    const nowMs = this.#options.timers.nowMs();
    this.#report[key] = nowMs - this.#stepMs;
    this.#stepMs = nowMs;
    this.#step = next;
    this.#options.onStep(step, this.#report);
  }

  #fail(error: string, result: ServerReport["result"]): void {
    if (this.#over) return;
    // What was measured before stays of worth.
    if (this.#report.result !== "media") {
      this.#report.result = result;
      this.#report.failedStep = this.#step;
      if (this.#step === "play") this.#report.answerMs ??= this.#options.timers.nowMs() - this.#stepMs;
    }
    this.#report.error = error;
    this.#end();
  }

  #onStop = () => this.#fail("stopped", "failed");

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.stop.removeEventListener("abort", this.#onStop);
    this.#abort.abort();
    this.#timer?.cancel();
    this.#client?.close();
    this.#finish(this.#report);
  }
}
