import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { acceptWebSocket, isWebSocketRequest, refuseWebSocket } from "../../../../src/http/live/websocket_handshake.ts";
import { encodeCloseFrame, encodeControlFrame, WebSocketReader } from "../../../../src/http/live/websocket_reader.ts";
import { splitsOf } from "../../../kit/media/splits.ts";

/** Headers of the example of RFC 6455 §1.2. */
const example = {
  upgrade: "websocket",
  connection: "keep-alive, Upgrade",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

Deno.test("acceptWebSocket answers the example of RFC 6455", async () => {
  const answer = await acceptWebSocket(new Headers(example));
  assertEquals(answer.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  assertEquals([answer.get("upgrade"), answer.get("connection")], ["websocket", "Upgrade"]);
});

Deno.test("isWebSocketRequest looks at Upgrade, whatever its case", () => {
  assertEquals(isWebSocketRequest(new Headers({ upgrade: "WebSocket" })), true);
  assertEquals(isWebSocketRequest(new Headers({ upgrade: "h2c" })), false);
  assertEquals(isWebSocketRequest(new Headers()), false);
});

const judged: [name: string, headers: Record<string, string>, crossdomain: boolean, status: number | null][] = [
  ["a right one", {}, true, null],
  ["another version", { "sec-websocket-version": "8" }, true, 426],
  ["a short key", { "sec-websocket-key": "abc" }, true, 400],
  ["no Upgrade in Connection", { connection: "keep-alive" }, true, 400],
  ["a page of another host", { origin: "http://evil.example" }, true, null],
  ["a page of another host, with crossdomain off", { origin: "http://evil.example" }, false, 403],
  ["a page of another port, with crossdomain off", { origin: "http://h:8080" }, false, 403],
  ["a page of this host, with crossdomain off", { origin: "https://H:80" }, false, null],
  ["no page, with crossdomain off", {}, false, null],
];

for (const [name, headers, crossdomain, status] of judged) {
  Deno.test(`refuseWebSocket judges ${name}`, () => {
    const answer = refuseWebSocket(new Headers({ ...example, ...headers }), "h:80", crossdomain);
    assertEquals(answer?.status ?? null, status);
  });
}

/** A frame as a client sends it. */
function frame(first: number, payload: Uint8Array, mask = [1, 2, 3, 4]): Uint8Array {
  const length = payload.length < 126
    ? [payload.length]
    : payload.length < 65536
    ? [126, payload.length >> 8, payload.length & 255]
    : [127, 0, 0, 0, 0, 0, payload.length >> 16, (payload.length >> 8) & 255, payload.length & 255];
  const [short, ...rest] = length;
  return Uint8Array.from([first, 128 | short!, ...rest, ...mask, ...payload.map((byte, i) => byte ^ mask[i & 3]!)]);
}

function events(parts: Uint8Array[]): string[] {
  const seen: string[] = [];
  const reader = new WebSocketReader({
    onPing: (payload) => seen.push(`ping ${new TextDecoder().decode(payload)}`),
    onClose: () => seen.push("close"),
    onBroken: (code) => seen.push(`broken ${code}`),
  });
  for (const part of parts) reader.push(part);
  return seen;
}

const text = (value: string) => new TextEncoder().encode(value);

Deno.test("WebSocketReader hears pings and the close between data, however the bytes are cut", () => {
  const wire = [
    frame(0x82, new Uint8Array(10)),
    frame(0x89, text("one")),
    frame(0x01, new Uint8Array(130)),
    frame(0x89, text("")),
    frame(0x80, new Uint8Array(60_000)),
    frame(0x8a, text("pong")),
    frame(0x89, text("x".repeat(125)), [255, 0, 7, 9]),
    frame(0x88, Uint8Array.of(3, 232)),
    frame(0x89, text("after")),
  ];
  const whole = Uint8Array.from(wire.flatMap((part) => [...part]));
  for (const { name, parts } of splitsOf(whole)) {
    assertEquals(events(parts), ["ping one", "ping ", `ping ${"x".repeat(125)}`, "close"], name);
  }
});

const broken: [name: string, bytes: Uint8Array, code: number][] = [
  ["no mask", Uint8Array.of(0x89, 0), 1002],
  ["a reserved bit", frame(0xc2, text("x")), 1002],
  ["an unknown kind of data", frame(0x83, text("x")), 1002],
  ["an unknown kind of control", frame(0x8b, text("x")), 1002],
  ["a ping in pieces", frame(0x09, text("x")), 1002],
  ["a long ping", frame(0x89, new Uint8Array(126)), 1002],
  ["much data", frame(0x82, new Uint8Array(70_000)), 1009],
  ["2^63 bytes of data", Uint8Array.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4), 1009],
];

for (const [name, bytes, code] of broken) {
  Deno.test(`WebSocketReader refuses ${name}, once`, () => {
    assertEquals(events([bytes, frame(0x89, text("later"))]), [`broken ${code}`]);
  });
}

Deno.test("encodeControlFrame and encodeCloseFrame write frames without a mask", () => {
  assertEquals([...encodeControlFrame("pong", text("ab"))], [0x8a, 2, 97, 98]);
  assertEquals([...encodeCloseFrame(1001)], [0x88, 2, 3, 233]);
  assertMatch(String(encodeCloseFrame(1000)), /^136,2,3,232$/);
});
