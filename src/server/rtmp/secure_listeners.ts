import type { Logger } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { Config } from "../../config/mod.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import type { ReloadPart } from "../reload/reload_part.ts";
import { RtmpListeners } from "./listeners.ts";
import { TlsPorts } from "../tls_ports.ts";

/** The sockets that listen on the addresses of `rtmps`, and their certificate. Its connections speak RTMP as all do. */
export class SecureListeners {
  /** What a reload may change, in the order in which that has to be. */
  readonly reloadParts: readonly ReloadPart[];
  readonly #certificate: TlsPorts;
  readonly #listeners: RtmpListeners;

  constructor({ log, world, onConn }: { log: Logger; world: World; onConn(tcp: TcpConn): void }) {
    const rtmpsOf = ({ rtmps }: Pick<Config, "rtmps">) => rtmps.enabled ? rtmps : null;
    this.#certificate = new TlsPorts({ name: "rtmps", log, world, files: rtmpsOf });
    const addresses = (config: Pick<Config, "rtmps">) =>
      this.#certificate.isUsable ? rtmpsOf(config)?.listen ?? [] : [];
    this.#listeners = new RtmpListeners({ name: "RTMPS", log, world: this.#certificate.world, onConn, addresses });
    this.reloadParts = [this.#certificate, this.#listeners];
  }

  /** Ports bound, in the order of `rtmps.listen`. */
  get ports(): number[] {
    return this.#listeners.ports;
  }

  /** Binds what there is of `rtmps`. @throws {SrsError} `SocketListen`; nothing is left open then. */
  open(config: Config): void {
    this.#certificate.load(config);
    this.#listeners.open(config);
  }

  /** Accepts no more connections. */
  close(): void {
    this.#listeners.close();
  }

  /** Settles when all sockets are closed and their ports free again. */
  async closed(): Promise<void> {
    await this.#listeners.closed();
  }
}
