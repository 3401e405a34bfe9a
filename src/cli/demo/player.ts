import { networkOf } from "../../net/network.ts";
import { systemWorld } from "../../net/system_world.ts";
import type { Timers } from "../../base/clock.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import { RtmpClient, type RtmpClientHandlers } from "../../upstream/client/rtmp_client.ts";
import { MediaFlag, videoFlags } from "../../flv/codec.ts";
import type { ClientEvent } from "../../rtmp/client_session.ts";
import { MessageType, type RtmpMessage } from "../../rtmp/message.ts";
import { edgeIdentity } from "../../server/identity.ts";
import { RateMeter } from "../../stream/stats.ts";
import { pause } from "../pause.ts";
import { RedirectPolicy, talkRule } from "../../upstream/redirect_policy.ts";
import { followRedirect, parseStreamTarget, type StreamTarget } from "../stream_target.ts";

const CONNECT_TIMEOUT_MS = 3000;
const HANDSHAKE_TIMEOUT_MS = 5000;
/** An origin looks for the owner of a stream for 10 s before it gives up. */
const SILENCE_TIMEOUT_MS = 15_000;
const RETRY_MS = 1000;
/** Of a stream that played a moment ago: players come back at once. */
const RETURN_MS = 100;

/** Plays a stream as a viewer would, follows redirects, and counts what arrives. Comes back when the stream ends. */
export class DemoPlayer implements RtmpClientHandlers {
  readonly name: string;
  readonly url: string;
  readonly #timers: Timers;
  readonly #rate = new RateMeter();
  #frames = 0;
  #redirects = 0;
  #bytes = 0;
  #server = "";
  #redirectedBy = "";
  #state = "waiting for the servers";
  #lastMediaMs = 0;
  #lastFrameMs: number;
  #gapMs = 0;
  /** Ends the attempt, with the address of a redirect or null. */
  #finish: (redirect: string | null) => void = () => {};

  constructor(name: string, url: string, timers: Timers) {
    this.name = name;
    this.url = url;
    this.#timers = timers;
    this.#lastFrameMs = timers.nowMs();
  }

  /** When the latest frame came. */
  get lastFrameMs(): number {
    return this.#lastFrameMs;
  }

  /** Longest time between two frames since {@link resetGap}. */
  get gapMs(): number {
    return this.#gapMs;
  }

  resetGap(): void {
    this.#gapMs = 0;
  }

  /** Video frames so far. */
  get frames(): number {
    return this.#frames;
  }

  /** How often a server sent it to another one. */
  get redirects(): number {
    return this.#redirects;
  }

  /** Server that it is connected to, as `host:port`, or empty. */
  get server(): string {
    return this.#server;
  }

  /** Server that sent it there, or empty. */
  get redirectedBy(): string {
    return this.#redirectedBy;
  }

  /** What it does, in words. */
  get state(): string {
    return this.#state;
  }

  get kbps(): number {
    return this.#rate.kbps(this.#timers.nowMs(), this.#bytes);
  }

  /** Plays until `stop` aborts. Never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#playOnce(parseStreamTarget(this.url), stop);
      const isFresh = this.#timers.nowMs() - this.#lastFrameMs < RETRY_MS && this.#frames > 0;
      await pause(this.#timers, isFresh ? RETURN_MS : RETRY_MS, stop);
    }
  }

  onMedia({ typeId, payload }: RtmpMessage): void {
    this.#lastMediaMs = this.#timers.nowMs();
    this.#bytes += payload.length;
    this.#rate.sample(this.#lastMediaMs, this.#bytes);
    if (typeId !== MessageType.Video) return;
    this.#state = "playing";
    if ((videoFlags(payload) & (MediaFlag.SequenceHeader | MediaFlag.SequenceEnd)) !== 0) return;
    this.#frames++;
    if (this.#frames > 1) this.#gapMs = Math.max(this.#gapMs, this.#lastMediaMs - this.#lastFrameMs);
    this.#lastFrameMs = this.#lastMediaMs;
  }

  onEvent(event: ClientEvent): void {
    if (event.kind === "ready") this.#state = "waiting for media";
    else if (event.kind === "redirect") this.#end("redirected", event.url);
    else if (event.kind === "refused") this.#end(`refused: ${event.status.description}`);
    else if (event.kind === "streamEnd") this.#end("the stream ended");
    else if (event.kind === "reconnectRequest") this.#end("the server sent it elsewhere", event.tcUrl);
  }

  onEnd(error: UpstreamError): void {
    this.#end(error.message);
  }

  /** From the first server to the end of the stream, wherever redirects lead. */
  async #playOnce(first: StreamTarget, stop: AbortSignal): Promise<void> {
    const policy = new RedirectPolicy(new Set([first.text]));
    this.#redirectedBy = "";
    let redirectedFrom: string | null = null;
    for (let target = first; !stop.aborted;) {
      const { redirect, remoteIp } = await this.#playFrom(target, redirectedFrom, stop);
      if (redirect === null) return;
      const next = followRedirect(policy, target, redirect, remoteIp);
      if (typeof next === "string") {
        this.#state = next;
        return;
      }
      this.#redirects++;
      this.#redirectedBy = target.text;
      target = next;
      redirectedFrom = remoteIp;
    }
  }

  /** @param redirectedFrom Address of the server that redirected there, or null. */
  async #playFrom(target: StreamTarget, redirectedFrom: string | null, stop: AbortSignal) {
    const { host, port, text, tcUrl, app, name } = target;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const onStop = () => this.#end("stopped");
    this.#finish = resolve;
    this.#state = `connecting to ${text}`;
    this.#lastMediaMs = this.#timers.nowMs();
    stop.addEventListener("abort", onStop, { once: true });
    const silence = setInterval(() => this.#checkSilence(), 1000);
    let client: RtmpClient | null = null;
    try {
      client = await RtmpClient.connect({
        host,
        port,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        network: networkOf(systemWorld),
        timers: this.#timers,
        session: {
          role: "play",
          tcUrl,
          app,
          name,
          // An origin redirects only those who are known to follow.
          connectArgs: edgeIdentity(),
          chunkSizeBytes: 60_000,
          handshake: "simple",
        },
        signal: stop,
        mayTalkTo: talkRule(redirectedFrom),
      }, this);
      this.#server = text;
      return { redirect: await promise, remoteIp: client.remoteIp };
    } catch (error) {
      this.#state = error instanceof UpstreamError ? error.message : describeError(error);
      return { redirect: null, remoteIp: "" };
    } finally {
      clearInterval(silence);
      stop.removeEventListener("abort", onStop);
      client?.close();
      this.#server = "";
    }
  }

  #checkSilence(): void {
    const silentMs = this.#timers.nowMs() - this.#lastMediaMs;
    if (silentMs > SILENCE_TIMEOUT_MS) this.#end(`nothing came for ${SILENCE_TIMEOUT_MS} ms`);
  }

  #end(state: string, redirect: string | null = null): void {
    this.#state = state;
    this.#finish(redirect);
  }
}
