import type { NetAddress, Socket } from "../../base/socket.ts";
import { descriptorAt } from "./descriptor.ts";
import type { Libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
/** Argument of setsockopt(2); it is read during the call. */
const mark = new Int32Array(1);

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Which short ways a connection takes. */
export interface ShortWays {
  readonly gathers: boolean;
  readonly sends: boolean;
}

/** A connection that was accepted here, with the short ways to the kernel. Its only owner: see the rules in `libc.ts`. */
export class FastSocket implements Socket {
  readonly localAddr: NetAddress;
  readonly remoteAddr: NetAddress;
  readonly gather?: (bytes: number) => void;
  readonly writeNow?: (view: Uint8Array) => number;
  readonly #conn: Socket;
  readonly #key: symbol;
  readonly #libc: Libc;
  #isClosed = false;
  #gatherBytes = 1;

  /** @param key Where the connection has its descriptor. */
  constructor(conn: Socket, key: symbol, { libc, gathers, sends }: ShortWays & { readonly libc: Libc }) {
    this.#conn = conn;
    this.#key = key;
    this.#libc = libc;
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
    if (gathers) this.gather = (bytes) => this.#gather(bytes);
    if (sends) this.writeNow = (view) => this.#send(view);
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

  /**
   * The kernel does not wake the process before so many bytes are there, the peer has ended, or its buffer is about to be
   * full; it looks at what is there as soon as the mark changes.
   *
   * Source: SO_RCVLOWAT in socket(7); `tcp_set_rcvlowat` of Linux 4.18 and later.
   */
  #gather(bytes: number): void {
    if (bytes === this.#gatherBytes || this.#isClosed) return;
    this.#gatherBytes = bytes;
    mark[0] = bytes;
    this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVLOWAT, mark, mark.byteLength);
  }

  /** Source: send(2). */
  #send(view: Uint8Array): number {
    if (this.#isClosed) return 0;
    // What belongs to Deno's types: shared memory is fine, too.
    const bytes = view as Uint8Array<ArrayBuffer>;
    const count = Number(this.#libc.send(this.#descriptor, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL));
    return Math.max(0, count);
  }

  /** Only while the connection is open. */
  get #descriptor(): number {
    return descriptorAt(this.#conn, this.#key);
  }
}
