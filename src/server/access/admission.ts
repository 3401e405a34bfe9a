import type { AmfObject } from "../../amf/amf0.ts";
import { RequestDenied } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { findVhost, type VhostConfig, VhostHandle } from "../../config/mod.ts";
import type { ConnectInfo } from "../../rtmp/connect.ts";
import type { StatusName } from "../../rtmp/status.ts";
import { parseStreamUrl, queryValue, type StreamUrl, withVhost } from "../../rtmp/url.ts";
import { askOrigin } from "./token_traverse.ts";
import type { ServerContext } from "../context.ts";
import { type HeldSubject, HookBook } from "../hooks/hook_book.ts";
import { hookUrls } from "../hooks/hooks.ts";
import type { HookSubject } from "../hooks/payload.ts";
import { checkRefer } from "./refer.ts";
import { type AccessKind, checkSecurity, checkShutOut } from "./security.ts";
import { checkSignature } from "./signed_url.ts";

/** What letting clients in takes of a server. */
export type AdmissionServer = Pick<ServerContext, "config" | "hooks" | "registry" | "world" | "timers" | "pulls">;

/** A client that asks to be let in; its bytes count on. */
export type AdmissionClient = HookSubject["client"] & {
  readonly swfUrl: string;
  /** Object after the command object of its `connect`. */
  readonly args: AmfObject;
  readonly log: Logger;
};

/** Leave to publish or play a stream. */
export interface Admitted {
  readonly vhost: VhostHandle;
  readonly url: StreamUrl;
  /** Servers that a published stream is copied to (`forward`), `host[:port]` or full addresses. */
  readonly forwardTo: readonly string[];
  /** What it was given for is over. Call it in any case; only the first call counts. */
  end(): void;
  /** Instead of {@link end}: it never began, as somebody else has the stream. Hooks hear nothing of it, as in SRS. */
  drop(): void;
}

/** The refusal concerns the client as such, not what it wants to do. */
class ConnectRefused extends RequestDenied {}

/** The status that tells a client of a refusal. */
export function refusalStatus(error: RequestDenied, kind: AccessKind): StatusName {
  if (error instanceof ConnectRefused) return "connectRejected";
  return kind === "play" ? "playFailed" : "publishDenied";
}

/**
 * The checks that one client must pass before it is told that it may start: vhost, `refer`, `security`, signed address,
 * `on_connect`, `token_traverse`, then `on_publish` or `on_play`, `forward.backend`. Those that cost nothing come first.
 */
export class Admission {
  readonly #context: AdmissionServer;
  readonly #client: AdmissionClient;
  readonly #hasConnect: boolean;
  readonly #book: HookBook;

  /** @param hasConnect False for clients without a connection of their own (HTTP): SRS knows no `on_connect` for them. */
  constructor(context: AdmissionServer, client: AdmissionClient, hasConnect = true) {
    this.#context = context;
    this.#client = client;
    this.#hasConnect = hasConnect;
    this.#book = new HookBook(context, client);
  }

  /** A request waits for others to judge it; each of them has a time-out of its own. */
  get isPending(): boolean {
    return this.#book.isPending;
  }

