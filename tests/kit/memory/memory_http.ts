import type { MemoryHost } from "./memory_host.ts";
import type { MemorySocket } from "./memory_socket.ts";

/** A client that sends one request over HTTP/1.1 and keeps whatever comes. */
export class MemoryHttp implements Disposable {
  bytes = 0;
  /** The server has ended the connection. */
  ended = false;
  readonly socket: MemorySocket;
  #head = "";

  private constructor(socket: MemorySocket) {
    this.socket = socket;
  }

  /** @param headers Further ones, each a line. */
  static get(host: MemoryHost, address: string, target: string, headers: readonly string[] = []) {
    return MemoryHttp.ask("GET", host, address, target, headers);
  }

  /** As {@link get}, with another method. */
  static async ask(
    method: string,
    host: MemoryHost,
    address: string,
    target: string,
    headers: readonly string[] = [],
  ): Promise<MemoryHttp> {
    const [ip = "", port] = address.split(":");
    const client = new MemoryHttp(await host.connect({ host: ip, port: Number(port) }, new AbortController().signal));
    const lines = [`${method} ${target} HTTP/1.1`, `Host: ${address}`, ...headers];
    await client.socket.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    client.#read();
    return client;
  }

  /** As {@link get}, with the request for a WebSocket. */
  static webSocket(host: MemoryHost, address: string, target: string): Promise<MemoryHttp> {
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    return MemoryHttp.get(host, address, target, [
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      key,
    ]);
  }

  /** Of the answer; 0 before it came. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#head)?.[1] ?? 0);
  }

  /** What came, up to some kB. */
  get text(): string {
    return this.#head;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    const decoder = new TextDecoder();
    try {
      for (let count = await this.socket.read(buffer); count !== null; count = await this.socket.read(buffer)) {
        this.bytes += count;
        if (this.#head.length < 4096) this.#head += decoder.decode(buffer.subarray(0, count), { stream: true });
      }
    } catch {
      // Reset, or closed by the test.
    }
    this.ended = true;
  }
}
