import type { AmfObject } from "../../../src/amf/amf0.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MAX_WAITING_PER_ADDRESS } from "../../../src/server/play/waiting_plays.ts";
import { fakeCoworker, Origin, ports, twoOrigins } from "../../kit/server/cluster_rig.ts";
import { freePort, Publisher, RawPeer, serverTest, sleep, until, Viewer } from "../../kit/server/rtmp_rig.ts";

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
  assertLess(performance.now() - startedMs, 2000);
  await silent.waitForEnd();
  assertGreater(performance.now() - startedMs, 2800);
  assertLess(performance.now() - startedMs, 6000);
  assertEquals(b.rtmp.log.find("internalError"), []);
});

serverTest("Cluster holds a player until a coworker gets the stream", async () => {
  const { a, b, stack } = twoOrigins();
  await using _ = stack;
  using peer = await play(b.port, "later");
  await sleep(600);
  assertEquals([peer.closed, redirectOf(peer)], [false, undefined]);
  using _publisher = await Publisher.start(a.port, "later");
  await until("the player is redirected", () => redirectOf(peer) !== undefined, 3000);
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
  assertLess(tookMs, 3000);
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
  const origin = stack.use(new Origin(ports(), coworkers, "redirect always; coworker_timeout 3000;"));
  const startedMs = performance.now();
  using peer = await play(origin.port, "s");
  await until("the redirect", () => redirectOf(peer) !== undefined);
  assertLess(performance.now() - startedMs, 1500);
  assertEquals((redirectOf(peer)!.ex as AmfObject).redirect2, "rtmp://10.1.2.3:1999/live/s");
  await until(
    "all useless ones are named",
    () => origin.rtmp.log.find("; searches do not wait for it").length === coworkers.length - 2,
  );
});

for (const redirect of ["always", "never"]) {
  serverTest(
    `Cluster does not say that nobody publishes when a coworker refused to answer: redirect ${redirect}`,
    async () => {
      await using coworker = fakeCoworker(() => new Response(null, { status: 401 }));
      await using origin = new Origin(ports(), [coworker.text], `redirect ${redirect}; owner_timeout 300;`);
      using peer = await play(origin.port, "s");
      await peer.waitForEnd();
      const infos = peer.commands.filter(([name]) => name === "onStatus").map(([, , , info]) => info as AmfObject);
      const text = `/live/s is not published here, and coworker ${coworker.text} rejected our request (HTTP 401)`;
      assertEquals(infos.find(({ code }) => code === "NetStream.Play.StreamNotFound")?.description, text);
      const told =
        `coworker ${coworker.text} rejected our request (HTTP 401): give both servers the same coworker_token`;
      assertEquals(origin.rtmp.log.find(told).length, 1);
    },
  );
}

for (const redirect of ["always", "never"]) {
  serverTest(`Cluster refuses a play at once when too many of its address wait: redirect ${redirect}`, async () => {
    await using coworker = fakeCoworker(nobody);
    await using origin = new Origin(ports(), [coworker.text], `redirect ${redirect};`);
    const places = Array.from(
      { length: MAX_WAITING_PER_ADDRESS - 1 },
      () => origin.rtmp.server.waitingPlays.enter("127.0.0.1"),
    );
    using _last = await play(origin.port, "s");
    using refused = await play(origin.port, "t");
    await refused.waitForEnd();
    const infos = refused.commands.filter(([name]) => name === "onStatus").map(([, , , info]) => info as AmfObject);
    const text = "/live/t is not published here, and too many players from 127.0.0.1 are waiting for streams";
    assertEquals(infos.find(({ code }) => code === "NetStream.Play.StreamNotFound")?.description, text);
    using publisher = await Publisher.start(origin.port, "s");
    assertEquals(publisher.has("ready"), true);
    await until("who waited has its stream", () => origin.rtmp.server.registry.clientCount > 1);
    using _next = await play(origin.port, "u");
    await until("its place is free", () => coworker.asked.some(({ search }) => search.includes("stream=u")));
    for (const place of places) place?.[Symbol.dispose]();
  });
}

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
