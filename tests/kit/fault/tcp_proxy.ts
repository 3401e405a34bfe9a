import { connect, createServer, type Server, type Socket } from "node:net";

/** What a {@link TcpProxy} does to the bytes of one direction. */
export type Treatment =
  | { kind: "pass" }
  /** Takes and swallows them: the sender sees nothing wrong. */
  | { kind: "swallow" }
  /** Takes no more: the sender's buffers fill up. */
  | { kind: "hold" }
  | { kind: "delay"; ms: number }
  /** Hands on so many bytes a second. */
  | { kind: "drip"; bytesPerSecond: number };

/** Directions, seen from who connects. */
export interface Treatments {
  up: Treatment;
  down: Treatment;
}

const pass: Treatment = { kind: "pass" };
const DRIP_MS = 50;

/** One direction of one connection. */
class Lane {
  treatment: Treatment = pass;
  readonly #to: Socket;
  #waiting: { bytes: Uint8Array; dueMs: number }[] = [];
  #ended = false;
  #lost = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(from: Socket, to: Socket) {
    this.#to = to;
    from.on("data", (bytes: Uint8Array) => this.#onData(bytes));
    from.on("end", () => {
      this.#ended = true;
      this.#work();
    });
  }

  /** Applies to what still waits, too. */
  treat(treatment: Treatment): void {
    if (this.#lost) return;
    this.treatment = treatment;
    if (treatment.kind === "swallow") this.#waiting = [];
    else if (treatment.kind === "pass") { for (const part of this.#waiting) part.dueMs = 0; }
    this.#work();
  }

  /** Swallows everything for good. */
  lose(): void {
    this.treat({ kind: "swallow" });
    this.#lost = true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #onData(bytes: Uint8Array): void {
    const { treatment } = this;
    if (treatment.kind === "swallow") return;
    const dueMs = treatment.kind === "delay" ? performance.now() + treatment.ms : 0;
    this.#waiting.push({ bytes, dueMs });
    this.#work();
  }

  #work(): void {
    clearTimeout(this.#timer);
    const { treatment } = this;
    if (treatment.kind === "hold") return;
    if (treatment.kind === "drip") {
      const first = this.#waiting[0];
      if (first === undefined) return this.#finish();
      const count = Math.max(1, Math.round(treatment.bytesPerSecond * DRIP_MS / 1000));
      this.#to.write(first.bytes.subarray(0, count));
      first.bytes = first.bytes.subarray(count);
      if (first.bytes.length === 0) this.#waiting.shift();
      this.#timer = setTimeout(() => this.#work(), DRIP_MS);
      return;
    }
    const nowMs = performance.now();
    while (this.#waiting.length > 0 && this.#waiting[0]!.dueMs <= nowMs) this.#to.write(this.#waiting.shift()!.bytes);
    const next = this.#waiting[0];
    if (next === undefined) this.#finish();
    else this.#timer = setTimeout(() => this.#work(), next.dueMs - nowMs);
  }

  #finish(): void {
    // A network that swallows what is said swallows the end of it, too.
    if (this.#ended && this.treatment.kind !== "swallow") this.#to.end();
  }
}

/** A network between a client and a server of 127.0.0.1 that can fail in every way a network does. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<{ sockets: [Socket, Socket]; up: Lane; down: Lane }>();
  #treatments: Treatments = { up: pass, down: pass };
  /** New connections are led here. */
  targetPort: number;

  private constructor(targetPort: number, server: Server) {
    this.targetPort = targetPort;
    this.#server = server;
  }

  /** @param port Where it listens; a free port by default. */
  static async start(targetPort: number, port = 0): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new TcpProxy(targetPort, server);
    server.on("connection", (client: Socket) => proxy.#onClient(client));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(port, "127.0.0.1", resolve);
    await promise;
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  /** Connections of this moment. */
  get connectionCount(): number {
    return this.#links.size;
  }

  /** Treats both directions, of connections that exist and of new ones. */
  treat(both: Treatment): void;
  treat(treatments: Partial<Treatments>): void;
  treat(how: Treatment | Partial<Treatments>): void {
    this.#treatments = "kind" in how ? { up: how, down: how } : { up: pass, down: pass, ...how };
    for (const { up, down } of this.#links) {
      up.treat(this.#treatments.up);
      down.treat(this.#treatments.down);
    }
  }

  /** All connections of this moment are dead from now on, and neither end hears of it; new ones are not concerned. */
  lose(): void {
    for (const { up, down } of this.#links) {
      for (const lane of [up, down]) lane.lose();
    }
  }

  /** Breaks all connections with a reset. */
  reset(): void {
    for (const { sockets } of this.#links) {
      for (const socket of sockets) {
        // Deno 2.4 knows no reset: there it is an end.
        if (typeof socket.resetAndDestroy === "function") socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const { sockets } of this.#links) for (const socket of sockets) socket.destroy();
    await promise;
  }

  #onClient(client: Socket): void {
    const server = connect({ port: this.targetPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const link = {
      sockets: [client, server] as [Socket, Socket],
      up: new Lane(client, server),
      down: new Lane(server, client),
    };
    link.up.treat(this.#treatments.up);
    link.down.treat(this.#treatments.down);
    this.#links.add(link);
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#links.delete(link);
        link.up.stop();
        link.down.stop();
        other.destroy();
      });
    }
  }
}
