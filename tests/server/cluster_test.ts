import type { AmfObject } from "../../src/amf/amf0.ts";
import { HttpServer } from "../../src/http/http_server.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../assert.ts";
import { freePort, Publisher, RawPeer, serverTest, sleep, TestServer, until, Viewer } from "./rtmp_rig.ts";

/** An origin of a cluster, with its HTTP API. */
class Origin implements AsyncDisposable {
  readonly rtmp: TestServer;
  readonly #http: HttpServer;

  constructor(ports: { rtmp: number; api: number }, coworkers: string[], directives = "redirect always;") {
    const cluster = `cluster { origin_cluster on; coworkers ${coworkers.join(" ")}; ${directives} }`;
    const api = `http_api { enabled on; listen 127.0.0.1:${ports.api}; }`;
    this.rtmp = new TestServer(`min_latency on; ${cluster}`, api, ports.rtmp);
    this.#http = new HttpServer(this.rtmp.server);
    this.#http.start();
  }

  get port(): number {
    return this.rtmp.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.stop();
    await this.rtmp[Symbol.asyncDispose]();
  }
}

function ports(): { rtmp: number; api: number } {
  return { rtmp: freePort(), api: freePort() };
}

/** Two origins that list each other. */
function twoOrigins(directives?: string): { a: Origin; b: Origin; stack: AsyncDisposableStack } {
  const [first, second] = [ports(), ports()];
  const stack = new AsyncDisposableStack();
  const a = stack.use(new Origin(first, [`127.0.0.1:${second.api}`], directives));
  const b = stack.use(new Origin(second, [`127.0.0.1:${first.api}`], directives));
  return { a, b, stack };
}

/** A coworker of the test's making; answers with what `answer` returns. */
function fakeCoworker(
  answer: (url: URL) => Response | Promise<Response>,
): { text: string; asked: URL[] } & AsyncDisposable {
  const asked: URL[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    asked.push(url);
    return answer(url);
  });
  return {
    text: `127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const nobody = () => Response.json({ code: 0, data: { origin: null } });
const owner = (ip: string, port: number) => Response.json({ code: 0, data: { origin: { ip, port } } });

async function play(port: number, stream: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  await peer.command("createStream", 2, null);
  await peer.command("play", 0, null, stream);
  return peer;
}

function redirectOf(peer: RawPeer): AmfObject | undefined {
  const infos = peer.commands.filter(([name]) => name === "onStatus").map(([, , , info]) => info as AmfObject);
  return infos.find((info) => info.ex !== undefined);
}

serverTest("Cluster sends a player to the owner as SRS does, and waits 3 s for its answer", async () => {
  const { a, b, stack } = twoOrigins();
  await using _ = stack;
  using _publisher = await Publisher.start(a.port, "s");
  using silent = await play(b.port, "s?token=x");
  using answering = await play(b.port, "s");
  await until("both are redirected", () => redirectOf(silent) !== undefined && redirectOf(answering) !== undefined);
  const startedMs = performance.now();

  assertEquals(silent.codes, ["NetStream.Play.Reset", "NetStream.Play.Start", "NetConnection.Connect.Rejected"]);
  const { level, code, description, ex } = redirectOf(silent)!;
  assertEquals({ level, code, description, ex: { ...ex as AmfObject } }, {
    level: "error",
    code: "NetConnection.Connect.Rejected",
    description: "RTMP 302 Redirect",
    ex: {
      code: 302,
      redirect: `rtmp://127.0.0.1:${a.port}/live`,
      redirect2: `rtmp://127.0.0.1:${a.port}/live/s?token=x`,
    },
  });
  const message = silent.messages.findLast(({ typeId }) => typeId === 20)!;
  assertEquals([message.csid, message.msid], [5, 0]);

  await answering.command("redirected", 0, null, "accepted");
  await answering.waitForEnd();
  assertLess(performance.now() - startedMs, 1000);
  await silent.waitForEnd();
  assertGreater(performance.now() - startedMs, 2800);
  assertLess(performance.now() - startedMs, 4000);
  assertEquals(b.rtmp.log.find("internalError"), []);
});

serverTest("Cluster holds a player until a coworker gets the stream", async () => {
  const { a, b, stack } = twoOrigins();
  await using _ = stack;
  using peer = await play(b.port, "later");
  await sleep(600);
  assertEquals([peer.closed, redirectOf(peer)], [false, undefined]);
  using _publisher = await Publisher.start(a.port, "later");
  await until("the player is redirected", () => redirectOf(peer) !== undefined, 1000);
});

serverTest("Cluster lets a held player play when the publisher comes here", async () => {
  const { b, stack } = twoOrigins();
  await using _ = stack;
  using viewer = await Viewer.start(b.port, "here");
  await sleep(300);
  using _publisher = await Publisher.start(b.port, "here");
  await viewer.waitForFrames(10);
  assertEquals(viewer.breaks, []);
  assertEquals(viewer.has("redirect"), false);
});

serverTest("Cluster refuses a player as StreamNotFound when nobody gets the stream within owner_timeout", async () => {
  const { b, stack } = twoOrigins("redirect always; owner_timeout 700;");
  await using _ = stack;
  const startedMs = performance.now();
  using peer = await play(b.port, "nobody");
  await peer.waitForEnd();
  const tookMs = performance.now() - startedMs;
  assertGreater(tookMs, 690);
  assertLess(tookMs, 1600);
  assertEquals(peer.codes.at(-1), "NetStream.Play.StreamNotFound");
  peer[Symbol.dispose]();
  await until("nothing is left", () => b.rtmp.holds.connections === 0);
});

