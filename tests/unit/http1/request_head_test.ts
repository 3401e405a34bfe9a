import { assert, assertEquals } from "../../kit/assert.ts";
import { HeadBuffer, MAX_HEAD_BYTES } from "../../../src/http1/head_buffer.ts";
import { parseRequestHead, RequestHeadReader } from "../../../src/http1/request_head.ts";
import { splitsOf } from "../../kit/media/splits.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** What stands in the head, with the headers as an object. */
function read(text: string): unknown {
  const head = parseRequestHead(bytes(text));
  return "status" in head ? head.status : { ...head, headers: Object.fromEntries(head.headers) };
}

const plain = { method: "GET", target: "/a?b=c", host: "h:80", minorVersion: 1, hasBody: false, keepsAlive: true };

Deno.test("parseRequestHead reads request line and headers", () => {
  const text = "GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-Y:\t one \r\nx-y: two\r\nEmpty:";
  assertEquals(read(text), { ...plain, headers: { host: "h:80", "x-y": "one, two", empty: "" } });
});

Deno.test("parseRequestHead takes an address with scheme and host", () => {
  const read1 = read("GET http://other:81/a?b=c HTTP/1.1\r\nHost: h");
  assertEquals(read1, { ...plain, host: "other:81", headers: { host: "h" } });
  const read2 = read("GET HTTP://other?b HTTP/1.1\r\nHost: h");
  assertEquals(read2, { ...plain, host: "other", target: "/?b", headers: { host: "h" } });
});

Deno.test("parseRequestHead takes the address of a server as a whole", () => {
  const text = "OPTIONS * HTTP/1.1\r\nHost: h:80";
  assertEquals(read(text), { ...plain, method: "OPTIONS", target: "*", headers: { host: "h:80" } });
});

Deno.test("parseRequestHead reads names that SRS sends as they are, in UTF-8", () => {
  const utf8 = String.fromCharCode(...new TextEncoder().encode("/流?x=é"));
  assertEquals((read(`POST ${utf8} HTTP/1.1\r\nHost: h`) as { target: string }).target, "/流?x=é");
});

const connections: [name: string, text: string, keepsAlive: boolean, hasBody: boolean][] = [
  ["HTTP/1.1", "GET / HTTP/1.1\r\nHost: h", true, false],
  ["HTTP/1.1 and close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Close", false, false],
  ["HTTP/1.0", "GET / HTTP/1.0", false, false],
  ["HTTP/1.0 and keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive", true, false],
  ["an empty body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0", true, false],
  ["a body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5", false, true],
  ["a body in chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked", false, true],
];

for (const [name, text, keepsAlive, hasBody] of connections) {
  Deno.test(`parseRequestHead tells what may follow: ${name}`, () => {
    const head = read(text) as { keepsAlive: boolean; hasBody: boolean };
    assertEquals([head.keepsAlive, head.hasBody], [keepsAlive, hasBody]);
  });
}

