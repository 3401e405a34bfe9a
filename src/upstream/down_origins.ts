import type { TimerHandle, Timers } from "../base/clock.ts";
import { encodeUtf8 } from "../base/bytes.ts";
import type { Network } from "../net/network.ts";
import { type OriginPool, REMEMBER_FAILURE_MS } from "./origin_pool.ts";
import { talkRule } from "./redirect_policy.ts";
import type { PullProtocol, PullTarget } from "./target.ts";

/** Between two looks, give or take a tenth: what an edge says of its origins is at most so old. */
const LOOK_MS = 2000;
const ANSWER_MS = 1000;
/** More are not looked at: they are forgotten in their time. */
const MAX_LOOKED_AT = 256;
/** C0 and C1: what an RTMP server waits for before it says a word. Source: RTMP 1.0 §5.2. */
const HELLO_BYTES = 1 + 1536;
const RTMP_VERSION = 3;

/** What is needed to look at an origin. */
export interface DownOriginsContext extends Pick<Network, "dial" | "randomBytes" | "random"> {
  readonly timers: Timers;
  readonly pool: OriginPool;
  readonly caCerts?: () => readonly string[];
}

/**
 * Looks at origins that could not be reached, one question each every 2 s, for as long as they are told of: with no
 * player, or another origin that has the stream, nobody else would see that they are back.
 */
export class DownOrigins {
  readonly #context: DownOriginsContext;
  readonly #looking = new Map<string, TimerHandle>();
  readonly #stop = new AbortController();

  constructor(context: DownOriginsContext) {
    this.#context = context;
  }

  /** An origin could not be reached, that the configuration or a directory names. */
  note(origin: PullTarget, protocol: PullProtocol): void {
    if (this.#looking.has(origin.text) || this.#looking.size >= MAX_LOOKED_AT) return;
    this.#plan(origin, protocol);
  }

  /** Gives up what is on its way. */
  stop(): void {
    this.#stop.abort();
    for (const timer of this.#looking.values()) timer.cancel();
    this.#looking.clear();
  }

  #plan(origin: PullTarget, protocol: PullProtocol): void {
    const { timers, random } = this.#context;
    if (this.#stop.signal.aborted) return;
    const waitMs = LOOK_MS * (0.9 + 0.2 * random());
    this.#looking.set(origin.text, timers.after(waitMs, () => this.#look(origin, protocol)));
  }

  /** Never rejects. */
  async #look(origin: PullTarget, protocol: PullProtocol): Promise<void> {
    const { timers, pool } = this.#context;
    const isDown = () => {
      const { failures, restUntilMs } = pool.health(origin.text);
      return failures > 0 && timers.nowMs() - restUntilMs < REMEMBER_FAILURE_MS;
    };
    if (isDown() && await this.#answers(origin, protocol)) pool.noteSuccess(origin.text);
    if (isDown()) this.#plan(origin, protocol);
    else this.#looking.delete(origin.text);
  }

  /** Whether the server says something: the system of one that hangs still takes connections. */
  async #answers({ host, port, tls = false, namedBy }: PullTarget, protocol: PullProtocol): Promise<boolean> {
    const { timers, dial, caCerts } = this.#context;
    const { signal } = this.#stop;
    const limits = { timeoutMs: ANSWER_MS, tlsTimeoutMs: ANSWER_MS, signal, mayTalkTo: talkRule(namedBy) };
    let timer: TimerHandle | null = null;
    try {
      using conn = await dial({ host, port, ...limits, tls: tls ? { caCerts: caCerts?.() ?? [] } : null });
      const close = () => conn.close();
      signal.addEventListener("abort", close, { once: true });
      timer = timers.after(ANSWER_MS, close);
      try {
        for (let hello = this.#hello(protocol, host); hello.length > 0;) {
          hello = hello.subarray(await conn.write(hello));
        }
        const first = new Uint8Array(1);
        return await conn.read(first) === 1 && (protocol !== "rtmp" || first[0] === RTMP_VERSION);
      } finally {
        signal.removeEventListener("abort", close);
      }
    } catch {
      return false;
    } finally {
      timer?.cancel();
    }
  }

  #hello(protocol: PullProtocol, host: string): Uint8Array {
    if (protocol !== "rtmp") return encodeUtf8(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const hello = this.#context.randomBytes(HELLO_BYTES);
    hello.set([RTMP_VERSION, 0, 0, 0, 0, 0, 0, 0, 0]);
    return hello;
  }
}
