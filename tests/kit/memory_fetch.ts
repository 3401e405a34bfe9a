import type { World } from "../../src/base/world.ts";
import { parseResponseHead } from "../../src/http1/response_head.ts";

const decoder = new TextDecoder();

/** `fetch` over the connections of a world: HTTP/1.1, one request a connection, bodies of a known length. */
export async function memoryFetch(world: Pick<World, "connect">, url: string, init: RequestInit): Promise<Response> {
  const { hostname: host, port, pathname, search } = new URL(url);
  const signal = init.signal ?? new AbortController().signal;
  const socket = await world.connect({ host, port: Number(port || 80) }, signal);
  const onAbort = () => socket.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const body = new TextEncoder().encode(typeof init.body === "string" ? init.body : "");
    const lines = [
      `${init.method ?? "GET"} ${pathname}${search} HTTP/1.1`,
      `Host: ${host}:${port}`,
      ...[...new Headers(init.headers)].map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${body.length}`,
      "Connection: close",
    ];
    for (const part of [new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`), body]) {
      for (let at = 0; at < part.length;) at += await socket.write(part.subarray(at));
    }
    return await readResponse(socket);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.close();
  }
}

async function readResponse(socket: { read(buffer: Uint8Array): Promise<number | null> }): Promise<Response> {
  const buffer = new Uint8Array(4096);
  let bytes = new Uint8Array(0);
  while (true) {
    const count = await socket.read(buffer);
    if (count === null) break;
    const all = new Uint8Array(bytes.length + count);
    all.set(bytes);
    all.set(buffer.subarray(0, count), bytes.length);
    bytes = all;
  }
  const end = decoder.decode(bytes).indexOf("\r\n\r\n");
  const head = end < 0 ? "no answer" : parseResponseHead(bytes.subarray(0, end));
  if (typeof head === "string") throw new TypeError(`error sending request: ${head}`);
  const hasNoBody = head.status === 204 || head.status === 304;
  return new Response(hasNoBody ? null : bytes.slice(end + 4), { status: head.status, headers: head.headers });
}
