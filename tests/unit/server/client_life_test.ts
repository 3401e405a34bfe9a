import { ProtocolError, RequestDenied } from "../../../src/base/errors.ts";
import { ClientLife, type ClientLifeOptions } from "../../../src/server/client_life.ts";
import type { CloseReason } from "../../../src/server/close_reason.ts";
import { assertEquals } from "../../kit/assert.ts";
import { listLogger } from "../../kit/peers/fake_server.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

/** A connection whose socket does nothing but tell what was asked of it. */
function rig(options: Partial<ClientLifeOptions> = {}) {
  const clock = new ManualTimers();
  const logged: string[] = [];
  const calls: string[] = [];
  const tcp = { close: () => void calls.push("close"), finish: (ms: number) => void calls.push(`finish ${ms}`) };
  const host = {
    remoteIp: "10.0.0.1",
    bytesIn: 3,
    bytesOut: 0,
    isSending: false,
    wake: () => void calls.push("wake"),
    release: () => void calls.push("release"),
  };
  const log = listLogger(logged, "c");
  let errors = 0;
  const onSrsError = () => void errors++;
  const life = new ClientLife({ tcp, host, clock, log, leavesByReset: false, onSrsError, ...options });
  const tick = (ms: number) => {
    clock.advance(ms);
    return life.tick(clock.nowMs());
  };
  return { life, host, calls, logged, tick, errors: () => errors };
}

Deno.test("ClientLife closes at once: what the client came for is let go first, the first reason stays", () => {
  const { life, calls } = rig();
  assertEquals(life.isOver, false);
  life.close("kicked", "by hand");
  life.close("timeout", "");
  assertEquals([life.isOver, life.reason], [true, "kicked"]);
  assertEquals(calls, ["release", "close", "release", "close"]);
});

Deno.test("ClientLife finishes once everything is sent, and not while a write is under way", () => {
  const { life, host, calls } = rig();
  life.onDrained();
  assertEquals(calls, []);
  life.finish("redirected", "");
  assertEquals(calls.splice(0), ["release", "wake"]);
  host.isSending = true;
  life.onDrained();
  assertEquals(calls, []);
  host.isSending = false;
  life.onDrained();
  assertEquals(calls, ["finish 1000"]);
});

Deno.test("ClientLife waits 2 s for the last words to leave, whatever is still being sent", () => {
  const { life, host, calls, tick } = rig();
  life.finish("refused", "");
  host.isSending = true;
  calls.length = 0;
  for (let bytes = 1; bytes <= 2; bytes++) {
    host.bytesOut = bytes;
    assertEquals(tick(1000), false);
  }
  assertEquals(calls, []);
  tick(1);
  assertEquals(calls, ["close"]);
});

Deno.test("ClientLife closes a client that takes no byte for 30 s; one byte, or nothing to send, begins the time anew", () => {
  const { life, host, tick } = rig();
  assertEquals(tick(60_000), true);
  host.isSending = true;
  assertEquals(tick(30_000), true);
  host.bytesOut = 1;
  assertEquals([tick(1000), tick(30_000)], [true, true]);
  host.isSending = false;
  assertEquals(tick(1000), true);
  host.isSending = true;
  assertEquals([tick(30_000), tick(1)], [true, false]);
  assertEquals(life.reason, "slowConsumer");
});

const errors: [name: string, error: unknown, reason: CloseReason, isTold: boolean][] = [
  ["a refusal", new RequestDenied("StreamBusy", "busy"), "refused", true],
  ["a broken protocol", new ProtocolError("RtmpChunkStart", "chunk"), "protocolError", true],
  ["a reset", new Deno.errors.ConnectionReset("reset"), "peerReset", false],
  ["a bug", new TypeError("bug"), "internalError", false],
  ["something that is no error", "text", "internalError", false],
];

for (const [name, error, reason, isTold] of errors) {
  Deno.test(`ClientLife ends by ${name}: the client is told ${isTold ? "and then closed" : "nothing"}`, () => {
    const { life, calls, errors } = rig();
    life.fail(error);
    assertEquals([life.reason, errors()], [reason, isTold ? 1 : 0]);
    assertEquals(calls, ["release", isTold ? "wake" : "close"]);
  });
}

const lines: [reason: CloseReason, leavesByReset: boolean, level: string][] = [
  ["peerClosed", false, "info"],
  ["peerReset", false, "warn"],
  ["peerReset", true, "info"],
  ["kicked", true, "info"],
  ["slowConsumer", false, "warn"],
  ["internalError", false, "error"],
];

for (const [reason, leavesByReset, level] of lines) {
  Deno.test(`ClientLife logs ${reason}${leavesByReset ? " of a browser" : ""} as ${level}`, () => {
    const { life, logged, tick } = rig({ leavesByReset });
    tick(1500);
    life.settle(reason, "why");
    life.logEnd();
    assertEquals(logged, [`${level} [c] client 10.0.0.1 left after 1.5 s: ${reason}, why (in 3 B, out 0 B)`]);
  });
}
