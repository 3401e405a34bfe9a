import type { Logger } from "../../base/log.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import { addressKey } from "../access/address_counter.ts";
import { Admission, type AdmissionClient, type AdmissionServer, type Admitted } from "../access/admission.ts";
import { type ClientConn, type ClientEntry, clientEntry } from "../client_registry.ts";
import type { CloseReason } from "../close_reason.ts";
import type { ServerContext } from "../context.ts";
import { randomId } from "../identity.ts";

/** What a session takes of a server. */
export type HlsSessionServer = AdmissionServer & Pick<ServerContext, "log">;

/** Who begins a session. */
export interface HlsViewer {
  readonly url: StreamUrl;
  readonly remoteIp: string;
  readonly pageUrl: string;
}

/**
 * One viewer of HLS, who shows only by requests: in the book of clients from the first one on, and told to hooks as any
 * other player is. Its `hls_ctx` is known to the viewer alone; the API shows another id.
 */
export class HlsSession implements ClientConn {
  readonly id: string;
  readonly ctx: string;
  readonly url: StreamUrl;
  readonly remoteIp: string;
  readonly bytesIn = 0;
  bytesOut = 0;
  /** Of its last request. */
  lastMs: number;
  /** How many there were. */
  requests = 0;
  readonly log: Logger;
  readonly #server: HlsSessionServer;
  readonly #viewer: HlsViewer;
  readonly #admission: Admission;
  #admitted: Admitted | null = null;
  #entry: ClientEntry | null = null;
  #isKicked = false;

  constructor(server: HlsSessionServer, ctx: string, viewer: HlsViewer) {
    this.#server = server;
    this.#viewer = viewer;
    this.ctx = ctx;
    this.url = viewer.url;
    this.remoteIp = viewer.remoteIp;
    this.id = randomId(server.world, 8);
    this.lastMs = server.timers.nowMs();
    this.log = server.log.withCid(this.id, addressKey(viewer.remoteIp));
    this.#admission = new Admission(server, this.#client(), false);
  }

  /** Somebody has ended it: the id is of no use any more. */
  get isKicked(): boolean {
    return this.#isKicked;
  }

  /** Asks whether the viewer may play. @throws {RequestDenied} */
  async begin(): Promise<void> {
    const { pageUrl } = this.#viewer;
    this.#admitted = await this.#admission.admit("play", this.url);
    const tcUrl = `rtmp://${this.url.host}/${this.url.app}`;
    const sinceMs = this.#server.timers.nowMs();
    const asked = { type: "hls-play" as const, url: this.url, tcUrl, pageUrl, swfUrl: "", server: null, sinceMs };
    this.#entry = clientEntry(this, asked);
    this.#server.registry.add(this.#entry);
    this.log.info(`play ${this.url.key} over HLS from ${this.remoteIp}`);
  }

  /** A request of the viewer's was answered with so many bytes. */
  note(bytes: number): void {
    this.bytesOut += bytes;
  }

  touch(nowMs: number): void {
    this.lastMs = nowMs;
    this.requests++;
  }

  /** Ends it, and keeps its id from being used again. */
  close(reason: CloseReason, detail: string): void {
    this.#isKicked = reason === "kicked";
    this.end(reason, detail);
  }

  /** Ends it, once: the hooks hear of it. */
  end(reason: CloseReason, detail: string): void {
    const entry = this.#entry;
    this.#entry = null;
    if (entry !== null) {
      this.#server.registry.remove(entry);
      this.#server.registry.ends.note("http", reason);
      this.log.info(`HLS session of ${this.url.key} ended: ${reason}${detail === "" ? "" : ` (${detail})`}`);
    }
    this.#admitted?.end();
    this.#admission.leave();
  }

  #client(): AdmissionClient {
    const { url, remoteIp, pageUrl } = this.#viewer;
    const session = this;
    return {
      id: this.id,
      remoteIp,
      tcUrl: `rtmp://${url.vhost}/${url.app}`,
      pageUrl,
      swfUrl: "",
      args: {},
      log: this.log,
      bytesIn: 0,
      get bytesOut() {
        return session.bytesOut;
      },
    };
  }
}
