import { SharedListener } from "./shared_listener.ts";
import type { RenewableListener, TlsKeys } from "../../base/socket.ts";
import type { ThreadAddress } from "../../net/tls/listener.ts";

/** A port on which several threads listen with TLS, all with one certificate. */
export class SharedTlsListener extends SharedListener implements RenewableListener {
  readonly #own: RenewableListener;
  readonly #onRenew: (keys: TlsKeys) => void;
  #keys: TlsKeys;

  /** @param own This thread's socket. */
  constructor(
    own: RenewableListener,
    keys: TlsKeys,
    others: { onClose(): Promise<void>; onRenew(keys: TlsKeys): void },
  ) {
    super(own, others.onClose);
    this.#own = own;
    this.#keys = keys;
    this.#onRenew = others.onRenew;
  }

  get isClosed(): boolean {
    return this.#own.isClosed;
  }

  /** Where a further thread is to listen. */
  get address(): ThreadAddress {
    return { host: this.addr.hostname, port: this.addr.port, keys: this.#keys };
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
