/** How servers know an older publish, also where the encoder sends no metadata. On a simulated network. */
import { epochMember, factMembers } from "../../../src/stream/publish_facts.ts";
import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import { MemoryHttp } from "../../kit/memory/memory_http.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer, type PeerWords } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

const KEY = "/live/s";
const [A, B, EDGE] = ["10.0.0.1", "10.0.0.2", "10.0.0.100"];

/** Two origins that know each other, and an edge of both. */
class Stage {
  readonly network = new MemoryNetwork();
  readonly a = this.#origin(A);
  readonly b = this.#origin(B);
  readonly edge: MemoryServer;
  readonly #encoders = [this.network.host("10.0.1.1"), this.network.host("10.0.1.2")];

  /** @param protocol How the edge pulls. */
  constructor(protocol = "rtmp") {
    const port = protocol === "rtmp" ? 1935 : 8080;
    const vhost = `cluster { mode remote; origin ${A}:${port} ${B}:${port}; protocol ${protocol}; idle_timeout 1000; }`;
    this.edge = new MemoryServer(this.network, EDGE, { vhost });
  }

  /** An encoder that sends no metadata. */
  publish({ host: { ip } }: MemoryServer, firstId = 10): Promise<MemoryPublisher> {
    return MemoryPublisher.start(this.#encoders[ip === A ? 0 : 1]!, `${ip}:1935`, "s", firstId, { hasMetadata: false });
  }

  view(at: MemoryServer = this.edge, words: PeerWords = {}): Promise<MemoryViewer> {
    return MemoryViewer.start(this.network.host("10.0.2.1"), `${at.host.ip}:1935`, "s", words);
  }

  epochAt({ server }: MemoryServer): number {
    return server.mesh.published(KEY)?.epoch ?? 0;
  }

  async stop(): Promise<void> {
    for (const server of [this.edge, this.a, this.b]) await server.stop();
  }

  #origin(ip: string): MemoryServer {
    const vhost = `cluster { origin_cluster on; coworkers ${A}:1985 ${B}:1985; }`;
    return new MemoryServer(this.network, ip, { vhost });
  }
}

function toldOf({ events }: MemoryViewer): unknown[] {
  return events.flatMap((event) => event.kind === "told" ? [event.members] : []);
}

for (const protocol of ["rtmp", "flv"]) {
  Deno.test(`an edge knows the epoch of a publish without metadata: ${protocol}`, async () => {
    const stage = new Stage(protocol);
    const { network, edge, a } = stage;
    // It comes after the player: what is known then is too little.
    using viewer = await stage.view();
    await network.run(1000);
    using _publisher = await stage.publish(a);
    await network.run(2000);
    assertGreater(viewer.frames.length, 20);
    assertGreater(stage.epochAt(a), 0);
    assertEquals(edge.server.epochs.highest(KEY), stage.epochAt(a));
    assertEquals(viewer.labels.filter((label) => label.startsWith("meta")), [], "players get none either");
    assertEquals(toldOf(viewer), []);
    await stage.stop();
  });
}

Deno.test("an origin that relays passes the epoch of a publish without metadata on", async () => {
  const stage = new Stage();
  const { network, a, b } = stage;
  using _publisher = await stage.publish(a);
  // It follows no redirect: the other origin relays.
  using viewer = await stage.view(b, { connectArgs: { srs_ts_node: "1" } });
  await network.run(2000);
  assertGreater(viewer.frames.length, 20);
  const epoch = epochMember(stage.epochAt(a));
  // The owner's time is known with the first frame.
  const { zeroMs } = b.server.sources.find(KEY)!;
  assertEquals(toldOf(viewer), [epoch, factMembers({ epoch: stage.epochAt(a), zeroMs, discontinuities: null })]);
  assertEquals(b.server.epochs.highest(KEY), stage.epochAt(a));
  await stage.stop();
});

