import { describeError, SrsError } from "../base/errors.ts";
import type { ListenWorld } from "../net/tcp_listener.ts";
import type { Logger } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { Config } from "../config/mod.ts";
import { readTlsKeys, type TlsFiles } from "../net/tls/keys.ts";
import type { RenewableListener, TlsKeys } from "../base/socket.ts";
import type { PreparedReload, ReloadPart } from "./reload/reload_part.ts";

/** Options of {@link TlsPorts}. */
export interface TlsPortsOptions {
  /** Directive with the files: `rtmps`. */
  readonly name: string;
  readonly log: Logger;
  readonly world: World;
  /** Where certificate and key are; null while there is no TLS. */
  files(config: Config): TlsFiles | null;
  /** What may be spoken inside (ALPN), when a port is opened; by default that is not talked about. */
  protocols?(): readonly string[];
  /** A reload replaced an unusable certificate by a usable one: the ports can be opened. Must not throw. */
  onMended?(): void;
}

/**
 * The TLS listeners that show one certificate. A reload reads it again.
 *
 * As in SRS, an unusable certificate does not keep the server from starting: the ports stay closed until a reload
 * finds a better one.
 */
export class TlsPorts implements ReloadPart {
  readonly #options: TlsPortsOptions;
  /** The world with ports that speak TLS; the certificate must have been loaded before one is opened. */
  readonly world: ListenWorld;
  #listeners: RenewableListener[] = [];
  #keys: TlsKeys | null = null;
  /** Those of a reload that is being prepared. */
  #next: TlsKeys | null = null;
  /** The ports are closed because of the certificate. */
  #isFaulty = false;

  constructor(options: TlsPortsOptions) {
    this.#options = options;
    const { world } = options;
    this.world = {
      nowMs: () => world.nowMs(),
      after: (ms, fn) => world.after(ms, fn),
      turns: world.turns,
      listen: this.#listen,
    };
  }

  readonly #listen: World["listen"] = ({ host, port }) => {
    const keys = this.#next ?? this.#keys;
    if (keys === null) throw new TypeError("Cannot listen with TLS before its certificate is loaded");
    const { name, log, world } = this.#options;
    const listener = world.listenTls({
      host,
      port,
      keys,
      protocols: this.#options.protocols?.() ?? [],
      onHandshakeError: (remoteIp, reason) => {
        if (reason === "") log.debug(`${name}: ${remoteIp} left during the TLS handshake`);
        else log.warn(`${name}: TLS handshake with ${remoteIp} failed: ${reason}`);
      },
    });
    this.#listeners = [...this.#listeners.filter(({ isClosed }) => !isClosed), listener];
    return listener;
  };

  /** Whether ports can be opened; while a reload is being prepared, with its certificate. */
  get isUsable(): boolean {
    return (this.#next ?? this.#keys) !== null;
  }

  /** Reads the files. The log says what is wrong with them. */
  load(config: Config): void {
    this.#isFaulty = false;
    try {
      this.#keys = this.#read(config);
    } catch (error) {
      this.#keys = null;
      this.#stayClosed(error);
    }
  }

  /** @throws {SrsError} `ConfigInvalid` if the certificate in use would be replaced by a useless one. */
  prepare(config: Config): PreparedReload {
    try {
      this.#next = this.#read(config);
    } catch (error) {
      if (!this.#isFaulty) throw error;
      this.#stayClosed(error);
    }
    return { commit: () => this.#commit(), abandon: () => this.#next = null };
  }

  #stayClosed(error: unknown): void {
    this.#isFaulty = true;
    this.#options.log.error(
      `${describeError(error)}; its ports stay closed until a reload finds a usable certificate`,
    );
  }

  #commit(): void {
    const keys = this.#next;
    const before = this.#keys;
    this.#keys = keys;
    this.#next = null;
    if (this.#isFaulty && keys !== null) {
      this.#isFaulty = false;
      this.#options.onMended?.();
    }
    if (keys === null || before === null || (keys.cert === before.cert && keys.key === before.key)) return;
    for (const listener of this.#listeners) listener.renew(keys);
    this.#options.log.info(`${this.#options.name}: certificate replaced, new connections get the new one`);
  }

  #read(config: Config): TlsKeys | null {
    const { name, files } = this.#options;
    const paths = files(config);
    if (paths === null) return null;
    const found = readTlsKeys(paths);
    if ("keys" in found) return found.keys;
    const { file, message, suggestion } = found.fault;
    throw new SrsError("ConfigInvalid", `${name}.${file}: ${message}; ${suggestion}`);
  }
}
