import type { ListenerSocket, NetAddress, Socket } from "../../base/socket.ts";

/** A port on which several threads listen: hands on what this thread and the others accept. */
export class SharedListener implements ListenerSocket {
  readonly addr: NetAddress;
  readonly #own: ListenerSocket;
  readonly #onClose: () => Promise<void>;
  /** Accepted by workers, and not yet asked for. */
  readonly #arrived: Socket[] = [];
  #waiting: PromiseWithResolvers<Socket> | null = null;
  #isAccepting = false;
  #closed = false;
  /** Settles when no other thread listens. */
  #released: Promise<void> = Promise.resolve();

  /** @param own This thread's socket. @param onClose Stops the others. */
  constructor(own: ListenerSocket, onClose: () => Promise<void>) {
    this.#own = own;
    this.addr = own.addr;
    this.#onClose = onClose;
  }

  /** Another thread has accepted a connection. */
  add(socket: Socket): void {
    if (this.#closed) return socket.close();
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#arrived.push(socket);
    else waiting.resolve(socket);
  }

  accept(): Promise<Socket> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    const waiting = Promise.withResolvers<Socket>();
    this.#waiting = waiting;
    if (!this.#isAccepting) this.#acceptOwn();
    return waiting.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#own.close();
    for (const socket of this.#arrived.splice(0)) socket.close();
    this.#released = this.#onClose();
  }

  async #acceptOwn(): Promise<void> {
    this.#isAccepting = true;
    try {
      const socket = await this.#own.accept();
      this.#isAccepting = false;
      this.add(socket);
    } catch (error) {
      this.#isAccepting = false;
      // Who waits for the next connection takes this for the end: only then may the port be free.
      if (this.#closed) await this.#released;
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.reject(error);
    }
  }
}
