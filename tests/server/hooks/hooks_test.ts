import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../../kit/assert.ts";
import { type HookCall, HookServer } from "../../kit/server/hooks_server.ts";
import { AskingPeer, firstWord } from "../../kit/server/hooks_rig.ts";
import { Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const ACTIONS = ["on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop"];

/** `http_hooks` with every hook at its own path of a server. */
function allHooks(hooks: HookServer, more = ""): string {
  return `http_hooks { enabled on; ${
    ACTIONS.map((action) => `${action} ${hooks.url(`/${action}`)};`).join(" ")
  } ${more} }`;
}

function members(call: HookCall | undefined): string[] {
  return Object.keys(call?.body ?? {}).sort();
}

serverTest("hooks get SRS's members, and the ids that the API shows", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks));
  const { port, server: { identity, registry } } = server;
  const tcUrl = `rtmp://127.0.0.1:${port}/live?token=t`;
  const pageUrl = "http://page.com/p?q#r";
  {
    using publisher = await AskingPeer.ask(port, { kind: "publish", name: "s?a=b", tcUrl, pageUrl });
    assertEquals(await publisher.firstWord(), "NetStream.Publish.Start");
    using player = await AskingPeer.ask(port, { kind: "play", name: "s.flv?c=d", tcUrl, pageUrl });
    assertEquals(await player.firstWord(), "NetStream.Play.Start");
    const stream = registry.streams().get("/live/s");
    const [first, second] = [...registry.clients()];
    const common = {
      "server_id": identity.serverId,
      "service_id": identity.serviceId,
      ip: "127.0.0.1",
      vhost: "__defaultVhost__",
      app: "live",
    };
    const publish = { ...common, "client_id": first!.id, tcUrl, stream: "s", param: "?a=b&token=t" };
    const play = { ...common, "client_id": second!.id, tcUrl, stream: "s.flv", param: "?c=d&token=t" };
    const named = { "stream_url": "/live/s", "stream_id": stream!.id };
    assertEquals(hooks.calls.map(({ body }) => body), [
      { action: "on_connect", ...publish, pageUrl },
      { action: "on_publish", ...publish, ...named },
      { action: "on_connect", ...play, pageUrl },
      { action: "on_play", ...play, ...named, pageUrl },
    ]);
    assert(hooks.calls.every(({ method }) => method === "POST"));
  }
  await until("everybody has heard", () => hooks.calls.length === 8);
  const [first, second] = [hooks.calls[0]!.body.client_id, hooks.calls[2]!.body.client_id];
  assertEquals(hooks.actionsOf(first), ["on_connect", "on_publish", "on_unpublish", "on_close"]);
  assertEquals(hooks.actionsOf(second), ["on_connect", "on_play", "on_stop", "on_close"]);
  for (const action of ["on_unpublish", "on_stop"]) {
    const call = hooks.calls.find(({ body }) => body.action === action);
    const expected = "action app client_id ip param server_id service_id stream stream_id stream_url tcUrl vhost";
    assertEquals(members(call).join(" "), expected);
    assertEquals([call!.body.stream_id, call!.body.stream_url], [hooks.calls[1]!.body.stream_id, "/live/s"]);
  }
  const close = hooks.calls.find(({ body }) => body.action === "on_close")!;
  assertEquals(members(close).join(" "), "action app client_id ip recv_bytes send_bytes server_id service_id vhost");
  assertGreater(Number(close.body.recv_bytes), 3000);
  assertGreater(Number(close.body.send_bytes), 3000);
});

serverTest("a client is told nothing before its hooks have answered, and nobody else waits", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks));
  const gates = new Map<string, PromiseWithResolvers<void>>();
  for (const path of ["/on_connect", "/on_publish"]) {
    gates.set(path, Promise.withResolvers());
    hooks.on(path, async ({ body }) => {
      if (body.stream === "slow") await gates.get(path)!.promise;
      return new Response("0");
    });
  }
  using slow = await AskingPeer.ask(server.port, { kind: "publish", name: "slow" });
  await until("on_connect is asked", () => hooks.calls.length === 1);
  using other = await Publisher.start(server.port, "other");
  using viewer = await Viewer.start(server.port, "other");
  await viewer.waitForFrames(25);
  assertLess(viewer.worstGapMs, 1000);
  assertEquals([slow.words, other.ended, server.server.registry.streams().has("/live/slow")], [[], "", false]);
  const [client] = hooks.calls.map(({ body }) => body.client_id);
  gates.get("/on_connect")!.resolve();
  await until("on_publish is asked", () => hooks.actionsOf(client).length === 2);
  await sleep(100);
  assertEquals(slow.words, []);
  gates.get("/on_publish")!.resolve();
  assertEquals(await slow.firstWord(), "NetStream.Publish.Start");
});

const refusals: [path: string, kind: "publish" | "play", word: string][] = [
  ["/on_connect", "publish", "NetConnection.Connect.Rejected: refused by on_connect"],
  ["/on_connect", "play", "NetConnection.Connect.Rejected: refused by on_connect"],
  ["/on_publish", "publish", "NetStream.Publish.Denied: refused by on_publish"],
  ["/on_play", "play", "NetStream.Play.Failed: refused by on_play"],
];

