import { every, type TimerHandle } from "../../base/clock.ts";
import { RequestDenied } from "../../base/errors.ts";
import { type Soon, whenThere } from "../../base/soon.ts";
import { type VhostConfig, VhostHandle } from "../../config/mod.ts";
import { addressKey } from "../access/address_counter.ts";
import { HlsSession, type HlsSessionServer, type HlsViewer } from "./hls_session.ts";

/** Sessions at a time: each is little more than an entry in the book of clients. */
const MAX_SESSIONS = 20_000;
/** Of one network (IPv6: /64), behind which there may be a whole company. */
const MAX_SESSIONS_PER_ADDRESS = 2000;
/** One that never got beyond its first request is over after this time: whoever plays comes right back. */
const UNUSED_MS = 15_000;
const TICK_MS = 1000;
/** Ids as this server and others of its kind make them: nobody guesses 16 random bytes. */
const CTX = /^[0-9a-f]{32}$/;

/** There is no place for one more session. */
export class TooManySessions extends Error {}

interface Held {
  readonly session: HlsSession;
  readonly vhost: VhostHandle;
  /** Settles when it is known whether the viewer may play; null once he may. */
  begun: Promise<void> | null;
}

/**
 * The HLS viewers of this server that play with `hls_ctx on`.
 *
 * A session that another server has begun goes on here under its id, once it has passed the same checks: behind a
 * balancer each request may come to another one.
 */
export class HlsSessionBook implements Disposable {
  readonly #server: HlsSessionServer;
  readonly #held = new Map<string, Held>();
  readonly #perAddress = new Map<string, number>();
  #timer: TimerHandle | null = null;

  constructor(server: HlsSessionServer) {
    this.#server = server;
  }

  get count(): number {
    return this.#held.size;
  }

  /** A new session. @throws {RequestDenied | TooManySessions} */
  begin(vhost: VhostConfig, viewer: HlsViewer): Promise<HlsSession> {
    const bytes = this.#server.world.randomBytes(16);
    return this.#open(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""), vhost, viewer);
  }

  /**
   * The session of an id, which another server may have given.
   *
   * @throws {RequestDenied} It was ended, is of another stream, or no id at all; or as {@link begin}.
   */
  resume(ctx: string, vhost: VhostConfig, viewer: HlsViewer): Soon<HlsSession> {
    const held = this.#held.get(ctx);
    if (held !== undefined) return whenThere(held.begun, () => this.#goOn(held.session, viewer));
    if (!CTX.test(ctx)) throw new RequestDenied("SecurityDenied", "hls_ctx is not the id of a session");
    return this.#open(ctx, vhost, viewer);
  }

  #goOn(session: HlsSession, viewer: HlsViewer): HlsSession {
    if (session.isKicked) throw new RequestDenied("SecurityDenied", "the session was ended");
    if (session.url.key !== viewer.url.key) {
      throw new RequestDenied("SecurityDenied", "hls_ctx belongs to another stream");
    }
    session.touch(this.#server.timers.nowMs());
    return session;
  }

  /** Ends a session that came to nothing. */
  drop(session: HlsSession, detail: string): void {
    if (this.#held.get(session.ctx)?.session !== session) return;
    session.end("refused", detail);
    this.#forget(session);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const { session } of [...this.#held.values()]) {
      session.end("shutdown", "");
      this.#forget(session);
    }
  }

  async #open(ctx: string, vhost: VhostConfig, viewer: HlsViewer): Promise<HlsSession> {
    const network = addressKey(viewer.remoteIp);
    const count = this.#perAddress.get(network) ?? 0;
    const { maxConnectionsPerIp } = this.#server.config;
    const most = maxConnectionsPerIp > 0 ? maxConnectionsPerIp : MAX_SESSIONS_PER_ADDRESS;
    if (count >= most) throw new TooManySessions("too many HLS sessions of your address");
    if (this.#held.size >= MAX_SESSIONS && !this.#makeRoom()) {
      throw new TooManySessions("too many HLS sessions");
    }
    const session = new HlsSession(this.#server, ctx, viewer);
    session.touch(session.lastMs);
    const begun = session.begin();
    const held: Held = { session, vhost: new VhostHandle(this.#server, vhost), begun };
    this.#held.set(ctx, held);
    this.#perAddress.set(network, count + 1);
    this.#timer ??= every(this.#server.timers, TICK_MS, () => this.#tick());
    try {
      await begun;
      held.begun = null;
    } catch (error) {
      session.end("refused", "");
      this.#forget(session);
      throw error;
    }
    return session;
  }

  /** The oldest session that nobody came back to gives way. */
  #makeRoom(): boolean {
    for (const { session } of this.#held.values()) {
      if (session.requests > 1 && !session.isKicked) continue;
      session.end("timeout", "others need its place");
      this.#forget(session);
      return true;
    }
    return false;
  }

  #tick(): void {
    const nowMs = this.#server.timers.nowMs();
    for (const { session, vhost } of [...this.#held.values()]) {
      const { windowMs } = vhost.now.hls;
      const limitMs = session.requests > 1 ? 2 * windowMs : Math.min(2 * windowMs, UNUSED_MS);
      if (nowMs - session.lastMs <= limitMs) continue;
      session.end("timeout", "no more requests");
      this.#forget(session);
    }
    if (this.#held.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #forget(session: HlsSession): void {
    if (this.#held.get(session.ctx)?.session !== session) return;
    this.#held.delete(session.ctx);
    const network = addressKey(session.remoteIp);
    const left = (this.#perAddress.get(network) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(network, left);
    else this.#perAddress.delete(network);
  }
}