Deno.test("SRS and players are told nothing that SRS would not tell", async () => {
  const stage = new Stage();
  const { network, a } = stage;
  for (const connectArgs of [undefined, { srs_sig: "SRS", srs_server: "SRS/6.0.1" }]) {
    using viewer = await stage.view(a, connectArgs === undefined ? {} : { connectArgs });
    using _publisher = await stage.publish(a);
    await network.run(1000);
    assertGreater(viewer.frames.length, 10);
    assertEquals(toldOf(viewer), []);
  }
  using http = await MemoryHttp.get(network.host("10.0.2.1"), `${A}:8080`, "/live/s.flv");
  using _publisher = await stage.publish(a);
  await network.run(1000);
  assertEquals([http.status, http.text.includes("x-srs-ts-epoch")], [200, false]);
  await stage.stop();
});

/** A is cut off from the others for so long that nobody tries to tell it any more; B takes the stream over. */
async function cutOff(stage: Stage) {
  const { network, a, b, edge } = stage;
  const old = await stage.publish(a);
  const viewer = await stage.view();
  await network.run(1000);
  assertEquals(edge.server.epochs.highest(KEY), stage.epochAt(a));
  const cut = network.partition([A], [B, EDGE]);
  await network.run(1500);
  const successor = await stage.publish(b, 5000);
  await network.run(90_000);
  assertGreater(stage.epochAt(b), stage.epochAt(a));
  assertEquals(edge.server.epochs.highest(KEY), stage.epochAt(b));
  assertEquals(old.ended, "");
  const isOld = (frame: string) => Number(frame.slice(1)) >= 10 && Number(frame.slice(1)) < 5000;
  return { old, viewer, successor, cut, isOld };
}

Deno.test("an origin that was cut off, and whose publisher sends no metadata, never feeds the edge again", async () => {
  const stage = new Stage();
  const { network, a, b, edge } = stage;
  const { viewer, cut, isOld, old, successor } = await cutOff(stage);
  // Neither origin hears of the other.
  using _apart = network.partition([A], [B]);
  using _edgeCut = network.partition([B], [EDGE]);
  cut[Symbol.dispose]();
  viewer.frames.length = 0;
  const dialled = network.dialled.length;
  await network.run(10_000);
  assert(network.dialled.slice(dialled).includes(`${A}:1935`), "the edge asks it");
  assertEquals(viewer.frames.filter(isOld), []);
  assert(edge.log.lines.some((line) => line.includes("older publish")), edge.log.lines.slice(-20).join("\n"));
  // There is nobody to give way to.
  assertEquals([old.ended, stage.epochAt(a) > 0, stage.epochAt(b) > 0], ["", true, true]);
  for (const peer of [viewer, old, successor]) peer[Symbol.dispose]();
  await stage.stop();
});

Deno.test("an origin that was cut off learns from an edge that another one has taken over, and gives way to that one", async () => {
  const stage = new Stage();
  const { network, a, b } = stage;
  const { viewer, cut, isOld, old, successor } = await cutOff(stage);
  const edgeCut = network.partition([B], [EDGE]);
  cut[Symbol.dispose]();
  viewer.frames.length = 0;
  await network.run(10_000);
  assert(old.ended !== "", "A has given way");
  assertEquals([stage.epochAt(a), stage.epochAt(b) > 0, successor.ended], [0, true, ""]);
  edgeCut[Symbol.dispose]();
  await network.run(5000);
  assertGreater(viewer.frames.length, 20);
  assertEquals(viewer.frames.filter(isOld), []);
  for (const peer of [viewer, old, successor]) peer[Symbol.dispose]();
  await stage.stop();
});

Deno.test("a client that makes up an epoch ends no publisher, and has the coworkers asked now and then only", async () => {
  const stage = new Stage();
  const { network, a } = stage;
  using publisher = await stage.publish(a);
  await network.run(6000);
  const questions = () => [...a.server.mesh.coworkers.table()].reduce((sum, { questions }) => sum + questions, 0);
  const before = questions();
  for (let i = 0; i < 20; i++) {
    using _liar = await stage.view(a, { connectArgs: { srs_ts_node: "1", srs_ts_epoch: 9e15 } });
    await network.run(200);
  }
  await network.run(1000);
  assertEquals(questions() - before, 1);
  assertEquals(publisher.ended, "");
  using viewer = await stage.view();
  await network.run(1000);
  assertGreater(viewer.frames.length, 10);
  await stage.stop();
});
