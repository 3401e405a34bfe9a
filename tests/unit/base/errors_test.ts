import { assert, assertEquals } from "../../kit/assert.ts";
import {
  describeError,
  ProtocolError,
  RequestDenied,
  SrsCode,
  SrsError,
  UpstreamError,
} from "../../../src/base/errors.ts";

Deno.test("errors carry SRS's number and name, their own class name and the cause", () => {
  const cause = new TypeError("below");
  const error = new ProtocolError("RtmpHandshake", "C0 is 0x47", { cause });
  assertEquals([error.code, error.codeName, error.name, error.cause], [2004, "RtmpHandshake", "ProtocolError", cause]);
  for (const kind of [ProtocolError, RequestDenied, UpstreamError]) {
    const one = new kind("StreamBusy", "text");
    assert(one instanceof SrsError && one instanceof Error);
    assertEquals(one.name, kind.name);
  }
});

Deno.test("describeError makes one line of any error", () => {
  assertEquals(describeError(new RequestDenied("StreamBusy", "live/a")), "code=1028(StreamBusy) : live/a");
  assertEquals(describeError(new RangeError("too big")), "RangeError: too big");
  assertEquals(describeError("just text"), "just text");
});

Deno.test("no two errors share a number", () => {
  const codes = Object.values(SrsCode);
  assertEquals(new Set<number>(codes).size, codes.length);
});
