/** One call that a hook received. */
export interface HookCall {
  path: string;
  method: string;
  headers: Headers;
  body: Record<string, unknown>;
}

/** How a hook answers; the default is `0`. */
export type HookAnswer = (call: HookCall) => Response | Promise<Response>;

/** An HTTP server of this process that is called as hook, with the calls that it got, in their order. */
export class HookServer implements AsyncDisposable {
  readonly calls: HookCall[] = [];
  readonly #answers = new Map<string, HookAnswer>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();

  constructor() {
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      signal: this.#abort.signal,
      onListen: () => {},
    }, async (request) => {
      const { pathname } = new URL(request.url);
      const text = await request.text();
      const body = text === "" ? {} : JSON.parse(text);
      const call = { path: pathname, method: request.method, headers: request.headers, body };
      this.calls.push(call);
      const answer = this.#answers.get(pathname);
      return answer === undefined ? new Response("0") : await answer(call);
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What a path answers from now on. */
  on(path: string, answer: HookAnswer): void {
    this.#answers.set(path, answer);
  }

  /** Events received, in their order. */
  get actions(): string[] {
    return this.calls.map(({ body }) => String(body.action));
  }

  /** Events received about one client. */
  actionsOf(clientId: unknown): string[] {
    return this.calls.filter(({ body }) => body.client_id === clientId).map(({ body }) => String(body.action));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#server.finished;
  }
}

/** An answer that never ends: `chunk` again and again. */
export function endless(chunk: string, pauseMs: number): Response {
  let timer: ReturnType<typeof setInterval> | undefined;
  const bytes = new TextEncoder().encode(chunk);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      timer = setInterval(() => (controller.desiredSize ?? 0) > -8 && controller.enqueue(bytes), pauseMs);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body);
}
