import type { Timers } from "../../base/clock.ts";
import { describeError, RequestDenied, SrsError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Fetch } from "../../base/world.ts";
import type { VhostConfig } from "../../config/mod.ts";
import { judgeReply, readForwardUrls } from "./answer.ts";
import { type HookAction, hookPayload, type HookSubject } from "./payload.ts";
import { getHook, type HookReply, postHook, shownUrl } from "./request.ts";
import type { Identity } from "../identity.ts";

/** Hooks whose answer decides about the client. */
export type AskedHook = "on_connect" | "on_publish" | "on_play";
/** Hooks that are only told. */
export type ToldHook = "on_close" | "on_unpublish" | "on_stop" | "on_hls" | "on_dvr";

const urlsOf: Record<AskedHook | ToldHook, (hooks: VhostConfig["httpHooks"]) => readonly string[]> = {
  "on_connect": ({ onConnect }) => onConnect,
  "on_close": ({ onClose }) => onClose,
  "on_publish": ({ onPublish }) => onPublish,
  "on_unpublish": ({ onUnpublish }) => onUnpublish,
  "on_play": ({ onPlay }) => onPlay,
  "on_stop": ({ onStop }) => onStop,
  "on_hls": ({ onHls }) => onHls,
  "on_dvr": ({ onDvr }) => onDvr,
};

/** Most calls that run or wait at one time; beyond this clients are refused, and what hooks are told is lost. */
const MAX_CALLS = 4096;

/** The outside world of {@link Hooks}. */
export interface HooksOptions {
  readonly fetch: Fetch;
  readonly timers: Timers;
  readonly identity: Identity;
}

/** The addresses that `http_hooks` has for an event; none when the block is off. */
export function hookUrls({ httpHooks }: VhostConfig, action: AskedHook | ToldHook): readonly string[] {
  return httpHooks.enabled ? urlsOf[action](httpHooks) : [];
}

/** Calls the HTTP hooks of all vhosts. The addresses of an event are called one after the other, as in SRS. */
export class Hooks {
  readonly #options: HooksOptions;
  readonly #calls = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  /**
   * Asks whether a client may go on. A hook that cannot be asked, or answers nonsense, says no: this guards streams.
   *
   * @throws {RequestDenied} It may not; the message is for the client.
   */
  async ask(action: AskedHook, vhost: VhostConfig, subject: HookSubject, log: Logger): Promise<void> {
    for (const url of hookUrls(vhost, action)) {
      const reply = await this.#askOne(action, url, vhost, { subject, log });
      const refusal = judgeReply(reply);
      if (refusal === null) continue;
      log.warn(`${action} ${shownUrl(url)} refused ${subject.url.key}: ${refusal.why}`);
      throw new RequestDenied("HttpResponseCode", refusal.message || `refused by ${action}`);
    }
  }

  /** Tells what has ended; tried twice, since nobody would tell it again. Never throws. */
  async tell(action: ToldHook, vhost: VhostConfig, subject: HookSubject, log: Logger): Promise<void> {
    for (const url of hookUrls(vhost, action)) {
      const failure = await this.#tellOne(action, url, vhost, subject) &&
        await this.#tellOne(action, url, vhost, subject);
      if (failure !== "") log.warn(`${action} ${shownUrl(url)} could not be told about ${subject.url.key}: ${failure}`);
    }
  }

  /**
   * Asks `forward.backend` where a stream is to be forwarded to.
   *
   * @throws {RequestDenied} Without a usable answer the stream is refused, as in SRS.
   */
  async forwardUrls(vhost: VhostConfig, subject: HookSubject, log: Logger): Promise<string[]> {
    const url = vhost.forward.backend;
    const reply = await this.#askOne("on_forward", url, vhost, { subject, log });
    try {
      return readForwardUrls(reply);
    } catch (error) {
      log.warn(`on_forward ${shownUrl(url)} gave no servers for ${subject.url.key}: ${describeError(error)}`);
      throw new RequestDenied("HttpResponseData", "refused by on_forward", { cause: error });
    }
  }

  /**
   * Asks an address for something, to have it fetched there; what is answered does not matter.
   *
   * @param maxBytes How much of the answer is read. Never throws.
   */
  async notify(url: string, { httpHooks: { timeoutMs } }: VhostConfig, maxBytes: number, log: Logger): Promise<void> {
    const { fetch, timers } = this.#options;
    try {
      await getHook(url, { fetch, timers, timeoutMs, signal: this.#stop.signal }, maxBytes);
    } catch (error) {
      log.warn(`on_hls_notify ${shownUrl(url)} could not be called: ${describeError(error)}`);
    }
  }

  /** Waits until every call is over, at most `limitMs`, then ends what is left. No further call begins. */
  async stop(limitMs: number): Promise<void> {
    const { promise: outOfTime, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.timers.after(limitMs, resolve);
    let isLate = false;
    outOfTime.then(() => isLate = true);
    // A call that ends may be followed by the next one of its connection.
    while (this.#calls.size > 0 && !isLate) await Promise.race([outOfTime, Promise.all(this.#calls)]);
    timer.cancel();
    this.#stop.abort();
  }

  /** Counts work that belongs to hooks, for {@link stop} to wait for. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#calls.add(work);
    const forget = () => this.#calls.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** More calls are under way than can be kept. */
  get isFull(): boolean {
    return this.#calls.size >= MAX_CALLS;
  }

  async #askOne(
    action: HookAction,
    url: string,
    vhost: VhostConfig,
    { subject, log }: { subject: HookSubject; log: Logger },
  ): Promise<HookReply> {
    try {
      return await this.#post(action, url, vhost, subject);
    } catch (error) {
      log.warn(`${action} ${shownUrl(url)} could not be asked about ${subject.url.key}: ${describeError(error)}`);
      const code = error instanceof SrsError ? error.codeName : "StConnect";
      throw new RequestDenied(code, `${action} could not be asked`, { cause: error });
    }
  }

  /** @returns Why it was not delivered; empty if it was, whatever the hook thinks of it. */
  async #tellOne(action: ToldHook, url: string, vhost: VhostConfig, subject: HookSubject): Promise<string> {
    try {
      const { status } = await this.#post(action, url, vhost, subject);
      return status >= 500 ? `HTTP status ${status}` : "";
    } catch (error) {
      return describeError(error);
    }
  }

  #post(action: HookAction, url: string, vhost: VhostConfig, subject: HookSubject): Promise<HookReply> {
    const { identity, fetch, timers } = this.#options;
    const { timeoutMs } = vhost.httpHooks;
    return postHook(url, hookPayload(action, identity, subject), {
      fetch,
      timers,
      timeoutMs,
      signal: this.#stop.signal,
    });
  }
}