for (const [path, kind, word] of refusals) {
  serverTest(`${path.slice(1)} refuses a ${kind}, and the client hears why`, async () => {
    await using hooks = new HookServer();
    await using server = new TestServer(allHooks(hooks));
    hooks.on(path, () => new Response('{"code":7}'));
    {
      using peer = await AskingPeer.ask(server.port, { kind, name: "s" });
      assertEquals(await peer.firstWord(), word);
      await peer.raw.waitForEnd(3000);
    }
    await until("the connection is gone", () => server.holds.connections === 0);
    const began = path === "/on_connect" ? ["on_connect", "on_close"] : ["on_connect", path.slice(1), "on_close"];
    await until("the hooks have heard", () => hooks.calls.length === began.length);
    await sleep(50);
    assertEquals(hooks.actions, began);
    assertEquals(server.holds, { connections: 0, clients: 0, streams: 0 });
    assertEquals(server.log.find("refused /live/s: code 7").length, 1);
    assertEquals(server.log.find("code=3064(HttpResponseCode)").length, 1);
  });
}

serverTest("the words of a hook reach the client", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks));
  hooks.on("/on_play", () => Response.json({ code: 403, msg: "your token has expired" }));
  const word = await firstWord(server.port, { kind: "play", name: "s" });
  assertEquals(word, "NetStream.Play.Failed: your token has expired");
});

serverTest("the addresses of a hook are called in their order, until one refuses", async () => {
  await using hooks = new HookServer();
  const urls = ["/a", "/b", "/c"].map((path) => hooks.url(path)).join(" ");
  await using server = new TestServer(`http_hooks { enabled on; on_publish ${urls}; on_unpublish ${urls}; }`);
  let isOpen = false;
  hooks.on("/a", async () => {
    await sleep(50);
    return new Response("0");
  });
  hooks.on("/b", () => new Response(isOpen ? "0" : "1"));
  const paths = () => hooks.calls.map(({ path }) => path);
  assertMatch(await firstWord(server.port, { kind: "publish", name: "s" }), /^NetStream.Publish.Denied/);
  assertEquals(paths(), ["/a", "/b"]);
  isOpen = true;
  assertEquals(await firstWord(server.port, { kind: "publish", name: "s" }), "NetStream.Publish.Start");
  // What has ended is told everywhere, whatever the first ones say.
  hooks.on("/a", () => new Response("no", { status: 404 }));
  await until("the end is told", () => paths().length === 8);
  assertEquals(paths().slice(2), ["/a", "/b", "/c", "/a", "/b", "/c"]);
});

serverTest("hooks that are off are not called", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks).replace("enabled on", "enabled off"));
  assertEquals(await firstWord(server.port, { kind: "publish", name: "s" }), "NetStream.Publish.Start");
  await until("the connection is gone", () => server.holds.connections === 0);
  assertEquals(hooks.calls, []);
});

serverTest(
  "each stream that one connection publishes begins and ends by itself; the connection closes once",
  async () => {
    await using hooks = new HookServer();
    await using server = new TestServer(allHooks(hooks));
    {
      using peer = await AskingPeer.ask(server.port, { kind: "publish", name: "one" });
      await peer.firstWord();
      await peer.command("FCUnpublish", 6, null, "one");
      await peer.want({ kind: "publish", name: "two" });
      await until("the second stream starts", () => peer.words.length === 2);
      await peer.want({ kind: "play", name: "three" });
      await until("the play starts", () => peer.words.length === 3);
    }
    await until("the end is told", () => hooks.actions.includes("on_close"));
    await sleep(50);
    assertEquals(hooks.calls.map(({ body }) => `${body.action} ${body.stream ?? ""}`.trim()), [
      "on_connect one",
      "on_publish one",
      "on_unpublish one",
      "on_connect two",
      "on_publish two",
      "on_unpublish two",
      "on_connect three",
      "on_play three",
      "on_stop three",
      "on_close",
    ]);
    assertEquals(new Set(hooks.calls.map(({ body }) => body.client_id)).size, 1);
  },
);

serverTest("a publisher that is refused since another has the stream is no publisher that ended", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks));
  using publisher = await Publisher.start(server.port, "s");
  assertMatch(
    await firstWord(server.port, { kind: "publish", name: "s" }),
    /^NetStream.Publish.BadName: .* already has a publisher/,
  );
  await until("the connection is gone", () => hooks.actions.includes("on_close"));
  assertEquals(hooks.actions, ["on_connect", "on_publish", "on_connect", "on_publish", "on_close"]);
  assertEquals(publisher.ended, "");
});

serverTest("a stop of the server is told to the hooks", async () => {
  await using hooks = new HookServer();
  const server = new TestServer(allHooks(hooks));
  using publisher = await AskingPeer.ask(server.port, { kind: "publish", name: "s" });
  await publisher.firstWord();
  await server[Symbol.asyncDispose]();
  assertEquals(hooks.actions, ["on_connect", "on_publish", "on_unpublish", "on_close"]);
});

serverTest("a kick through the API is told to the hooks", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks));
  using player = await AskingPeer.ask(server.port, { kind: "play", name: "s" });
  await player.firstWord();
  for (const client of server.server.registry.clients()) client.kick();
  await until("the end is told", () => hooks.actions.includes("on_close"));
  assertEquals(hooks.actions, ["on_connect", "on_play", "on_stop", "on_close"]);
});

serverTest("a hook may take longer than a client may to make up its mind", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(allHooks(hooks), "client_timeout 500;");
  hooks.on("/on_play", async () => {
    await sleep(2200);
    return new Response("0");
  });
  assertEquals(await firstWord(server.port, { kind: "play", name: "s" }), "NetStream.Play.Start");
});
