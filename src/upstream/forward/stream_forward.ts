import type { TimerHandle } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import { ForwardRun } from "./run.ts";
import { NODE_MEMBER } from "../../rtmp/command.ts";
import { describeRefusal, RedirectPolicy, talkRule } from "../redirect_policy.ts";
import type { RtmpClientOptions } from "../client/rtmp_client.ts";
import { parseTarget, type PullTarget } from "../target.ts";
import { tlsFor } from "../client/tls.ts";

/** Where a stream is sent to, and how. */
export interface StreamForwardOptions {
  /** Servers that may take it, the best first; one of them gets it. */
  findTargets(): readonly PullTarget[];
  /** The publish for a server. */
  session(target: PullTarget): RtmpClientOptions["session"] | Promise<RtmpClientOptions["session"]>;
  /** Asked for each attempt. */
  timeouts(): { readonly connectTimeoutMs: number; readonly handshakeTimeoutMs: number };
  environment: UpstreamEnvironment;
  /** A server takes the stream: for the first time, or again. */
  onTaken(server: string): void;
  /** How long to wait between attempts; by default, as an edge does that must not lose its publisher's stream. */
  patience?: Patience;
  /** Takes secrets out of what a server says, before it is logged or shown. */
  hide?(text: string): string;
  /** No server ever took it: the forward is over. Without this callback it keeps trying. */
  onRefused?(reason: string): void;
}

/** What a forward does now, as the API shows it. */
export interface ForwardState {
  key: string;
  /** Server that takes the stream, or took it last; empty before. */
  server: string;
  isConnected: boolean;
  lastError: string;
  reconnects: number;
}

/** Pauses between attempts, which double. */
export interface Patience {
  /** A server that drops the stream sooner counts as one that did not take it, so that flapping does not spin. */
  readonly settledMs: number;
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
}

const eager: Patience = { settledMs: 1000, firstPauseMs: 100, maxPauseMs: 3000 };

/**
 * Sends a source to one of several servers, for as long as it is not disposed: the publisher notices nothing of a server
 * that fails. The next one gets metadata, headers and the newest GOP first; what was not sent waits in the packet log, no
 * longer than `queue_length`.
 *
 * An edge gives its publishers to an origin so; `forward` copies streams so.
 */
export class StreamForward implements Disposable {
  readonly state: ForwardState;
  readonly #source: LiveSource;
  readonly #options: StreamForwardOptions;
  readonly #log: Logger;
  #run: ForwardRun | null = null;
  #pause: { timer: TimerHandle; end: () => void } | null = null;
  #wasTaken = false;
  #takenMs = 0;
  #stopped = false;
  /** The last server said that somebody else publishes the stream: the others are not to get a second one. */
  #isBusy = false;

  constructor(source: LiveSource, options: StreamForwardOptions) {
    this.state = { key: source.key, server: "", isConnected: false, lastError: "", reconnects: 0 };
    this.#source = source;
    this.#options = options;
    this.#log = options.environment.log.withCid(options.environment.newCid());
    this.#work();
  }

  /** Sends what is left, unpublishes and ends. */
  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#run?.finish();
    this.#pause?.timer.cancel();
    this.#pause?.end();
  }

  get #patience(): Patience {
    return this.#options.patience ?? eager;
  }

  async #work(): Promise<void> {
    for (let emptyRounds = 0; !this.#stopped; emptyRounds++) {
      for (const target of this.#options.findTargets()) {
        if (this.#stopped) return;
        if (await this.#sendTo(target)) emptyRounds = -1;
        if (this.#isBusy) break;
      }
      if (this.#stopped) return;
      if (!this.#wasTaken && this.#options.onRefused !== undefined) {
        return this.#options.onRefused(this.state.lastError || "no server is configured");
      }
      const { firstPauseMs, maxPauseMs } = this.#patience;
      if (emptyRounds >= 0) await this.#rest(Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(emptyRounds, 10)));
    }
  }

  /** Sends to one server, or where it redirects to. True if it took the stream, and not for a moment only. */
  async #sendTo(first: PullTarget): Promise<boolean> {
    const { pool } = this.#options.environment;
    const policy = new RedirectPolicy(new Set([first.text]));
    for (let target = first; !this.#stopped;) {
      const given = this.#options.session(target);
      const session = given instanceof Promise ? await given : given;
      if (this.#stopped) break;
      const outcome = await this.#attempt(target, session);
      if (outcome.redirect !== null || outcome.wasTaken || outcome.reached) pool.noteSuccess(target.text);
      // A dead server behind a redirect says nothing of the one that knew it.
      else if (target === first) pool.noteFailure(first.text, outcome.error);
      if (outcome.redirect === null) {
        return outcome.wasTaken && this.#options.environment.timers.nowMs() - this.#takenMs >= this.#patience.settledMs;
      }
      const next = parseTarget(outcome.redirect);
      const refusal = next === null ? null : policy.refuse(target, next, outcome.remoteIp);
      if (next === null || refusal !== null) {
        const reason = refusal === null ? "it is not an RTMP address" : describeRefusal(refusal);
        const where = outcome.redirect.replace(/\?.*/s, "");
        this.#fail(target, `redirect to ${where} not followed: ${reason}`);
        break;
      }
      target = { ...next, namedBy: outcome.remoteIp };
    }
    return false;
  }

  async #attempt(target: PullTarget, session: RtmpClientOptions["session"]) {
    const { environment, timeouts, onTaken } = this.#options;
    const { connectTimeoutMs, handshakeTimeoutMs } = timeouts();
    const { key } = this.#source;
    const run = new ForwardRun(this.#source, {
      client: {
        host: target.host,
        port: target.port,
        tls: tlsFor(target, environment),
        connectTimeoutMs,
        handshakeTimeoutMs,
        timers: environment.timers,
        network: environment,
        session,
        mayTalkTo: talkRule(target.namedBy),
      },
      onConnected: (identity, announce) => {
        // Those that are not told who this is are not told how it is.
        if (session.connectArgs?.[NODE_MEMBER] === undefined) return null;
        return environment.reporter?.onConnected(target.text, identity, announce) ?? null;
      },
      onTaken: () => {
        if (this.#wasTaken) this.state.reconnects++;
        this.#wasTaken = true;
        environment.pool.noteSuccess(target.text);
        this.#takenMs = environment.timers.nowMs();
        this.state.server = target.text;
        this.state.isConnected = true;
        this.state.lastError = "";
        this.#log.info(`forward ${key} to ${target.text}`);
        onTaken(target.text);
      },
    });
    this.#run = run;
    const outcome = await run.finished;
    this.#run = null;
    this.state.isConnected = false;
    this.#isBusy = outcome.isBusy && !this.#wasTaken;
    if (!this.#stopped && outcome.redirect === null) this.#fail(target, outcome.error);
    return outcome;
  }

  #fail({ text }: PullTarget, error: string): void {
    const shown = this.#options.hide?.(error) ?? error;
    this.state.lastError = shown;
    this.#log.warn(`forward ${this.#source.key} to ${text}: ${shown}`);
  }

  async #rest(pauseMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { timers, random } = this.#options.environment;
    const timer = timers.after(pauseMs / 2 + random() * pauseMs / 2, resolve);
    this.#pause = { timer, end: resolve };
    await promise;
    this.#pause = null;
  }
}
