import { StreamForward, type StreamForwardOptions } from "../../../../src/upstream/forward/stream_forward.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { inter, key } from "../../../kit/media/packets.ts";
import type { MemoryOrigin } from "../../../kit/memory/memory_origin.ts";
import { ForwardRig } from "./forward_rig.ts";

const A = "10.0.0.1:1935";
const B = "10.0.0.2:1935";

class Rig extends ForwardRig {
  readonly takenBy: string[] = [];
  readonly refusals: string[] = [];
  #frames = 0;

  forward(options: Partial<StreamForwardOptions> = {}): StreamForward {
    return new StreamForward(this.published, {
      findTargets: () => this.targets,
      session: () => this.session(),
      timeouts: () => ({ connectTimeoutMs: 1000, handshakeTimeoutMs: 1000 }),
      environment: this.environment,
      onTaken: (server) => this.takenBy.push(server),
      ...options,
    });
  }

  /** Publishes 25 frames a second, the first of each second a keyframe. */
  async publish(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 40) {
      const id = this.#frames++;
      this.publisher.publish(id % 25 === 0 ? key(id, id * 40) : inter(id, id * 40));
      this.publisher.endBurst();
      await this.run(40);
    }
  }
}

Deno.test("StreamForward gives the stream to one server, and to the next one when that breaks off", async () => {
  const rig = new Rig([A, B]);
  const [a, b] = [rig.origin(A), rig.origin(B)];
  using forward = rig.forward();
  await rig.publish(1960);
  assertEquals([rig.takenBy, b.received.length], [[A], 0]);
  a[Symbol.dispose]();
  await rig.publish(400);
  assertEquals([rig.takenBy, forward.state.isConnected, forward.state.reconnects], [[A, B], true, 1]);
  assertMatch(b.received[0]!, /^K25@/, "the next one begins with the newest keyframe");
});

Deno.test("StreamForward pauses between rounds that found nobody, and goes on for ever", async () => {
  const rig = new Rig([A]);
  using forward = rig.forward();
  await rig.timers.run(20_000);
  // 0.1 s, twice as long each time up to 3 s; three quarters of that with this random number.
  assertEquals(rig.network.dialled.length, 13);
  assertMatch(forward.state.lastError, /connection refused/);
  const server = rig.origin(A);
  await rig.publish(3000);
  assertEquals([rig.takenBy, server.clients.size], [[A], 1]);
});

Deno.test("StreamForward does not storm a server that refuses, or that takes the stream and drops it again", async () => {
  for (const isTaken of [false, true]) {
    const rig = new Rig([A]);
    const server = rig.origin(A);
    server.ignores = ({ kind }) => kind === "publish";
    server.onIgnored((client, { id }) => {
      server.tell(client, (session) => isTaken ? session.accept(id) : session.reject(id, "publishDenied", "no"));
      if (isTaken) client.conn.close();
    });
    using _forward = rig.forward();
    await rig.timers.run(10_000);
    assertEquals([rig.network.dialled.length, rig.takenBy.length], isTaken ? [9, 9] : [9, 0], `taken: ${isTaken}`);
  }
});

Deno.test("StreamForward tells that nobody takes the stream, where that ends it", async () => {
  const rig = new Rig([A, B]);
  using _forward = rig.forward({ onRefused: (reason) => rig.refusals.push(reason) });
  await rig.publish(5000);
  assertEquals([rig.refusals.length, rig.network.dialled], [1, [A, B]]);
});

Deno.test("StreamForward takes the stream to no second server when it is busy at the first", async () => {
  const rig = new Rig([A, B]);
  const [a, b] = [rig.origin(A), rig.origin(B)];
  a.ignores = ({ kind }) => kind === "publish";
  a.onIgnored((client, { id }) => a.tell(client, (session) => session.reject(id, "publishBadName", "busy")));
  using _forward = rig.forward({ onRefused: (reason) => rig.refusals.push(reason) });
  await rig.publish(1000);
  assertEquals([rig.refusals.length, b.clients.size], [1, 0]);
  assertMatch(rig.refusals[0]!, /BadName/);
});

/** Redirects every publish. */
function redirects(server: MemoryOrigin, to: string): void {
  server.ignores = ({ kind }) => kind === "publish";
  server.onIgnored((client) => server.tell(client, (session) => session.redirect(`rtmp://${to}/live/s`)));
}

Deno.test("StreamForward follows a redirect", async () => {
  const rig = new Rig([A]);
  redirects(rig.origin(A), B);
  const b = rig.origin(B);
  using forward = rig.forward();
  await rig.publish(1000);
  assertEquals([rig.takenBy, forward.state.server, b.clients.size], [[B], B, 1]);
});

Deno.test("StreamForward forgives an origin that takes the stream again, and does not blame it for others", async () => {
  const rig = new Rig([A]);
  const { pool } = rig.environment;
  pool.noteFailure(A, "was down");
  const a = rig.origin(A);
  using forward = rig.forward();
  await rig.publish(200);
  assertEquals([forward.state.isConnected, pool.health(A).lastError], [true, ""]);
  // From here on it sends everybody to one that is dead.
  redirects(a, B);
  for (const { conn } of a.clients) conn.close();
  await rig.publish(3000);
  assertEquals([forward.state.isConnected, pool.health(A).failures], [false, 0]);
});

const notFollowed: [what: string, to: string, dialled: string[]][] = [
  ["a metadata service", "169.254.169.254", [A]],
  ["itself", A, [A]],
  ["a server on the link, by name", "metadata.internal", [A, "metadata.internal:1935"]],
];

for (const [what, to, dialled] of notFollowed) {
  Deno.test(`StreamForward gives nothing to a redirect to ${what}`, async () => {
    const rig = new Rig([A]);
    redirects(rig.origin(A), to);
    rig.network.name("metadata.internal", ["169.254.169.254"]);
    const there = rig.origin("169.254.169.254:1935");
    using forward = rig.forward({ onRefused: (reason) => rig.refusals.push(reason) });
    await rig.publish(200);
    assertEquals([rig.network.dialled, there.clients.size, rig.refusals.length], [dialled, 0, 1]);
    assertMatch(forward.state.lastError, /not followed|a local address/);
  });
}

Deno.test("StreamForward that is disposed sends what is left, unpublishes, and dials no more", async () => {
  const rig = new Rig([A]);
  const a = rig.origin(A);
  const forward = rig.forward();
  await rig.publish(1000);
  forward[Symbol.dispose]();
  await rig.publish(1000);
  assertEquals([a.received.length, a.unpublishes, rig.network.dialled.length], [25, 1, 1]);
});
