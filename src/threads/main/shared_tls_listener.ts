import { SharedListener } from "./shared_listener.ts";
import type { RenewableListener, TlsKeys, TlsListenOptions } from "../../base/socket.ts";
import type { ThreadAddress } from "../../net/tls/listener.ts";

/** A port on which several threads listen with TLS, all with one certificate. */
export class SharedTlsListener extends SharedListener implements RenewableListener {
  readonly #own: RenewableListener;
  readonly #onRenew: (keys: TlsKeys) => void;
  readonly #protocols: readonly string[];
  #keys: TlsKeys;

  /** @param own This thread's socket. */
  constructor(
    own: RenewableListener,
    { keys, protocols = [] }: Pick<TlsListenOptions, "keys" | "protocols">,
    others: { onClose(): Promise<void>; onRenew(keys: TlsKeys): void },
  ) {
    super(own, others.onClose);
    this.#own = own;
    this.#keys = keys;
    this.#protocols = protocols;
    this.#onRenew = others.onRenew;
  }

  get isClosed(): boolean {
    return this.#own.isClosed;
  }

  /** Where a further thread is to listen. */
  get address(): ThreadAddress {
    return { host: this.addr.hostname, port: this.addr.port, keys: this.#keys, protocols: this.#protocols };
  }

  /** Opens this thread's socket again. */
  reopen(): void {
    this.#own.renew(this.#keys);
  }

  renew(keys: TlsKeys): void {
    this.#keys = keys;
    this.#own.renew(keys);
    this.#onRenew(keys);
  }
}
