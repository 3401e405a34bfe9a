import { concatBytes } from "../../../src/base/bytes.ts";
import { FieldDecoder } from "../../../src/http2/field_decoder.ts";
import { encodeFrame, type Frame, FrameFlag, FrameType } from "../../../src/http2/frame.ts";
import { H2Error, H2ErrorCode } from "../../../src/http2/h2_error.ts";
import type { H2RequestHead } from "../../../src/http2/request_fields.ts";
import { H2Session, type H2SessionSink } from "../../../src/http2/session.ts";
import { MAX_STREAMS } from "../../../src/http2/settings.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { h2Block, h2Frames, h2Number, h2Preface, h2Request } from "../../kit/peers/h2_frames.ts";

/** A session and what its owner hears. */
class Stage implements H2SessionSink {
  readonly requests: [id: number, head: H2RequestHead | null][] = [];
  readonly resets: number[] = [];
  windows = 0;
  takes = true;
  readonly session = new H2Session(this);

  constructor(settings: readonly (readonly [number, number])[] = []) {
    this.session.receive(h2Preface(settings));
    this.frames();
  }

  onRequest(id: number, head: H2RequestHead | null): boolean {
    this.requests.push([id, head]);
    return this.takes;
  }

  onReset(id: number): void {
    this.resets.push(id);
  }

  onWindow(): void {
    this.windows++;
  }

  /** What was sent since. */
  frames(): Frame[] {
    return h2Frames(this.session.takeOutput() ?? new Uint8Array(0));
  }

  /** Sends bytes. @returns The code of the error that ends the connection; null if none does. */
  send(...parts: Uint8Array[]): number | null {
    try {
      this.session.receive(concatBytes(...parts));
      return null;
    } catch (error) {
      if (!(error instanceof H2Error)) throw error;
      const last = this.frames().at(-1)!;
      assertEquals(last.type, FrameType.GoAway);
      assertEquals(new DataView(last.payload.buffer).getUint32(4), error.code);
      return error.code;
    }
  }

  /** Writes as much of a body as there is room for. */
  write(id: number, bytes: number, isLast = true): number {
    const target = new Uint8Array(20_000);
    const part = new Uint8Array(Math.min(bytes, this.session.room(id), 16_384));
    this.session.writeData(target, 0, id, part, isLast);
    return part.length;
  }
}

const {
  Data,
  Headers: HeadersFrame,
  Priority,
  RstStream,
  Settings,
  PushPromise,
  Ping,
  GoAway,
  WindowUpdate,
  Continuation,
} = FrameType;

function frame(type: number, streamId: number, payload: Uint8Array | number[] = [], flags = 0): Uint8Array {
  return encodeFrame(type, flags, streamId, Uint8Array.from(payload));
}

Deno.test("a request comes however its bytes are cut, and its answer leaves as frames", () => {
  const bytes = concatBytes(h2Preface(), h2Request(1, "/a", [["range", "bytes=0-"]]), h2Request(3, "/b"));
  for (const size of [1, 7, bytes.length]) {
    const stage = new Stage();
    const fresh = new H2Session(stage);
    for (let at = 0; at < bytes.length; at += size) fresh.receive(bytes.subarray(at, at + size));
    assertEquals(stage.requests.map(([id, head]) => [id, head?.target, head?.headers.get("range")]), [
      [1, "/a", "bytes=0-"],
      [3, "/b", null],
    ]);
    const [own, ack] = h2Frames(fresh.takeOutput()!);
    assertEquals([own!.type, own!.flags, ack!.type, ack!.flags], [Settings, 0, Settings, FrameFlag.Ack]);
    fresh.respond(3, 200, new Headers({ "content-length": "5" }), false);
    const target = new Uint8Array(100);
    const count = fresh.writeData(target, 0, 3, new Uint8Array(5), true);
    const [head, ...others] = h2Frames(fresh.takeOutput()!);
    assertEquals(others, []);
    assertEquals([head!.type, head!.streamId, head!.flags], [HeadersFrame, 3, FrameFlag.EndHeaders]);
    assertEquals(new FieldDecoder().decode(head!.payload, 1000).fields.length, 2);
    const [data] = h2Frames(target.subarray(0, count));
    assertEquals([data!.type, data!.streamId, data!.flags, data!.payload.length], [Data, 3, FrameFlag.EndStream, 5]);
    assertEquals(fresh.streamCount, 1);
  }
});

