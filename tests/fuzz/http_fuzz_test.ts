import { requestOf } from "../kit/peers/http_request.ts";
import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { parseByteRange } from "../../src/http/files/byte_range.ts";
import { readCall } from "../../src/http/call.ts";
import { HeadBuffer, MAX_HEAD_BYTES } from "../../src/http1/head_buffer.ts";
import { parseRequestHead } from "../../src/http1/request_head.ts";
import { encodeResponseHead } from "../../src/http1/response_head_writer.ts";
import { staticPath } from "../../src/http/files/static_path.ts";
import { findStream } from "../../src/http/live/stream_request.ts";
import { WebSocketReader } from "../../src/http/live/websocket_reader.ts";
import { configOf } from "../kit/peers/fake_server.ts";
import { cut } from "../kit/media/splits.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

const requests = [
  "GET /live/livestream.flv?vhost=a.com&only-audio HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Lavf/59\r\n\r\n",
  "POST /api/v1/clusters?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
  "GET http://h/live/s.flv HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "GET /a HTTP/1.1\r\nHost: [::1]:1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
].map((text) => new TextEncoder().encode(text));

const control = /[^ -~\x80-\uffff]/;

Deno.test("requests, damaged and cut anywhere, are read or refused, and read the same however they are cut", () => {
  const prng = new Prng(61);
  let read = 0;
  for (let round = 0; round < 6000; round++) {
    const wire = mutate(prng.pick(requests), prng);
    const heads = [[wire], cut(wire, 1 + prng.below(6))].map((parts) => {
      const buffer = new HeadBuffer();
      for (const part of parts) buffer.push(part);
      return buffer.take();
    });
    assertEquals(heads[0], heads[1]);
    const [head] = heads;
    if (!(head instanceof Uint8Array)) continue;
    assert(head.length <= MAX_HEAD_BYTES);
    const parsed = parseRequestHead(head);
    if ("status" in parsed) continue;
    read++;
    assert(!control.test(parsed.target) && !control.test(parsed.host) && !/[/?#@]/.test(parsed.host));
    for (const [, value] of parsed.headers) assert(!/[\0\r\n]/.test(value));
    assert(!(parsed.keepsAlive && parsed.hasBody));
  }
  assertGreater(read, 500);
});

// deno-fmt-ignore
const pieces = [
  "/", "/", "/", "..", ".", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%00", "%0d%0a", "%", "%zz", "%c0%ae", "a", "live", "s.flv", "index.html",
  ".flv", ".mp3", ".git", "~", ":", "C:", "::$DATA", "?", "#", "é", "\u2025", "\ufffd", "x".repeat(300), "__proto__", "[vhost]", " ",
];

function path(prng: Prng): string {
  return `/${Array.from({ length: prng.below(9) }, () => prng.pick(pieces)).join("")}`;
}

Deno.test("whatever a path says, what it means is below the directory", () => {
  const prng = new Prng(62);
  let found = 0;
  for (let round = 0; round < 40_000; round++) {
    const relative = staticPath(path(prng));
    if (relative === null) continue;
    found++;
    assert(!/[\\:]/.test(relative) && !control.test(relative) && !relative.startsWith("/"), relative);
    const parts = relative.split("/");
    for (const part of parts) assert(part !== ".." && part !== "." && part !== ".git", relative);
    assertEquals(
      new URL(`file:///www/${relative.split("/").map(encodeURIComponent).join("/")}`).pathname.startsWith("/www/"),
      true,
    );
  }
  assertGreater(found, 4000);
});

const config = configOf(`
  vhost __defaultVhost__ { http_remux { enabled on; } }
  vhost a.com { http_remux { enabled on; mount /x/[vhost]/[app]/[stream].flv; } }`);

Deno.test("whatever a path says, the stream it means has a name that is safe", () => {
  const prng = new Prng(63);
  let found = 0;
  for (let round = 0; round < 20_000; round++) {
    const url = `http://${prng.pick(["h", "a.com", "", "[::1]:1"])}${path(prng)}.flv?${
      prng.pick(["", "vhost=a.com", "vhost=%2f..", "&&=&"])
    }`;
    const call = readCall(requestOf(url), "1.2.3.4");
    const stream = findStream(config, call);
    if (stream === null || stream instanceof Response) continue;
    found++;
    const { key, app, stream: name } = stream.url;
    assert(!control.test(key) && !key.includes("\\") && !/[?#]/.test(name) && !name.includes("/"), key);
    assert(!`${app}/${name}`.split("/").some((part) => part === ".." || part === "."), key);
  }
  assertGreater(found, 200);
});

Deno.test("frames of a WebSocket, damaged and cut anywhere, end in an error at most, and are read the same", () => {
  const prng = new Prng(64);
  const frames = Uint8Array.from([
    ...[0x89, 0x83, 1, 2, 3, 4, 5, 6, 7],
    ...[0x82, 0xfe, 0, 130, 9, 9, 9, 9, ...new Uint8Array(130)],
    ...[0x01, 0x80, 0, 0, 0, 0],
    ...[0x88, 0x82, 0, 0, 0, 0, 3, 232],
  ]);
  const events = (parts: Uint8Array[]) => {
    const seen: string[] = [];
    const reader = new WebSocketReader({
      onPing: (payload) => seen.push(`ping ${payload}`),
      onClose: () => seen.push("close"),
      onBroken: (code) => seen.push(`broken ${code}`),
    });
    for (const part of parts) reader.push(part);
    return seen;
  };
  let broken = 0;
  for (let round = 0; round < 6000; round++) {
    const wire = mutate(frames, prng);
    const whole = events([wire]);
    assertEquals(events(cut(wire, 1 + prng.below(6))), whole);
    if (whole.some((event) => event.startsWith("broken"))) broken++;
    assert(whole.slice(0, -1).every((event) => event.startsWith("ping")));
  }
  assertGreater(broken, 1000);
});

Deno.test("ranges are parts of the file or none", () => {
  const prng = new Prng(65);
  const bits = ["bytes=", "bytes", "=", "-", "0", "1", "9", "10", "99999999999", ",", " ", "\t", "+", "e5", "NaN"];
  for (let round = 0; round < 30_000; round++) {
    const header = prng.pick(["bytes=", ""]) + Array.from({ length: prng.below(6) }, () => prng.pick(bits)).join("");
    const size = prng.pick([0, 1, 10, 2 ** 40]);
    const range = parseByteRange(header, size);
    if (typeof range === "string") continue;
    assert(range.start >= 0 && range.start < range.end && range.end <= size, header);
  }
});

Deno.test("a response's head has one line for each header, whatever they hold", () => {
  const prng = new Prng(66);
  for (let round = 0; round < 3000; round++) {
    const headers = new Headers();
    try {
      headers.set("location", String.fromCharCode(...prng.bytes(prng.below(20))));
    } catch {
      continue;
    }
    const text = new TextDecoder("latin1").decode(encodeResponseHead(302, headers));
    assertEquals(text.split("\r\n").length, 4);
    assert(!/[\r\n]/.test(text.replaceAll("\r\n", "")));
  }
});
