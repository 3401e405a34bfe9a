/** Answers over real sockets, by each way to the kernel: whole and in order, however clients ask for and read them. */
import { concatBytes, equalBytes } from "../../../src/base/bytes.ts";
import { openPolicy } from "../../../src/http/access/policy.ts";
import { HttpListener } from "../../../src/http/listener.ts";
import { type Mount, Router } from "../../../src/http/router.ts";
import { ViewAnswer } from "../../../src/http/view_answer.ts";
import { FastPaths, type SendPath } from "../../../src/net/fast/fast_paths.ts";
import { openLibc } from "../../../src/net/fast/libc.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { sleep } from "../../kit/server/socket_files.ts";
import { TestLog } from "../../kit/test_log.ts";

// Once for the process, before any test: it is never closed.
openLibc();

const MIB = 1024 * 1024;
const media = Uint8Array.from({ length: 3 * MIB }, (_, i) => (i * 31 + (i >> 8)) & 255);

/** `/FROM/LENGTH/PIECES` is that stretch of the media, in so many views; `/later/…` the same after a moment. */
const stretches: Mount = (call) => {
  const [, later, from, length, pieces] = /^\/(later\/)?(\d+)\/(\d+)\/(\d+)$/.exec(call.path) ?? [];
  const bytes = media.subarray(Number(from), Number(from) + Number(length));
  const size = Math.max(1, Math.ceil(bytes.length / Number(pieces)));
  const views = Array.from({ length: Number(pieces) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  const answer = new ViewAnswer(views);
  return later === undefined ? answer : sleep(1).then(() => answer);
};

function listener(send: SendPath, maxConnections = 100): HttpListener {
  const paths = new FastPaths({ recv: "read", send });
  const http = new HttpListener({
    name: "test",
    router: new Router([stretches], () => openPolicy, new TestLog()),
    world: systemWorld,
    log: new TestLog(),
    ports: { ...systemWorld, listen: (options) => paths.over(systemWorld.listen(options)) },
    maxConnections: () => maxConnections,
  });
  http.start({ host: "127.0.0.1", port: 0 });
  return http;
}

interface Asked {
  readonly request: string;
  readonly body: Uint8Array;
}

function randomRequest(random: Prng): Asked {
  const from = random.below(2 * MIB);
  const length = [0, 1, random.below(2000), 16_000 + random.below(1000), random.below(MIB)][random.below(5)]!;
  const isHead = random.below(6) === 0;
  const path = `${random.below(4) === 0 ? "/later" : ""}/${from}/${length}/${1 + random.below(4)}`;
  const blank = random.below(8) === 0 ? "\r\n" : "";
  const padding = random.below(5) === 0 ? `x: ${"y".repeat(random.below(3000))}\r\n` : "";
  return {
    request: `${blank}${isHead ? "HEAD" : "GET"} ${path} HTTP/1.1\r\nHost: h\r\n${padding}\r\n`,
    body: isHead ? new Uint8Array(0) : media.subarray(from, from + length),
  };
}

/** Reads answers and compares their bodies; at times it does not read for a while. */
async function readAnswers(conn: Deno.Conn, asked: readonly Asked[], random: Prng): Promise<void> {
  let bytes: Uint8Array = new Uint8Array(0);
  const more = async () => {
    if (random.below(30) === 0) await sleep(random.below(20));
    const buffer = new Uint8Array(1 + random.below(200_000));
    const count = await conn.read(buffer);
    assert(count !== null, "the server has ended the connection");
    bytes = concatBytes(bytes, buffer.subarray(0, count));
  };
  const endOfHead = () => new TextDecoder("latin1").decode(bytes.subarray(0, 1000)).indexOf("\r\n\r\n");
  for (const { body, request } of asked) {
    while (endOfHead() < 0) await more();
    const head = new TextDecoder("latin1").decode(bytes.subarray(0, endOfHead()));
    assert(head.startsWith("HTTP/1.1 200 "), head);
    bytes = bytes.subarray(endOfHead() + 4);
    while (bytes.length < body.length) await more();
    assert(equalBytes(bytes.subarray(0, body.length), body), request);
    bytes = bytes.subarray(body.length);
  }
  assertEquals(bytes.length, 0);
}

for (const send of ["write", "send", "sendfile"] satisfies SendPath[]) {
  Deno.test(`requests sent ahead of their answers, cut anywhere, are answered whole and in order: ${send}`, async () => {
    const http = listener(send);
    for (let seed = 1; seed <= 3; seed++) {
      const random = new Prng(seed);
      const asked = Array.from({ length: 40 }, () => randomRequest(random));
      using conn = await Deno.connect({ hostname: "127.0.0.1", port: http.port! });
      const text = new TextEncoder().encode(asked.map(({ request }) => request).join(""));
      const writing = (async () => {
        for (let at = 0; at < text.length;) {
          at += await conn.write(text.subarray(at, at + 1 + random.below(4000)));
          if (random.below(4) === 0) await sleep(1);
        }
      })();
      await Promise.all([writing, readAnswers(conn, asked, new Prng(seed + 100))]);
    }
    await http.stop();
  });
}

Deno.test("who asks for segments and reads nothing costs no memory, and keeps nobody else waiting", async () => {
  const http = listener("send", 400);
  const request = (length: number) => `GET /0/${length}/1 HTTP/1.1\r\nHost: h\r\n\r\n`;
  const encoder = new TextEncoder();
  const beforeBytes = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed;
  const slow: Deno.Conn[] = [];
  for (let i = 0; i < 200; i++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: http.port! });
    // As much as fits, one request behind the other.
    await conn.write(encoder.encode(request(3 * MIB).repeat(20)));
    slow.push(conn);
  }
  const sinceMs = performance.now();
  using other = await Deno.connect({ hostname: "127.0.0.1", port: http.port! });
  await other.write(encoder.encode(request(150_000)));
  await readAnswers(other, [{ request: "", body: media.subarray(0, 150_000) }], new Prng(1));
  const waitedMs = performance.now() - sinceMs;
  const grownBytes = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed - beforeBytes;
  // 200 x 3 MB are wanted 20 times; the bytes lie in the log, once.
  assertLess(grownBytes, 60 * MIB);
  assertLess(waitedMs, 5000);
  for (const conn of slow) conn.close();
  await http.stop();
});