Deno.test("no more is sent than there is room for, and what is given back is used", () => {
  const stage = new Stage([[4, 20_000]]);
  stage.send(h2Request(1, "/"), h2Request(3, "/"));
  assertEquals([stage.session.room(1), stage.session.room(5)], [20_000, 0]);
  assertEquals([stage.write(1, 50_000, false), stage.write(1, 50_000, false), stage.write(1, 50_000, false)], [
    16_384,
    3616,
    0,
  ]);
  // Settings change the rooms of all streams, below zero perhaps.
  stage.send(frame(Settings, 0, [0, 4, 0, 0, 0, 0]));
  assertEquals([stage.session.room(1), stage.session.room(3)], [0, 0]);
  stage.send(frame(WindowUpdate, 1, h2Number(20_001)));
  assertEquals(stage.session.room(1), 1);
  stage.send(frame(Settings, 0, [0, 4, 0, 1, 0, 0]), frame(WindowUpdate, 3, h2Number(100_000)));
  // The connection has room for 65,535 in all.
  assertEquals(stage.session.room(3), 45_535);
  assertGreater(stage.windows, 2);
});

Deno.test("an answer that comes before the end of its request tells the client to stop; bodies are dropped", () => {
  const stage = new Stage();
  const block = h2Block([[":method", "POST"], [":scheme", "https"], [":path", "/"], [":authority", "h"]]);
  stage.send(encodeFrame(HeadersFrame, FrameFlag.EndHeaders, 1, block));
  for (let i = 0; i < 3; i++) assertEquals(stage.send(frame(Data, 1, new Uint8Array(16_384))), null);
  const [update] = stage.frames();
  assertEquals([update!.type, update!.streamId], [WindowUpdate, 0]);
  stage.session.respond(1, 200, new Headers(), true);
  const [head, reset] = stage.frames();
  assertEquals([head!.flags, reset!.type], [FrameFlag.EndHeaders | FrameFlag.EndStream, RstStream]);
  // What was on its way is no error.
  assertEquals(stage.send(frame(Data, 1, new Uint8Array(10)), frame(RstStream, 1, h2Number(8))), null);
});

const faults: readonly [name: string, code: number, bytes: () => Uint8Array[]][] = [
  ["another preface", H2ErrorCode.ProtocolError, () => [new Uint8Array(30)]],
  ["data of no request", H2ErrorCode.ProtocolError, () => [frame(Data, 1)]],
  ["a push", H2ErrorCode.ProtocolError, () => [frame(PushPromise, 1)]],
  ["an even stream", H2ErrorCode.ProtocolError, () => [h2Request(2, "/")]],
  ["headers of the connection", H2ErrorCode.ProtocolError, () => [h2Request(0, "/")]],
  ["a frame that is too long", H2ErrorCode.FrameSizeError, () => [Uint8Array.of(0, 64, 1, 0, 0, 0, 0, 0, 0)]],
  ["a continuation of nothing", H2ErrorCode.ProtocolError, () => [frame(Continuation, 1)]],
  [
    "a frame among headers",
    H2ErrorCode.ProtocolError,
    () => [frame(HeadersFrame, 1), frame(Ping, 0, new Uint8Array(8))],
  ],
  ["broken headers", H2ErrorCode.CompressionError, () => [frame(HeadersFrame, 1, [0x80], FrameFlag.EndHeaders)]],
  ["too much padding", H2ErrorCode.ProtocolError, () => [frame(HeadersFrame, 1, [9, 0], FrameFlag.Padded)]],
  ["a ping that is too short", H2ErrorCode.FrameSizeError, () => [frame(Ping, 0, [1])]],
  ["settings of a stream", H2ErrorCode.ProtocolError, () => [frame(Settings, 1)]],
  ["settings that end in the middle", H2ErrorCode.FrameSizeError, () => [frame(Settings, 0, [0])]],
  ["a window that is too large", H2ErrorCode.FlowControlError, () => [frame(Settings, 0, [0, 4, 255, 255, 255, 255])]],
  ["a window that grows too large", H2ErrorCode.FlowControlError, () => [
    frame(WindowUpdate, 0, h2Number(0x7fff_ffff)),
  ]],
  ["a window that does not grow", H2ErrorCode.ProtocolError, () => [frame(WindowUpdate, 0, h2Number(0))]],
  ["a reset of what never was", H2ErrorCode.ProtocolError, () => [frame(RstStream, 1, h2Number(8))]],
  ["more data than there is room for", H2ErrorCode.FlowControlError, () => [
    encodeFrame(HeadersFrame, FrameFlag.EndHeaders, 1, h2Request(1, "/").subarray(9)),
    ...Array.from({ length: 5 }, () => frame(Data, 1, new Uint8Array(16_384))),
  ]],
  ["headers in a hundred frames", H2ErrorCode.EnhanceYourCalm, () => [
    frame(HeadersFrame, 1),
    ...Array.from({ length: 100 }, () => frame(Continuation, 1)),
  ]],
  ["headers without end", H2ErrorCode.EnhanceYourCalm, () => [
    frame(HeadersFrame, 1),
    ...Array.from({ length: 3 }, () => frame(Continuation, 1, new Uint8Array(16_000))),
  ]],
  ["a flood of pings", H2ErrorCode.EnhanceYourCalm, () => [
    ...Array.from({ length: 20_000 }, () => frame(Ping, 0, new Uint8Array(8))),
  ]],
  ["a flood of settings", H2ErrorCode.EnhanceYourCalm, () => [
    ...Array.from({ length: 20_000 }, () => frame(Settings, 0)),
  ]],
  ["a flood of priorities", H2ErrorCode.EnhanceYourCalm, () => [
    ...Array.from({ length: 20_000 }, () => frame(Priority, 1, new Uint8Array(5))),
  ]],
  ["a flood of data without content", H2ErrorCode.EnhanceYourCalm, () => [
    encodeFrame(HeadersFrame, FrameFlag.EndHeaders, 1, h2Request(1, "/").subarray(9)),
    ...Array.from({ length: 20_000 }, () => frame(Data, 1)),
  ]],
  ["a flood of malformed requests", H2ErrorCode.EnhanceYourCalm, () => [
    ...Array.from({ length: 20_000 }, (_, i) => h2Request(i * 2 + 1, "no slash")),
  ]],
];

