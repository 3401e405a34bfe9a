import { systemTimers } from "../../../src/base/clock.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import type { Socket } from "../../../src/base/socket.ts";
import { ResponseWriter } from "../../../src/http/response_writer.ts";
import { ViewAnswer } from "../../../src/http/view_answer.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";

/** A socket that takes so much at once, and the rest when it is asked to wait. */
class CountedSocket implements Socket {
  readonly localAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;
  readonly remoteAddr = { transport: "tcp", hostname: "127.0.0.1", port: 2 } as const;
  readonly pieces: Uint8Array[] = [];
  atOnce = 0;
  waited = 0;
  readonly #mostAtOnce: number;

  constructor(mostAtOnce: number) {
    this.#mostAtOnce = mostAtOnce;
  }

  writeNow(view: Uint8Array): number {
    this.atOnce++;
    const taken = view.slice(0, this.#mostAtOnce);
    this.pieces.push(taken);
    return taken.length;
  }

  write(view: Uint8Array): Promise<number> {
    this.waited++;
    this.pieces.push(view.slice());
    return Promise.resolve(view.length);
  }

  read = () => Promise.resolve(null);
  closeWrite = () => Promise.resolve();
  setNoDelay = () => {};
  close = () => {};

  get bytes(): Uint8Array {
    return concatBytes(...this.pieces);
  }
}

const body = (length: number, from = 0) => Uint8Array.from({ length }, (_, i) => from + i);

async function written(response: ViewAnswer, mostAtOnce: number, withBody = true) {
  const socket = new CountedSocket(mostAtOnce);
  const writer = new ResponseWriter(new TcpConn(socket, systemWorld), systemTimers);
  await writer.write(response, withBody);
  const text = new TextDecoder("latin1").decode(socket.bytes);
  const end = text.indexOf("\r\n\r\n") + 4;
  assertEquals(writer.bytesOut, socket.bytes.length);
  return { socket, head: text.slice(0, end), body: socket.bytes.subarray(end) };
}

Deno.test("a short answer leaves in one piece, without a wait where the socket takes it", async () => {
  const { socket, head, body: sent } = await written(new ViewAnswer([body(100), body(50, 100)]), 1e9);
  assertEquals([socket.atOnce, socket.waited], [1, 0]);
  assertEquals(sent, body(150));
  assertStringIncludes(head, "content-length: 150");
});

Deno.test("a long answer is not copied, and what the socket does not take at once is waited for", async () => {
  const views = [body(40_000), body(700_000)];
  for (const mostAtOnce of [1e9, 30_000, 0]) {
    const { socket, body: sent } = await written(new ViewAnswer(views), mostAtOnce);
    assertEquals(sent, concatBytes(...views), `${mostAtOnce}`);
    assertEquals(socket.atOnce, 3);
    // Of much, the rest comes after the turn of others, even if the socket would take it.
    assertEquals(socket.waited, mostAtOnce === 1e9 ? 1 : mostAtOnce === 30_000 ? 2 : 3);
  }
});

Deno.test("an answer to HEAD is its head", async () => {
  const { head, body: sent } = await written(new ViewAnswer([body(9)]), 1e9, false);
  assertEquals(sent.length, 0);
  assertStringIncludes(head, "content-length: 9");
});
