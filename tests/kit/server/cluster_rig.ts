import { HttpServer } from "../../../src/http/server.ts";
import { freePort, TestServer } from "./rtmp_rig.ts";

/** An origin of a cluster, with its HTTP API. */
export class Origin implements AsyncDisposable {
  readonly rtmp: TestServer;
  readonly #http: HttpServer;

  constructor(ports: { rtmp: number; api: number }, coworkers: string[], directives = "redirect always;") {
    const cluster = `cluster { origin_cluster on; coworkers ${coworkers.join(" ")}; ${directives} }`;
    const api = `http_api { enabled on; listen 127.0.0.1:${ports.api}; }`;
    this.rtmp = new TestServer(`min_latency on; ${cluster}`, api, ports.rtmp);
    this.#http = new HttpServer(this.rtmp.server);
    this.#http.start();
  }

  get port(): number {
    return this.rtmp.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.stop();
    await this.rtmp[Symbol.asyncDispose]();
  }
}

export function ports(): { rtmp: number; api: number } {
  return { rtmp: freePort(), api: freePort() };
}

/** Two origins that list each other. */
export function twoOrigins(directives?: string): { a: Origin; b: Origin; stack: AsyncDisposableStack } {
  const [first, second] = [ports(), ports()];
  const stack = new AsyncDisposableStack();
  const a = stack.use(new Origin(first, [`127.0.0.1:${second.api}`], directives));
  const b = stack.use(new Origin(second, [`127.0.0.1:${first.api}`], directives));
  return { a, b, stack };
}

/** A coworker of the test's making; answers with what `answer` returns. */
export function fakeCoworker(
  answer: (url: URL) => Response | Promise<Response>,
): { text: string; asked: URL[] } & AsyncDisposable {
  const asked: URL[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    asked.push(url);
    return answer(url);
  });
  return {
    text: `127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
