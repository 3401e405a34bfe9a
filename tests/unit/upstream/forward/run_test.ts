import type { DialOptions } from "../../../../src/net/tls/dial.ts";
import type { TcpConn } from "../../../../src/net/tcp_conn.ts";
import { type ForwardOutcome, ForwardRun } from "../../../../src/upstream/forward/run.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../../kit/assert.ts";
import { audio, audioHeader, inter, key, metadata, videoHeader } from "../../../kit/media/packets.ts";
import type { MemoryOrigin } from "../../../kit/memory/memory_origin.ts";
import { ForwardRig } from "./forward_rig.ts";

const A = "10.0.0.1:1935";

class RunRig extends ForwardRig {
  taken = 0;
  outcome: ForwardOutcome | null = null;
  conn: TcpConn | null = null;

  constructor() {
    super([A]);
  }

  start(): ForwardRun {
    const dial = async (options: DialOptions) => this.conn = await this.edge.dial(options);
    const client = { ...this.clientOptions(), network: { ...this.edge, dial } };
    const run = new ForwardRun(this.published, { client, onConnected: () => null, onTaken: () => this.taken++ });
    run.finished.then((outcome) => this.outcome = outcome);
    return run;
  }

  publish(...packets: ReturnType<typeof key>[]): void {
    for (const packet of packets) this.publisher.publish(packet);
    this.publisher.endBurst();
  }
}

Deno.test("ForwardRun sends metadata, headers and the newest GOP first, then what comes, with the same times", async () => {
  const rig = new RunRig();
  const server = rig.origin(A);
  rig.publish(metadata(1), videoHeader(2), audioHeader(3), key(4, 0), audio(5, 20), key(6, 1000), inter(7, 1040));
  const run = rig.start();
  await rig.run(20);
  assertEquals(rig.taken, 1);
  assertEquals(server.received, ["@setDataFrame@0", "AH3@1000", "VH2@1000", "K6@1000", "I7@1040"]);
  rig.publish(audio(8, 1060));
  await rig.run(20);
  assertEquals(server.received.at(-1), "A8@1060");
  run.finish();
  await rig.run(20);
  assertEquals([server.unpublishes, rig.outcome?.error, rig.outcome?.wasTaken], [1, "finished", true]);
});

const refusals: [what: string, refuse: (server: MemoryOrigin) => void, expected: Partial<ForwardOutcome>][] = [
  ["a redirect", (server) => {
    refuseWith(server, (client) => server.tell(client, (session) => session.redirect("rtmp://b/live/s")));
  }, { redirect: "rtmp://b/live/s", wasTaken: false, reached: true, remoteIp: "10.0.0.1" }],
  ["a busy stream", (server) => {
    refuseWith(
      server,
      (client, { id }) => server.tell(client, (session) => session.reject(id, "publishBadName", "stream is busy")),
    );
  }, { isBusy: true, wasTaken: false, reached: true }],
  ["a cut connection", (server) => refuseWith(server, ({ conn }) => conn.close()), { wasTaken: false, isBusy: false }],
];

function refuseWith(server: MemoryOrigin, refuse: Parameters<typeof server.onIgnored>[0]): void {
  server.ignores = ({ kind }) => kind === "publish";
  server.onIgnored(refuse);
}

for (const [what, refuse, expected] of refusals) {
  Deno.test(`ForwardRun ends with ${what}`, async () => {
    const rig = new RunRig();
    refuse(rig.origin(A));
    rig.publish(key(1, 0));
    rig.start();
    await rig.run(50);
    assert(rig.outcome !== null);
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(rig.outcome[name as keyof ForwardOutcome], value, name);
    }
    assertEquals(rig.published.playerCount, 0);
  });
}

Deno.test("ForwardRun moves what the server takes, and leaves the rest in the log up to queue_length", async () => {
  const rig = new RunRig();
  const server = rig.origin(A);
  rig.publish(key(1, 0));
  rig.start();
  await rig.run(20);
  rig.network.hang(A);
  for (let i = 0; i < 100; i++) {
    rig.publish(i % 25 === 0 ? key(100 + i, i * 40, 20_000) : inter(100 + i, i * 40, 20_000));
  }
  await rig.run(20);
  assertEquals(server.received.length, 1);
  rig.network.resume(A);
  await rig.run(100);
  assertEquals(server.received.length, 101);
});

Deno.test("ForwardRun gives up a server that takes nothing for 5 s", async () => {
  const rig = new RunRig();
  rig.origin(A);
  rig.publish(key(1, 0));
  rig.start();
  await rig.run(20);
  rig.network.stall(A);
  for (let i = 0; i < 40; i++) rig.publish(inter(2 + i, 40 * i, 60_000));
  await rig.timers.run(5000);
  assertEquals(rig.outcome, null);
  await rig.timers.run(2000);
  assertEquals(rig.outcome?.error, "accepted no data for 5000 ms");
});

Deno.test("ForwardRun closes its connection to a server that takes nothing when the stream ends", async () => {
  const rig = new RunRig();
  rig.origin(A);
  rig.publish(key(1, 0));
  const run = rig.start();
  await rig.run(20);
  rig.network.stall(A);
  for (let i = 0; i < 40; i++) rig.publish(inter(2 + i, 40 * i, 60_000));
  await rig.timers.run(1000);
  run.finish();
  await rig.timers.run(4900);
  assertEquals([rig.outcome?.error, rig.conn?.closed], ["finished", false]);
  await rig.timers.run(200);
  assertEquals(rig.conn?.closed, true);
});

Deno.test("ForwardRun leaves a server that is about to stop with all that it owes it", async () => {
  const rig = new RunRig();
  const server = rig.origin(A);
  rig.publish(key(1, 0));
  rig.start();
  await rig.run(20);
  for (const client of server.clients) server.tell(client, (session) => session.requestReconnect());
  rig.publish(inter(2, 40));
  await rig.run(20);
  assertEquals([server.received, server.unpublishes], [["K1@0", "I2@40"], 1]);
  await rig.run(600);
  assertEquals(rig.outcome?.error, "the server is about to stop");
  assertLess(rig.published.playerCount, 1);
  assertGreater(rig.taken, 0);
});
