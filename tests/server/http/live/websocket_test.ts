import { assert, assertEquals, assertGreater, assertMatch } from "../../../kit/assert.ts";
import { FlvReading, FlvViewer, RawHttp, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, sleep, until } from "../../../kit/server/rtmp_rig.ts";

const live = "/live/s.flv";
const handshake = "Host: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** A viewer by the WebSocket of the runtime, as browsers have it. */
class SocketViewer extends FlvReading implements Disposable {
  readonly socket: WebSocket;
  messages = 0;
  isOpen = false;
  failed = false;
  close: { code: number; wasClean: boolean } | null = null;

  constructor(url: string) {
    super();
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.isOpen = true;
    this.socket.onmessage = ({ data }) => {
      this.messages++;
      this.push(new Uint8Array(data));
    };
    this.socket.onerror = () => this.failed = true;
    this.socket.onclose = ({ code, wasClean }) => this.close = { code, wasClean };
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

serverTest("a WebSocket gets what HTTP viewers get, a message for each tag, and a close at the end", async () => {
  await using server = new WebServer();
  using waiting = new SocketViewer(server.url(live, "ws"));
  await sleep(200);
  assertEquals(waiting.isOpen, false);
  using publisher = await Publisher.start(server.port, "s");
  await until("the first frames", () => waiting.frames.length > 60);
  using late = new SocketViewer(server.url(`${live}?x=1`, "ws"));
  await using viewer = await FlvViewer.start(server.url(live));
  await until("frames of all", () => late.frames.length > 20 && viewer.frames.length > 20);
  publisher.unpublish();
  await until("all are told", () => waiting.close !== null && late.close !== null && viewer.ended === "end");
  assertEquals([waiting.close, late.close], [{ code: 1000, wasClean: true }, { code: 1000, wasClean: true }]);
  // The header is a message too.
  assertEquals(late.messages, late.labels.length + 1);
  assertEquals(late.announced, "av");
  assertEquals([waiting.breaks, late.breaks], [[], []]);
  assertMatch(late.labels.slice(0, 4).join(" "), /^meta1 AH3 VH2 K/);
  assertEquals(late.media.slice(-20), viewer.media.slice(-20));
  assertEquals(late.media.slice(-20), waiting.media.slice(-20));
  await until("nobody is left", () => server.holds.clients === 0);
});

serverTest("a WebSocket for a stream that does not come fails in the handshake", async () => {
  await using server = new WebServer({ vhost: "cluster { owner_timeout 200; }" });
  using viewer = new SocketViewer(server.url(live, "ws"));
  await until("it fails", () => viewer.close !== null);
  assertEquals([viewer.isOpen, viewer.failed], [false, true]);
  using raw = await RawHttp.ask(server.webPort, `GET ${live} HTTP/1.1\r\n${handshake}`);
  await raw.waitForEnd();
  assertMatch(raw.text, /^HTTP\/1\.1 404 .*"code":404/s);
});

serverTest("a WebSocket that leaves is forgotten, and may tell so first", async () => {
  await using server = new WebServer();
  using _publisher = await Publisher.start(server.port, "s");
  using viewer = new SocketViewer(server.url(live, "ws"));
  await until("it plays", () => viewer.frames.length > 10);
  assertEquals([...server.server.registry.clients()].map(({ type }) => type), ["fmle-publish", "flv-play"]);
  viewer.socket.close(1000);
  await until("it is gone", () => server.holds.clients === 1 && viewer.close !== null);
  assertEquals(viewer.close, { code: 1000, wasClean: true });
  await until("the log tells", () => server.log.find("s: peerClosed").length === 1);
});

serverTest("a WebSocket's pings are answered between tags", async () => {
  await using server = new WebServer();
  using _publisher = await Publisher.start(server.port, "s");
  using raw = await RawHttp.ask(server.webPort, `GET ${live} HTTP/1.1\r\n${handshake}`);
  await raw.has(/FLV/);
  assertMatch(raw.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assertMatch(raw.text, /\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  await raw.send(Uint8Array.of(0x89, 0x82, 0, 0, 0, 0, 104, 105));
  await until("the pong", () => readFrames(raw.body).pongs.includes("hi"));
  const startBytes = raw.bytes.length;
  await until("more of the stream", () => raw.bytes.length > startBytes + 3000);
  const { reading, pongs } = readFrames(raw.body);
  assertEquals([pongs, reading.breaks], [["hi"], []]);
});

const broken: [name: string, frame: number[], code: number][] = [
  ["a frame without mask", [0x82, 1, 65], 1002],
  ["a frame with a reserved bit", [0xf2, 0x81, 0, 0, 0, 0, 65], 1002],
  ["a frame of 2^40 bytes", [0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009],
];

for (const [name, frame, code] of broken) {
  serverTest(`a WebSocket with ${name} is closed with ${code}`, async () => {
    await using server = new WebServer();
    using _publisher = await Publisher.start(server.port, "s");
    using raw = await RawHttp.ask(server.webPort, `GET ${live} HTTP/1.1\r\n${handshake}`);
    await raw.has(/FLV/);
    await raw.send(Uint8Array.from(frame));
    await raw.waitForEnd();
    assertEquals(readFrames(raw.body).closeCode, code);
    await until("the log tells", () => server.log.find("s: protocolError").length === 1);
  });
}

serverTest("a thousand pings of a client that reads nothing fill no memory", async () => {
  await using server = new WebServer({ vhost: "play { queue_length 2; }" });
  using _publisher = await Publisher.start(server.port, "s", 200_000);
  using raw = await RawHttp.dial(server.webPort);
  await raw.send(`GET ${live} HTTP/1.1\r\n${handshake}`);
  await until("it is stuck", () => [...server.server.registry.clients()].some(({ dropped }) => dropped() > 0), 15_000);
  const ping = [0x89, 0xfd, 0, 0, 0, 0, ...new Uint8Array(125)];
  await raw.send(Uint8Array.from(Array.from({ length: 1000 }, () => ping).flat()));
  raw.listen();
  await until("it catches up", () => raw.bytes.length > 5_000_000);
  const { pongs } = readFrames(raw.body);
  assertGreater(10, pongs.length);
});

serverTest("with crossdomain off, pages of other hosts get no WebSocket", async () => {
  await using server = new WebServer({ http: "crossdomain off;" });
  using _publisher = await Publisher.start(server.port, "s");
  const ask = (origin: string) =>
    RawHttp.ask(server.webPort, `GET ${live} HTTP/1.1\r\nOrigin: ${origin}\r\n${handshake}`);
  using foreign = await ask("http://evil.example");
  await foreign.has(/^HTTP\/1\.1 403 /);
  using own = await ask("http://h");
  await own.has(/^HTTP\/1\.1 101 /);
});

/** Takes apart what a server sends on a WebSocket. */
function readFrames(body: Uint8Array): { reading: FlvReading; pongs: string[]; closeCode: number } {
  const reading = new FlvReading();
  const pongs: string[] = [];
  let closeCode = 0;
  for (let at = 0; at + 10 <= body.length || (body[at] === 0x88 && at + 4 <= body.length);) {
    const view = new DataView(body.buffer, body.byteOffset + at);
    const [first, short] = [view.getUint8(0), view.getUint8(1)];
    assert((short & 128) === 0, "a server sends no mask");
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
    if (at + head + length > body.length) break;
    const payload = body.subarray(at + head, at + head + length);
    if (first === 0x82) reading.push(payload);
    else if (first === 0x8a) pongs.push(new TextDecoder().decode(payload));
    else if (first === 0x88) closeCode = (payload[0]! << 8) | payload[1]!;
    else throw new Error(`frame ${first.toString(16)}`);
    at += head + length;
  }
  return { reading, pongs, closeCode };
}
