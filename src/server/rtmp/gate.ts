import { describeError, RequestDenied } from "../../base/errors.ts";
import { findVhost, VhostHandle } from "../../config/mod.ts";
import type { ConnectInfo } from "../../rtmp/connect.ts";
import type { SessionRequest } from "../../rtmp/server_session.ts";
import { withVhost } from "../../rtmp/url.ts";
import {
  Admission,
  type AdmissionClient,
  type AdmissionServer,
  type Admitted,
  refusalStatus,
} from "../access/admission.ts";
import type { ServerContext } from "../context.ts";
import { canReconnect, type RoleHost, type RoleSession } from "./role.ts";

/** A request that begins a role. */
export type RoleRequest = Exclude<SessionRequest, { kind: "connect" }>;

/** The connection behind a gate. */
export interface GateSink {
  /** The client may publish or play; it was not told yet. */
  onAdmitted(request: RoleRequest, admitted: Admitted): void;
  /** The connection has come to its end. */
  readonly isOver: boolean;
}

/** What a gate takes of a server. */
export interface GateServer extends AdmissionServer {
  readonly drain: Pick<ServerContext["drain"], "isOn" | "hasCoworkers" | "findDestination">;
}

/** What a gate needs. */
export interface GateOptions {
  readonly host: Pick<RoleHost, "id" | "log" | "remoteIp" | "bytesIn" | "bytesOut" | "guard" | "onAnswered" | "finish">;
  readonly session: RoleSession;
  readonly server: GateServer;
}

/** Where the requests of an RTMP client wait until they are admitted, or are refused with the reason. */
export class RtmpGate {
  readonly #options: GateOptions;
  readonly #sink: GateSink;
  readonly #admission: Admission;

  constructor(options: GateOptions, sink: GateSink) {
    this.#options = options;
    this.#sink = sink;
    this.#admission = new Admission(options.server, new GateClient(options));
  }

  /** A request waits for others to judge it. */
  get isPending(): boolean {
    return this.#admission.isPending;
  }

  /** @throws {RequestDenied} The client was told; the connection is to be closed. */
  checkConnect(requestId: number, info: ConnectInfo): void {
    try {
      this.#admission.checkConnect(info);
    } catch (error) {
      if (error instanceof RequestDenied) this.#options.session.reject(requestId, "connectRejected", error.message);
      throw error;
    }
  }

  /**
   * Judges a request, now or later; what the client sends meanwhile waits in its session.
   *
   * @throws {RequestDenied} It is refused at once. The client was told; the connection is to be closed.
   */
  ask(request: RoleRequest): void {
    const { server, session } = this.#options;
    if (server.drain.isOn && !isServer(request, session)) return this.#turnAway(request);
    let admitted: Admitted | Promise<Admitted>;
    try {
      admitted = this.#admission.admit(request.kind, request.url);
    } catch (error) {
      this.#tell(request, error);
      throw error;
    }
    if (admitted instanceof Promise) this.#wait(request, admitted);
    else this.#sink.onAdmitted(request, admitted);
  }

  /** The client is gone. */
  leave(): void {
    this.#admission.leave();
  }

  async #wait(request: RoleRequest, admitting: Promise<Admitted>): Promise<void> {
    const { host, server } = this.#options;
    try {
      const admitted = await admitting;
      if (this.#sink.isOver) return admitted.end();
      host.guard(() => this.#sink.onAdmitted(request, admitted));
      host.onAnswered();
    } catch (error) {
      if (this.#sink.isOver) return;
      host.guard(() => {
        this.#tell(request, error);
        if (!(error instanceof RequestDenied)) throw error;
      });
      server.registry.totalErrors++;
      host.finish("refused", describeError(error));
    }
  }

  /** The server is about to stop: a client that can is told where to go instead, all others are refused. */
  #turnAway(request: RoleRequest): void {
    const { server: { config, drain }, session } = this.#options;
    const denied = new RequestDenied("StreamBusy", "this server is about to stop");
    const vhost = findVhost(config, request.url.vhost);
    if (vhost === undefined || !drain.hasCoworkers(vhost) || !canReconnect(session)) {
      this.#tell(request, denied);
      throw denied;
    }
    const search = async () => {
      const to = await drain.findDestination(
        new VhostHandle(this.#options.server, vhost),
        withVhost(request.url, vhost.name),
      );
      if (to !== null && !this.#sink.isOver) session.requestReconnect(to.tcUrl);
      throw denied;
    };
    this.#wait(request, search());
  }

  #tell({ id, kind }: RoleRequest, error: unknown): void {
    if (error instanceof RequestDenied) this.#options.session.reject(id, refusalStatus(error, kind), error.message);
  }
}

/** Edges and relays play from a server to its end: the ones are sent on, the others serve those who were. */
function isServer({ kind }: RoleRequest, session: RoleSession): boolean {
  return kind === "play" && session.connectInfo?.args.srs_server !== undefined;
}

/** What the connection of a client says of it, as far as it has come. */
class GateClient implements AdmissionClient {
  readonly id: string;
  readonly remoteIp: string;
  readonly log: RoleHost["log"];
  readonly #host: GateOptions["host"];
  readonly #session: RoleSession;

  constructor({ host, session }: GateOptions) {
    this.id = host.id;
    this.remoteIp = host.remoteIp;
    this.log = host.log;
    this.#host = host;
    this.#session = session;
  }

  get tcUrl(): string {
    return this.#session.connectInfo?.tcUrl ?? "";
  }

  get pageUrl(): string {
    return this.#session.connectInfo?.pageUrl ?? "";
  }

  get swfUrl(): string {
    return this.#session.connectInfo?.swfUrl ?? "";
  }

  get args(): ConnectInfo["args"] {
    return this.#session.connectInfo?.args ?? {};
  }

  get bytesIn(): number {
    return this.#host.bytesIn;
  }

  get bytesOut(): number {
    return this.#host.bytesOut;
  }
}