serverTest("Cluster finds the owner at once among coworkers that are dead, silent, broken or lying", async () => {
  await using stack = new AsyncDisposableStack();
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  stack.defer(() => silent.close());
  const garbage = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  stack.defer(() => garbage.close());
  (async () => {
    for await (const conn of garbage) conn.write(Uint8Array.of(0xff, 0, 0xff)).finally(() => conn.close());
  })();
  const answers: (() => Response)[] = [
    () => new Response("<html></html>", { headers: { "content-type": "text/html" } }),
    () => new Response("oops", { status: 500 }),
    () => new Response(new Uint8Array(2 * 1024 * 1024)),
    () => Response.json({ code: 0, data: { origin: { ip: 7, port: 1935 } } }),
    () => owner("10.0.0.1", 0),
    () => Response.redirect("http://127.0.0.1:1/"),
    nobody,
  ];
  const fakes = answers.map((answer) => stack.use(fakeCoworker(answer)));
  const good = stack.use(
    fakeCoworker(({ searchParams }) => searchParams.get("stream") === "s" ? owner("10.1.2.3", 1999) : nobody()),
  );
  const coworkers = [
    `127.0.0.1:${(silent.addr as Deno.NetAddr).port}`,
    `127.0.0.1:${(garbage.addr as Deno.NetAddr).port}`,
    `127.0.0.1:${freePort()}`,
    ...fakes.map(({ text }) => text),
    good.text,
  ];
  const origin = stack.use(new Origin(ports(), coworkers, "redirect always; coworker_timeout 500;"));
  const startedMs = performance.now();
  using peer = await play(origin.port, "s");
  await until("the redirect", () => redirectOf(peer) !== undefined);
  assertLess(performance.now() - startedMs, 450);
  assertEquals((redirectOf(peer)!.ex as AmfObject).redirect2, "rtmp://10.1.2.3:1999/live/s");
  await until("all useless ones are named", () => origin.rtmp.log.find("is of no use").length === coworkers.length - 2);
});

serverTest("Cluster knows itself among its coworkers", async () => {
  const own = ports();
  await using origin = new Origin(own, [`127.0.0.1:${own.api}`], "redirect always; owner_timeout 600;");
  using peer = await play(origin.port, "s");
  await peer.waitForEnd();
  assertEquals(peer.codes.at(-1), "NetStream.Play.StreamNotFound");
  assertEquals(origin.rtmp.log.find("is this server itself").length, 1);
});

serverTest("Cluster asks once for many players, not once for each", async () => {
  await using coworker = fakeCoworker(nobody);
  await using origin = new Origin(ports(), [coworker.text], "redirect always; owner_timeout 1000;");
  const peers = await Promise.all(Array.from({ length: 50 }, () => play(origin.port, "s")));
  await Promise.all(peers.map((peer) => peer.waitForEnd()));
  assertLess(coworker.asked.length, 15);
  for (const peer of peers) peer[Symbol.dispose]();
});

serverTest("Cluster redirects an edge, and relays to a player that cannot follow", async () => {
  const { a, b, stack } = twoOrigins("redirect auto; linger 200;");
  await using _ = stack;
  using _publisher = await Publisher.start(a.port, "s");
  using edge = await Viewer.start(b.port, "s", true);
  using player = await Viewer.start(b.port, "s");
  using second = await Viewer.start(b.port, "s");
  await Promise.all([player.waitForFrames(20), second.waitForFrames(20)]);
  assert(edge.has("redirect"));
  assertEquals(edge.frames, []);
  assertEquals([player.breaks, second.breaks], [[], []]);
  assertEquals(a.rtmp.server.sources.find("/live/s")?.playerCount, 1, "one relay for both");
  for (const each of [player, second]) each[Symbol.dispose]();
  await until("the relay ends", () => a.rtmp.server.sources.find("/live/s")?.playerCount === 0);
});

serverTest("Cluster goes on for a relayed player when the publisher moves here", async () => {
  const { a, b, stack } = twoOrigins("redirect auto; linger 200;");
  await using _ = stack;
  using first = await Publisher.start(a.port, "s");
  using player = await Viewer.start(b.port, "s");
  await player.waitForFrames(10);
  first.unpublish();
  using second = await Publisher.start(b.port, "s");
  assertEquals(second.has("ready"), true);
  await player.waitForFrames(30);
  assertEquals(player.ended, "");
  assertEquals(player.timestampsMs.every((ms, i) => i === 0 || ms >= player.timestampsMs[i - 1]! - 50), true);
});

serverTest("Cluster of two origins without the stream does not ask in circles, nor relay from each other", async () => {
  const { a, b, stack } = twoOrigins("redirect auto; owner_timeout 800;");
  await using _ = stack;
  using onA = await Viewer.start(a.port, "s");
  using onB = await Viewer.start(b.port, "s");
  await until("both are refused", () => onA.ended !== "" && onB.ended !== "");
  assertEquals([onA.codes.at(-1), onB.codes.at(-1)], [
    "NetStream.Play.StreamNotFound",
    "NetStream.Play.StreamNotFound",
  ]);
  assertEquals([a.rtmp.server.registry.totalClients, b.rtmp.server.registry.totalClients], [1, 1]);
});
