import type { ListenerSocket } from "../../src/base/socket.ts";
import type { MemoryHost } from "./memory_host.ts";
import type { MemorySocket } from "./memory_socket.ts";

/** A listening port in memory. */
export class MemoryListener implements ListenerSocket {
  readonly addr: Deno.NetAddr;
  readonly owner: MemoryHost;
  readonly #arrived: MemorySocket[] = [];
  readonly #onClose: () => void;
  #waiting: PromiseWithResolvers<MemorySocket> | null = null;
  #closed = false;

  constructor(addr: Deno.NetAddr, owner: MemoryHost, onClose: () => void) {
    this.addr = addr;
    this.owner = owner;
    this.#onClose = onClose;
  }

  add(socket: MemorySocket): void {
    if (this.#waiting === null) this.#arrived.push(socket);
    else this.#waiting.resolve(socket);
    this.#waiting = null;
  }

  accept(): Promise<MemorySocket> {
    if (this.#closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    for (const socket of this.#arrived.splice(0)) socket.reset();
    this.#waiting?.reject(new Deno.errors.BadResource("closed"));
  }
}
