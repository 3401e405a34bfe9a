import type { NetAddress, Socket } from "../../base/socket.ts";
import { descriptorAt } from "./descriptor.ts";
import type { Libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
/** Argument of setsockopt(2); it is read during the call. */
const mark = new Int32Array(1);

/** A connection that was accepted here, with the short ways to the kernel. Its only owner: see the rules in `libc.ts`. */
export class FastSocket implements Socket {
  readonly localAddr: NetAddress;
  readonly remoteAddr: NetAddress;
  readonly #conn: Socket;
  readonly #key: symbol;
  readonly #libc: Libc;
  #isClosed = false;
  #gatherBytes = 1;

  /** @param key Where the connection has its descriptor. */
  constructor(conn: Socket, key: symbol, libc: Libc) {
    this.#conn = conn;
    this.#key = key;
    this.#libc = libc;
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
  }

  /**
   * The kernel does not wake the process before so many bytes are there, the peer has ended, or its buffer is about to be
   * full; it looks at what is there as soon as the mark changes.
   *
   * Source: SO_RCVLOWAT in socket(7); `tcp_set_rcvlowat` of Linux 4.18 and later.
   */
  gather(bytes: number): void {
    if (bytes === this.#gatherBytes || this.#isClosed) return;
    this.#gatherBytes = bytes;
    mark[0] = bytes;
    this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVLOWAT, mark, mark.byteLength);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#conn.read(buffer);
  }

  write(view: Uint8Array): Promise<number> {
    return this.#conn.write(view);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  setNoDelay(on?: boolean): void {
    this.#conn.setNoDelay(on);
  }

  close(): void {
    this.#isClosed = true;
    this.#conn.close();
  }

  /** Only while the connection is open. */
  get #descriptor(): number {
    return descriptorAt(this.#conn, this.#key);
  }
}