for (const [name, code, bytes] of faults) {
  Deno.test(`a connection ends with its code for ${name}`, () => {
    const stage = new Stage();
    const fresh = name === "another preface" ? new H2Session(stage) : stage.session;
    const ended = name === "another preface" ? codeOf(() => fresh.receive(bytes()[0]!)) : stage.send(...bytes());
    assertEquals(ended, code);
  });
}

function codeOf(call: () => void): number | null {
  try {
    call();
    return null;
  } catch (error) {
    if (error instanceof H2Error) return error.code;
    throw error;
  }
}

Deno.test("requests that are taken back at once end the connection before they are many (CVE-2023-44487)", () => {
  const stage = new Stage();
  let code: number | null = null;
  for (let id = 1; code === null && id < 20_001; id += 2) {
    code = stage.send(h2Request(id, "/"), frame(RstStream, id, h2Number(8)));
  }
  assertEquals(code, H2ErrorCode.EnhanceYourCalm);
  assertLess(stage.requests.length, 250);
  // Who takes back one now and then is served for ever.
  const patient = new Stage();
  for (let id = 1; id < 20_001; id += 2) {
    assertEquals(patient.send(h2Request(id, "/"), frame(RstStream, id, h2Number(8))), null);
    if (id % 100 === 1) patient.session.tick();
  }
});

Deno.test("there are no more streams than were offered; further requests are refused, and may come again", () => {
  const stage = new Stage();
  for (let i = 0; i < MAX_STREAMS + 3; i++) stage.send(h2Request(i * 2 + 1, "/"));
  assertEquals([stage.requests.length, stage.session.streamCount], [MAX_STREAMS, MAX_STREAMS]);
  const refused = stage.frames();
  assertEquals(refused.map(({ type }) => type), [RstStream, RstStream, RstStream]);
  assertEquals(refused[0]!.payload, h2Number(H2ErrorCode.RefusedStream));
  stage.session.respond(1, 200, new Headers(), true);
  stage.send(h2Request(999, "/"));
  assertEquals(stage.requests.length, MAX_STREAMS + 1);
});

Deno.test("who does not read what it is answered has to go", () => {
  const stage = new Stage();
  let code: number | null = null;
  for (let i = 0; code === null && i < 100; i++) {
    stage.session.tick();
    code = stage.send(...Array.from({ length: 1000 }, () => frame(Ping, 0, new Uint8Array(8))));
  }
  assertEquals(code, H2ErrorCode.EnhanceYourCalm);
});

Deno.test("trailers, padding, priorities and unknown frames are taken, too many headers are told apart", () => {
  const stage = new Stage();
  const block = h2Request(1, "/").subarray(9);
  const padded = concatBytes(Uint8Array.of(3, 0, 0, 0, 0, 9), block, new Uint8Array(3));
  const flags = FrameFlag.EndHeaders | FrameFlag.Padded | FrameFlag.Priority;
  assertEquals(
    stage.send(encodeFrame(HeadersFrame, flags, 1, padded), frame(77, 0, [1]), frame(GoAway, 0, new Uint8Array(8))),
    null,
  );
  assertEquals(stage.requests[0]![1]?.target, "/");
  const trailers = encodeFrame(HeadersFrame, FrameFlag.EndHeaders | FrameFlag.EndStream, 1, h2Block([["x", "y"]]));
  assertEquals(stage.send(trailers), null);
  const many = Array.from({ length: 120 }, (_, i) => [`x-${i}`, "y"] as const);
  assertEquals(stage.send(h2Request(3, "/", many), h2Request(5, "/", [["x", "y".repeat(10_000)]])), null);
  assertEquals(stage.requests.map(([, head]) => head !== null), [true, false, true]);
});