const refused: [name: string, text: string, status: number][] = [
  ["no request line", "", 400],
  ["one word", "GET", 400],
  ["no version", "GET /", 400],
  ["two blanks", "GET  / HTTP/1.1\r\nHost: h", 400],
  ["a method that is none", "G(T / HTTP/1.1\r\nHost: h", 400],
  ["HTTP/2", "PRI * HTTP/2.0", 505],
  ["a bare line feed between headers", "GET / HTTP/1.1\r\nHost: h\nX: y", 400],
  ["a bare carriage return", "GET / HTTP/1.1\r\nHost: h\rX: y", 400],
  ["a bare line feed at the end of a value", "GET / HTTP/1.1\r\nHost: h\r\nX: y\n", 400],
  ["NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b", 400],
  ["a control character in the address", "GET /a\x01b HTTP/1.1\r\nHost: h", 400],
  ["an address that would lengthen the host", "GET .evil.example/api/v1/versions HTTP/1.1\r\nHost: 127.0.0.1", 400],
  ["an address that is a query alone", "GET ?a=b HTTP/1.1\r\nHost: h", 400],
  ["the address of a tunnel", "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: h", 400],
  ["the address of a server where a page is asked for", "GET * HTTP/1.1\r\nHost: h", 400],
  ["a folded line", "GET / HTTP/1.1\r\nHost: h\r\n folded: y", 400],
  ["a header without colon", "GET / HTTP/1.1\r\nHost: h\r\nnothing", 400],
  ["a blank before the colon", "GET / HTTP/1.1\r\nHost : h", 400],
  ["no name", "GET / HTTP/1.1\r\nHost: h\r\n: y", 400],
  ["no Host in HTTP/1.1", "GET / HTTP/1.1", 400],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b", 400],
  ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/api", 400],
  ["a Host with a query", "GET / HTTP/1.1\r\nHost: a?b", 400],
  ["a Host with a user", "GET / HTTP/1.1\r\nHost: a@b", 400],
  ["a host with a user in the address", "GET http://u@h/ HTTP/1.1\r\nHost: h", 400],
  ["two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4", 400],
  ["the same length twice", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3", 400],
  ["a negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3", 400],
  ["a length in hexadecimal", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3", 400],
  ["length and chunks", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", 400],
  ["an unknown coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked", 501],
  ["chunked twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501],
  ["101 headers", `GET / HTTP/1.1\r\nHost: h\r\n${"X: y\r\n".repeat(99)}X: y`, 431],
];

for (const [name, text, status] of refused) {
  Deno.test(`parseRequestHead refuses ${name}`, () => assertEquals(read(text), status));
}

Deno.test("parseRequestHead keeps names like __proto__ apart from everything", () => {
  const head = parseRequestHead(bytes("GET / HTTP/1.1\r\nHost: h\r\n__proto__: x\r\nconstructor: y"));
  assert(!("status" in head));
  assertEquals([head.headers.get("__proto__"), head.headers.get("constructor")], ["x", "y"]);
  assertEquals(({} as Record<string, unknown>).x, undefined);
});

Deno.test("RequestHeadReader reads headers again as soon as one byte of them is another", () => {
  const heads = new RequestHeadReader();
  const answerTo = (text: string) => {
    const head = heads.read(bytes(text));
    if ("status" in head) return head.status;
    return [head.method, head.target, head.host, head.keepsAlive, ...head.headers].join(" ");
  };
  const texts = [
    "GET /1 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1",
    "HEAD /2 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1",
    "GET /3 HTTP/1.0\r\nHost: h\r\nRange: bytes=0-1",
    "GET /4 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-2",
    "GET /5 HTTP/1.1\r\nHost: i\r\nRange: bytes=0-2",
    "GET /6 HTTP/1.1\r\nHost: i",
    "GET /7 HTTP/1.1",
    "GET /8 HTTP/1.1\r\n",
    "GET /9 HTTP/1.1\r\nHost: i\r\nContent-Length: 5",
    "GET /10 HTTP/1.1\r\nHost: i\r\nContent-Length: x",
    "GET /11 HTTP/1.1\r\nHost: i\r\nX: \xe4",
    `GET /12 HTTP/1.1\r\nHost: i\r\nX: ${"y".repeat(5000)}`,
    "nonsense\r\nHost: i",
    "GET /a b HTTP/1.1\r\nHost: i",
    "GET /13 HTTP/2.0\r\nHost: i",
    "GET /14 HTTP/1.1\nHost: i",
    "GET /15 HTTP/1.1\r\nHost: i\r\n folded",
  ];
  const alone = (text: string) => {
    const head = parseRequestHead(bytes(text));
    if ("status" in head) return head.status;
    return [head.method, head.target, head.host, head.keepsAlive, ...head.headers].join(" ");
  };
  for (const a of texts) {
    for (const b of texts) assertEquals([answerTo(a), answerTo(b)], [alone(a), alone(b)], `${a} ${b}`);
  }
});

function takeAll(buffer: HeadBuffer): string[] {
  const heads: string[] = [];
  for (let head = buffer.take(); head !== null; head = buffer.take()) {
    if (!(head instanceof Uint8Array)) return [...heads, head];
    heads.push(new TextDecoder().decode(head));
  }
  return heads;
}

Deno.test("HeadBuffer finds the heads of requests, however they are cut, and empty lines before them", () => {
  const wire = bytes("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.0\r\n\r\n\r\nGET /3");
  for (const { name, parts } of splitsOf(wire)) {
    const buffer = new HeadBuffer();
    const heads = parts.flatMap((part) => {
      buffer.push(part);
      return takeAll(buffer);
    });
    assertEquals(heads, ["GET / HTTP/1.1\r\nHost: h", "GET /2 HTTP/1.0"], name);
    assertEquals(new TextDecoder().decode(buffer.takeRest()), "GET /3", name);
  }
});

Deno.test("HeadBuffer tells at the first byte what can become no request", () => {
  for (const byte of [3, 22, 0, 0x80, 10, 32]) {
    const buffer = new HeadBuffer();
    buffer.push(Uint8Array.of(byte));
    assertEquals(buffer.take(), "noRequest");
  }
});

Deno.test("HeadBuffer bounds what it keeps", () => {
  const long = new HeadBuffer();
  long.push(bytes(`GET /${"a".repeat(MAX_HEAD_BYTES)}`));
  assertEquals(long.take(), "tooLong");
  const whole = new HeadBuffer();
  whole.push(bytes(`GET /${"a".repeat(MAX_HEAD_BYTES)}\r\n\r\n`));
  assertEquals(whole.take(), "tooLong");
  const startMs = performance.now();
  const blank = new HeadBuffer();
  for (let i = 0; i < 200; i++) {
    blank.push(bytes("\r\n".repeat(5000)));
    assertEquals(blank.take(), null);
  }
  assert(performance.now() - startMs < 2000);
  assertEquals(blank.takeRest().length, 0);
});
