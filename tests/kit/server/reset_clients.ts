const AF_INET = 2;
const SOCK_STREAM_NONBLOCK = 0x801;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const MAX_BURST = 100;

/**
 * Clients of a port of the loopback that connect and reset at once. Linux only.
 *
 * Source: socket(2), socket(7): a linger of no time makes close() send a reset.
 */
export class ResetClients implements Disposable {
  readonly #libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  readonly #address: Uint8Array<ArrayBuffer>;
  readonly #lingerNone = new Int32Array([1, 0]);
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Connections made and reset. */
  count = 0;

  constructor(port: number) {
    this.#address = new Uint8Array([AF_INET, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  }

  /** One after the other, none waited for. */
  reset(count: number): void {
    const { socket, connect, setsockopt, close } = this.#libc.symbols;
    for (let i = 0; i < count; i++) {
      const fd = socket(AF_INET, SOCK_STREAM_NONBLOCK, 0);
      if (fd < 0) return;
      setsockopt(fd, SOL_SOCKET, SO_LINGER, this.#lingerNone, 8);
      connect(fd, this.#address, this.#address.length);
      close(fd);
      this.count++;
    }
  }

  /** So many a second from here on, but never more at a time than wait in a backlog of Deno 2.4.2. */
  start(perSecond: number): void {
    const stepMs = 10;
    const startedMs = performance.now();
    const before = this.count;
    this.#timer = setInterval(() => {
      const due = (performance.now() - startedMs) * perSecond / 1000 - (this.count - before);
      this.reset(Math.min(Math.floor(due), MAX_BURST));
    }, stepMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#libc.close();
  }
}
