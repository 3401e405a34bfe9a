import { UpstreamError } from "../../../../src/base/errors.ts";
import type { ClientEvent } from "../../../../src/rtmp/client_session.ts";
import { networkOf } from "../../../../src/net/network.ts";
import { RtmpClient } from "../../../../src/upstream/client/rtmp_client.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { MemoryNetwork } from "../../../kit/memory/memory_network.ts";
import { MemoryOrigin, serveAt } from "../../../kit/memory/memory_origin.ts";

const HANDSHAKE_TIMEOUT_MS = 1000;

/** What a player of one origin hears. */
class Caller {
  readonly network = new MemoryNetwork();
  readonly timers = this.network.timers;
  readonly origin = new MemoryOrigin(this.network, "10.0.0.1:1935");
  readonly heard: string[] = [];
  /** When the last thing was heard. */
  heardMs = 0;
  readonly #startMs = this.timers.nowMs();

  call(): void {
    RtmpClient.connect({
      host: "10.0.0.1",
      port: 1935,
      connectTimeoutMs: 1000,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      timers: this.timers,
      network: networkOf(this.network.host("10.0.0.99")),
      session: {
        role: "play",
        tcUrl: "rtmp://10.0.0.1/live",
        app: "live",
        name: "s",
        chunkSizeBytes: 60_000,
        handshake: "digest",
      },
    }, {
      onMedia() {},
      onEvent: (event: ClientEvent) => this.#hear(event.kind),
      onEnd: (error) => this.#hear(error.message),
    }).catch((error) => this.#hear(error instanceof UpstreamError ? error.message : "a bug"));
  }

  #hear(what: string): void {
    this.heard.push(what);
    this.heardMs = this.timers.nowMs() - this.#startMs;
  }
}

for (const roundTripMs of [0, 400, 900]) {
  Deno.test(`RtmpClient gets its answers over a path of ${roundTripMs} ms with a handshake timeout of 1 s`, async () => {
    const caller = new Caller();
    caller.network.latencyMs = roundTripMs / 2;
    caller.call();
    await caller.timers.run(6000);
    assertEquals(caller.heard.filter((what) => what !== "status"), ["connected", "ready"]);
  });
}

Deno.test("RtmpClient waits one handshake timeout for the answer to connect", async () => {
  const caller = new Caller();
  caller.origin.ignores = ({ kind }) => kind === "connect";
  caller.call();
  await caller.timers.run(3000);
  assertEquals(caller.heard, [`10.0.0.1:1935: no answer to the connect within ${HANDSHAKE_TIMEOUT_MS} ms`]);
  assertEquals(caller.heardMs, HANDSHAKE_TIMEOUT_MS);
});

Deno.test("RtmpClient waits one handshake timeout for a server that takes connections and says nothing", async () => {
  const caller = new Caller();
  caller.origin[Symbol.dispose]();
  using _silent = serveAt(caller.network, "10.0.0.1:1935", () => {});
  caller.call();
  await caller.timers.run(3000);
  assertEquals(caller.heard, [`10.0.0.1:1935: no answer to the handshake within ${HANDSHAKE_TIMEOUT_MS} ms`]);
  assertEquals(caller.heardMs, HANDSHAKE_TIMEOUT_MS);
});

Deno.test("RtmpClient gives no more time for bytes that answer nothing", async () => {
  const caller = new Caller();
  caller.origin[Symbol.dispose]();
  using _drip = serveAt(caller.network, "10.0.0.1:1935", async (conn) => {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      caller.timers.after(100, resolve);
      await promise;
      if (conn.closed) return;
      await conn.write(Uint8Array.of(3)).catch(() => conn.close());
    }
  });
  caller.call();
  await caller.timers.run(3000);
  assertEquals(caller.heardMs, HANDSHAKE_TIMEOUT_MS);
});
