import type { ListenerSocket } from "../../../src/base/socket.ts";
import type { MemoryHost } from "../../kit/memory/memory_host.ts";
import type { MemorySocket } from "../../kit/memory/memory_socket.ts";
import type { SrsMood, SrsPlan } from "../scenario.ts";
import { SrsMedia } from "./srs_media.ts";

/** No request to it is longer. */
const MAX_REQUEST_BYTES = 16 * 1024;
const SLOW_MS = 700;

/**
 * An SRS 6 that the origins have for a coworker: it answers `/api/v1/clusters` as SRS does, knows no extensions, and
 * asks nobody itself. Now and then it is not well.
 */
export class SrsServer {
  readonly name: string;
  readonly ip: string;
  readonly #host: MemoryHost;
  readonly #media: SrsMedia;
  readonly #listeners: ListenerSocket[] = [];
  mood: SrsMood = "well";

  constructor({ name }: SrsPlan, host: MemoryHost) {
    this.name = name;
    this.ip = host.ip;
    this.#host = host;
    this.#media = new SrsMedia(host);
  }

  get rtmp(): string {
    return `${this.ip}:1935`;
  }

  start(): void {
    this.#listen(1935, (socket) => this.#media.serve(socket));
    this.#listen(1985, (socket) => void this.#answer(socket));
  }

  /** Ends it with all its connections. */
  stop(cutOff: (host: MemoryHost) => void): void {
    for (const listener of this.#listeners) listener.close();
    cutOff(this.#host);
  }

  #listen(port: number, serve: (socket: MemorySocket) => void): void {
    const listener = this.#host.listen({ host: this.ip, port });
    this.#listeners.push(listener);
    const acceptAll = async () => {
      while (true) serve(await listener.accept() as MemorySocket);
    };
    // It ends when the listener does.
    acceptAll().catch(() => {});
  }

  /** SRS has time for a request that does not end, too. */
  async #answer(socket: MemorySocket): Promise<void> {
    try {
      const text = await readRequest(socket);
      if (text === null) return socket.close();
      // Until whoever asked gives up.
      if (this.mood === "hangs") return void await readRequest(socket).finally(() => socket.close());
      if (this.mood === "slow") await new Promise<void>((resolve) => this.#host.after(SLOW_MS, resolve));
      const [, target = ""] = /^[A-Z]+ (\S+)/.exec(text) ?? [];
      const [status, body] = this.#respond(target);
      const lines = [
        `HTTP/1.1 ${status}`,
        "Server: SRS/6.0.184(Hang)",
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
        "Connection: close",
      ];
      await socket.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`));
    } catch {
      // Whoever asked has left.
    }
    socket.close();
  }

  #respond(target: string): readonly [status: string, body: string] {
    const [path = "", query = ""] = target.split("?");
    if (path === "/api/v1/versions") return ["200 OK", JSON.stringify({ code: 0, ...this.#identity, data: version })];
    if (path !== "/api/v1/clusters") return ["404 Not Found", "Not Found"];
    if (this.mood === "garbled") return ["200 OK", '{"code":0,"data":{"query"'];
    // SRS decodes nothing.
    const asked = Object.fromEntries(query.split("&").map((part) => part.split("=")));
    const { ip = "", vhost = "", app = "", stream = "" } = asked;
    const isHere = this.mood === "lies" || this.#media.has(stream.replace(/\.[^.]*$/, ""));
    const api = `${this.ip}:1985`;
    const origin = { ip: this.ip, port: 1935, vhost: "__defaultVhost__", api, routers: [api] };
    return [
      "200 OK",
      JSON.stringify({ code: 0, data: { query: { ip, vhost, app, stream }, origin: isHere ? origin : null } }),
    ];
  }

  get #identity() {
    return { server: `vid-${this.name}`, service: `s${this.name}`, pid: "1" };
  }
}

const version = { major: 6, minor: 0, revision: 184, version: "6.0.184" };

async function readRequest(socket: MemorySocket): Promise<string | null> {
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await socket.read(buffer);
    if (count === null || text.length > MAX_REQUEST_BYTES) return null;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}