  /**
   * Judges a `connect`, as far as it tells what the client is up to: the stream's name, which is still to come, may name
   * another vhost.
   *
   * @throws {RequestDenied}
   */
  checkConnect({ tcUrl, pageUrl }: ConnectInfo): void {
    const { config } = this.#context;
    const url = this.#parse(tcUrl);
    if (url === null) return;
    const isCertain = config.vhosts.length < 2 || queryValue(url.query, "vhost") !== "";
    if (!isCertain) return;
    const vhost = requireVhost(this.#context, url.vhost);
    if (vhost.refer.enabled) checkRefer(vhost.refer.all, pageUrl);
    checkShutOut(vhost.security, this.#client.remoteIp);
  }

  /**
   * Judges a publish or play: at once where nobody else has to be asked.
   *
   * @throws {RequestDenied} Or rejects with it; {@link refusalStatus} tells which status the client gets.
   */
  admit(kind: AccessKind, asked: StreamUrl): Admitted | Promise<Admitted> {
    const vhost = requireVhost(this.#context, asked.vhost);
    const url = withVhost(asked, vhost.name);
    const { refer, security } = vhost;
    const { pageUrl, remoteIp } = this.#client;
    if (refer.enabled) checkRefer(refer.all, pageUrl);
    checkSecurity(security, kind, remoteIp);
    if (refer.enabled) checkRefer(refer[kind], pageUrl);
    const handle = new VhostHandle(this.#context, vhost);
    if (!this.#mustAsk(vhost, kind)) return this.#letIn(kind, handle, this.#book.subject(url));
    if (this.#context.hooks.isFull) throw new RequestDenied("HttpResponseData", "too many hook calls are pending");
    return this.#book.ask(() => this.#ask(kind, handle, this.#book.subject(url)));
  }

  /** The client is gone: once every leave has ended, `on_close` is told. */
  leave(): void {
    this.#book.leave();
  }

  #parse(tcUrl: string): StreamUrl | null {
    try {
      return parseStreamUrl(tcUrl, "livestream");
    } catch {
      // An address that makes no sense is refused when publish or play tell what was meant.
      return null;
    }
  }

  #mustAsk(vhost: VhostConfig, kind: AccessKind): boolean {
    const hook = kind === "publish" ? "on_publish" : "on_play";
    return vhost.signedUrl[kind] || this.#traverses(vhost) || asksBackend(vhost, kind) ||
      hookUrls(vhost, hook).length > 0 || (this.#hasConnect && hookUrls(vhost, "on_connect").length > 0);
  }

  #traverses({ cluster }: VhostConfig): boolean {
    return this.#hasConnect && cluster.mode === "remote" && cluster.tokenTraverse;
  }

  /** All is judged by the rules of the moment at which the client asked. */
  async #ask(kind: AccessKind, handle: VhostHandle, subject: HeldSubject): Promise<Admitted> {
    const vhost = handle.admitted;
    const { hooks } = this.#context;
    const { url } = subject;
    const { log } = this.#client;
    let admitted: Admitted | null = null;
    try {
      this.#requirePresence();
      if (vhost.signedUrl[kind]) await checkSignature(vhost.signedUrl.key, url, kind, this.#context.world.wallMs());
      if (this.#hasConnect) await this.#askOnConnect(handle, subject);
      this.#requirePresence();
      if (this.#traverses(vhost)) await askOrigin(this.#context, vhost, url.key, this.#client);
      this.#requirePresence();
      await hooks.ask(kind === "publish" ? "on_publish" : "on_play", vhost, subject, log);
      admitted = this.#letIn(kind, handle, subject);
      this.#requirePresence();
      if (asksBackend(vhost, kind)) {
        const forwardTo = await hooks.forwardUrls(vhost, subject, log);
        admitted = { ...admitted, forwardTo };
      }
      this.#requirePresence();
      return admitted;
    } catch (error) {
      if (admitted === null) subject.release();
      else admitted.end();
      throw error;
    }
  }

  async #askOnConnect(vhost: VhostHandle, subject: HookSubject): Promise<void> {
    // A backend that refuses has heard of the client, and hears of its end: SRS tells it, too.
    this.#book.connect(vhost, subject);
    try {
      await this.#context.hooks.ask("on_connect", vhost.admitted, subject, this.#client.log);
    } catch (error) {
      if (!(error instanceof RequestDenied)) throw error;
      throw new ConnectRefused(error.codeName, error.message, { cause: error });
    }
  }

  #letIn(kind: AccessKind, vhost: VhostHandle, subject: HeldSubject): Admitted {
    if (this.#hasConnect) this.#book.connect(vhost, subject);
    const end = this.#book.begin(kind === "publish" ? "on_unpublish" : "on_stop", vhost, subject);
    const { forward } = vhost.admitted;
    const forwardTo = kind === "publish" && forward.enabled ? forward.destination.map(({ text }) => text) : [];
    return { vhost, url: subject.url, forwardTo, end: () => end(true), drop: () => end(false) };
  }

  #requirePresence(): void {
    if (this.#book.hasLeft) throw new RequestDenied("SocketTimeout", "the client disconnected");
  }
}

function asksBackend({ forward }: VhostConfig, kind: AccessKind): boolean {
  return kind === "publish" && forward.enabled && forward.backend !== "";
}

function requireVhost({ config }: AdmissionServer, name: string): VhostConfig {
  const vhost = findVhost(config, name);
  if (vhost === undefined) {
    throw new RequestDenied("NoVhost", `unknown vhost ${name}, and no __defaultVhost__ to use instead`);
  }
  return vhost;
}
