import { freePort } from "../launcher.ts";

/** An HTTP API that says of streams what a test wants it to. */
export class FakeCoworker implements AsyncDisposable {
  readonly port: number;
  /** Nobody listens there. */
  readonly deadPort = freePort();
  /** Somebody listens there, and never says a word. */
  readonly silentPort: number;
  behaviour: (request: Request) => Response | Promise<Response> = () => this.knowsNothing();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #silent: Deno.TcpListener;
  readonly #stop = new AbortController();

  constructor() {
    const { signal } = this.#stop;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal, onListen: () => {} },
      (request) => this.behaviour(request),
    );
    this.port = this.#server.addr.port;
    this.#silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.silentPort = this.#silent.addr.port;
  }

  /** It has no such stream. */
  readonly knowsNothing = (): Response => Response.json({ code: 0, data: { query: {}, origin: null } });

  /** It says that the stream is there. */
  names(ip: string, port: number): Response {
    return Response.json({ code: 0, data: { query: {}, origin: { ip, port, vhost: "", api: "", routers: [] } } });
  }

  endless(): Response {
    const piece = new TextEncoder().encode(" ".repeat(1000));
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#silent.close();
    this.#stop.abort();
    await this.#server.finished;
  }
}
