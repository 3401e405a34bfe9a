import type { MemoryHost } from "./memory_host.ts";
import type { MemoryNetwork } from "./memory_network.ts";
import type { MemorySocket } from "./memory_socket.ts";

const HOOKS_IP = "10.0.9.1";

/** A server on a simulated network that hooks and reports are posted to; it agrees to everything. */
export class MemoryHooks {
  /** Path and body of each call. */
  readonly calls: { path: string; body: Record<string, unknown> }[] = [];
  /** Takes calls and answers none. */
  isMute = false;

  constructor(network: MemoryNetwork) {
    this.#accept(network.host(HOOKS_IP));
  }

  /** Address of a hook. */
  static url(path: string): string {
    return `http://${HOOKS_IP}:80${path}`;
  }

  /** Paths that were called. */
  get paths(): string[] {
    return this.calls.map(({ path }) => path);
  }

  async #accept(host: MemoryHost): Promise<void> {
    const listener = host.listen({ host: HOOKS_IP, port: 80 });
    // It ends with the network.
    while (true) this.#serve(await listener.accept() as MemorySocket);
  }

  async #serve(socket: MemorySocket): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    let text = "";
    for (let isWhole = false; !isWhole;) {
      const count = await socket.read(buffer);
      if (count === null) return socket.close();
      text += new TextDecoder().decode(buffer.subarray(0, count));
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1]);
      isWhole = text.includes("\r\n\r\n") && text.length - text.indexOf("\r\n\r\n") - 4 >= length;
    }
    const path = /^POST (\S+)/.exec(text)?.[1] ?? "";
    this.calls.push({ path, body: JSON.parse(text.slice(text.indexOf("\r\n\r\n"))) });
    if (this.isMute) return;
    await socket.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n0"));
    await socket.closeWrite();
  }
}
