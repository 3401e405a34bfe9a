import type { ListenerSocket } from "../../../src/base/socket.ts";
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
  #isFrozen = false;

  constructor(addr: Deno.NetAddr, owner: MemoryHost, onClose: () => void) {
    this.addr = addr;
    this.owner = owner;
    this.#onClose = onClose;
  }

  /** Whoever accepts stands still: connections come about, and wait. */
  set isFrozen(isFrozen: boolean) {
    this.#isFrozen = isFrozen;
    this.#hand();
  }

  add(socket: MemorySocket): void {
    this.#arrived.push(socket);
    this.#hand();
  }

  accept(): Promise<MemorySocket> {
    if (this.#closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    const { promise } = this.#waiting = Promise.withResolvers<MemorySocket>();
    this.#hand();
    return promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    for (const socket of this.#arrived.splice(0)) socket.reset();
    this.#waiting?.reject(new Deno.errors.BadResource("closed"));
  }

  #hand(): void {
    if (this.#isFrozen || this.#waiting === null) return;
    const arrived = this.#arrived.shift();
    if (arrived === undefined) return;
    this.#waiting.resolve(arrived);
    this.#waiting = null;
  }
}
