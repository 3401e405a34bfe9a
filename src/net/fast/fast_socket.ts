import { lend } from "../../base/log_memory.ts";
import type { NetAddress, Socket } from "../../base/socket.ts";
import { descriptorAt } from "./descriptor.ts";
import type { Libc } from "./libc.ts";
import { regionOf } from "./region.ts";

const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
/** Argument of setsockopt(2); it is read during the call. */
const mark = new Int32Array(1);

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_MORE = 0x8000;

/** Fewer bytes are copied for less than it costs to hand out their pages. */
const LEAST_SENDFILE_BYTES = 16 * 1024;
/** Argument of sendfile(2); it is read, and written, during the call. */
const fileOffset = new BigInt64Array(1);

/** Which short ways a connection takes. */
export interface ShortWays {
  readonly gathers: boolean;
  readonly sends: "write" | "send" | "sendfile";
}

/** A connection that was accepted here, with the short ways to the kernel. Its only owner: see the rules in `libc.ts`. */
export class FastSocket implements Socket {
  readonly localAddr: NetAddress;
  readonly remoteAddr: NetAddress;
  readonly gather?: (bytes: number) => void;
  readonly writeNow?: (view: Uint8Array, isMore?: boolean) => number;
  readonly #conn: Socket;
  readonly #key: symbol;
  readonly #libc: Libc;
  #isClosed = false;
  /** Deno holds the memory of a write, but not the buffer, by which the arena knows that somebody needs it. */
  #beingWritten: Uint8Array | null = null;
  #gatherBytes = 1;

  /** @param key Where the connection has its descriptor. */
  constructor(conn: Socket, key: symbol, { libc, gathers, sends }: ShortWays & { readonly libc: Libc }) {
    this.#conn = conn;
    this.#key = key;
    this.#libc = libc;
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
    if (gathers) this.gather = (bytes) => this.#gather(bytes);
    const least = sends === "sendfile" ? LEAST_SENDFILE_BYTES : Infinity;
    if (sends !== "write") this.writeNow = (view, isMore = false) => this.#send(view, least, isMore ? MSG_MORE : 0);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#conn.read(buffer);
  }

  write(view: Uint8Array): Promise<number> {
    this.#beingWritten = view;
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

  /** Source: send(2), sendfile(2), which has no way to forbid SIGPIPE: see `FastPaths`. */
  #send(view: Uint8Array, leastSendfileBytes: number, moreFlag: number): number {
    if (this.#isClosed) return 0;
    this.#beingWritten = null;
    const { length } = view;
    const region = length < leastSendfileBytes ? undefined : regionOf(view.buffer);
    let count: bigint;
    if (region === undefined) {
      // Shared memory is fine, too, whatever the types say.
      const bytes = view as Uint8Array<ArrayBuffer>;
      count = this.#libc.send(this.#descriptor, bytes, BigInt(length), MSG_DONTWAIT | MSG_NOSIGNAL | moreFlag);
    } else {
      if (!region.wasSent) lend(view.buffer);
      region.wasSent = true;
      fileOffset[0] = BigInt(region.offset + view.byteOffset);
      count = this.#libc.sendfile(this.#descriptor, region.fd, fileOffset, BigInt(length));
    }
    return Math.max(0, Number(count));
  }

  /** Only while the connection is open. */
  get #descriptor(): number {
    return descriptorAt(this.#conn, this.#key);
  }
}
