import { MessageType } from "../../../src/rtmp/message.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
} from "../../kit/assert.ts";
import { endless, HookServer } from "../../kit/server/hooks_server.ts";
import { key, videoHeader } from "../../kit/media/packets.ts";
import { AskingPeer, firstWord } from "../../kit/server/hooks_rig.ts";
import { Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const NOTHING = { connections: 0, clients: 0, streams: 0 };

function publishHooks(hooks: HookServer, more = "timeout 200;"): string {
  const events = ["on_connect", "on_close", "on_publish", "on_unpublish"];
  return `http_hooks { enabled on; ${events.map((event) => `${event} ${hooks.url(`/${event}`)};`).join(" ")} ${more} }`;
}

/** A port on which nobody listens. */
function deadPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

const bad: [what: string, answer: () => Response | Promise<Response>, told: RegExp][] = [
  ["is silent", () => new Promise(() => {}), /could not be asked$/],
  ["never ends its answer", () => endless("0", 10), /could not be asked$/],
  ["answers without bound", () => endless("0".repeat(50_000), 1), /could not be asked$/],
  ["fails", () => new Response("0", { status: 500 }), /refused by on_publish$/],
  ["answers nothing", () => new Response(), /refused by on_publish$/],
  ["answers with __proto__", () => new Response('{"__proto__":{"code":0}}'), /refused by on_publish$/],
];

for (const [what, answer, told] of bad) {
  serverTest(`a hook that ${what} lets nobody in`, async () => {
    await using hooks = new HookServer();
    await using server = new TestServer(publishHooks(hooks));
    hooks.on("/on_publish", answer);
    const startedMs = performance.now();
    assertMatch(await firstWord(server.port, { kind: "publish", name: "s" }), told);
    assertLess(performance.now() - startedMs, 2000);
    await until("on_close is told", () => hooks.actions.includes("on_close"));
    // Once only: a second question might be answered differently, and has its price.
    assertEquals(hooks.actions, ["on_connect", "on_publish", "on_close"]);
    assertEquals(server.holds, NOTHING);
  });
}

serverTest("a hook that cannot be reached lets nobody in, and its secrets stay out of the log", async () => {
  const url = `http://user:passw0rd@127.0.0.1:${deadPort()}/hook?secret=s3cret`;
  await using server = new TestServer(`http_hooks { enabled on; on_play ${url}; on_close ${url}; }`);
  const tcUrl = `rtmp://127.0.0.1:${server.port}/live?token=t0ken`;
  const word = await firstWord(server.port, { kind: "play", name: "s?key=k3y", tcUrl });
  assertEquals(word, "NetStream.Play.Failed: on_play could not be asked");
  await until("on_close has failed", () => server.log.find("on_close").length > 0);
  assertEquals(server.log.find("127.0.0.1").filter((line) => line.includes("/hook")).length, 2);
  for (const secret of ["passw0rd", "s3cret", "t0ken", "k3y"]) assertEquals(server.log.find(secret), []);
});

serverTest("a hook cannot send the server elsewhere: redirects refuse", async () => {
  await using hooks = new HookServer();
  await using inner = new HookServer();
  await using server = new TestServer(publishHooks(hooks));
  for (const status of [301, 302, 303, 307, 308]) {
    hooks.on("/on_publish", () => new Response(null, { status, headers: { location: inner.url("/admin") } }));
    assertMatch(await firstWord(server.port, { kind: "publish", name: "s" }), /^NetStream.Publish.Denied/);
    assertEquals(server.log.find(`HTTP status ${status}`).length, 1);
  }
  assertEquals(inner.calls, []);
});

serverTest("what clients say of themselves stays inside the JSON, and inside its line of the log", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(publishHooks(hooks));
  const pageUrl = 'http://a/\r\nX-Admin: 1\r\n\r\n{"code":0}';
  const name = 's?a="},{"b\\u0000';
  using peer = await AskingPeer.ask(server.port, { kind: "publish", name, pageUrl });
  assertEquals(await peer.firstWord(), "NetStream.Publish.Start");
  const [connect] = hooks.calls;
  assertEquals([connect!.body.pageUrl, connect!.body.param], [pageUrl, '?a="},{"b\\u0000']);
  assertEquals(connect!.headers.get("x-admin"), null);
  // A name that could do harm elsewhere does not get as far as the hooks.
  const word = await firstWord(server.port, { kind: "publish", name: "a\u0001b" });
  assertMatch(word, /^NetStream.Publish.Denied: invalid name /);
  assertEquals(hooks.calls.length, 2);
});

/** Lets a client leave while a hook holds its answer back, which then is `answer`. @returns The events told. */
async function leaveDuring(path: string, answer: string, eventsBefore: number): Promise<string[]> {
  await using hooks = new HookServer();
  await using server = new TestServer(publishHooks(hooks, ""));
  const gate = Promise.withResolvers<void>();
  hooks.on(path, async () => {
    await gate.promise;
    return new Response(answer);
  });
  {
    using _peer = await AskingPeer.ask(server.port, { kind: "publish", name: "s" });
    await until("the hook is asked", () => hooks.calls.length === eventsBefore);
  }
  await until("the connection is gone", () => server.holds.connections === 0);
  assertEquals(server.holds, NOTHING);
  gate.resolve();
  await server.server.stop();
  assertEquals(server.log.find("internalError"), []);
  assertEquals(server.log.find("error "), []);
  return hooks.actions;
}

const departures: [path: string, answer: string, eventsBefore: number, expected: string[]][] = [
  ["/on_connect", "0", 1, ["on_connect", "on_close"]],
  ["/on_connect", "1", 1, ["on_connect", "on_close"]],
  ["/on_publish", "0", 2, ["on_connect", "on_publish", "on_unpublish", "on_close"]],
  ["/on_publish", "1", 2, ["on_connect", "on_publish", "on_close"]],
];

for (const [path, answer, eventsBefore, expected] of departures) {
  serverTest(
    `a client that leaves while ${path.slice(1)} is about to answer ${answer} is told of rightly`,
    async () => {
      assertEquals(await leaveDuring(path, answer, eventsBefore), expected);
    },
  );
}

serverTest("a crowd that waits for a slow hook delays nobody, and leaves nothing behind", async () => {
  await using hooks = new HookServer();
  const play = `http_hooks { enabled on; on_play ${hooks.url("/on_play")}; on_stop ${
    hooks.url("/on_stop")
  }; timeout 800; }`;
  await using server = new TestServer(play);
  hooks.on("/on_play", ({ body }) => body.stream === "s" ? new Response("0") : new Promise(() => {}));
  using publisher = await Publisher.start(server.port, "s");
  using viewer = await Viewer.start(server.port, "s");
  await viewer.waitForFrames(5);
  const crowd = await Promise.all(
    Array.from({ length: 100 }, () => AskingPeer.ask(server.port, { kind: "play", name: "t" })),
  );
  using late = await Viewer.start(server.port, "s");
  await late.waitForFrames(25);
  for (const peer of crowd.slice(0, 50)) peer[Symbol.dispose]();
  await until("everybody else is refused", () => crowd.slice(50).every((peer) => peer.words.length === 1));
  for (const peer of crowd) peer[Symbol.dispose]();
  await until("the crowd is gone", () => server.holds.connections === 3);
  assertEquals(server.holds, { connections: 3, clients: 3, streams: 1 });
  assertEquals([viewer.breaks, publisher.ended, hooks.actions.includes("on_stop")], [[], "", false]);
  assertLess(viewer.worstGapMs, 1000);
});

serverTest("media that comes right behind a publish waits for the hook, and none of it is lost", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(publishHooks(hooks, ""));
  const gate = Promise.withResolvers<void>();
  hooks.on("/on_publish", async () => {
    await gate.promise;
    return new Response("0");
  });
  using viewer = await Viewer.start(server.port, "s");
  using peer = await AskingPeer.ask(server.port, { kind: "publish", name: "s" });
  for (const { payload } of [videoHeader(2), key(10, 0), key(11, 40)]) {
    await peer.raw.message(MessageType.Video, payload, 6, 1);
  }
  await until("the hook is asked", () => hooks.calls.length >= 3);
  await sleep(100);
  assertEquals(viewer.labels, []);
  gate.resolve();
  await until("the frames come", () => viewer.frames.length === 2);
  assertEquals(viewer.frames, [10, 11]);
});

serverTest(
  "a client that floods the server while its hook is silent is not read, and goes like any other",
  async () => {
    await using hooks = new HookServer();
    await using server = new TestServer(publishHooks(hooks, "timeout 700;"));
    hooks.on("/on_publish", () => new Promise(() => {}));
    using peer = await AskingPeer.ask(server.port, { kind: "publish", name: "s" });
    let sent = 0;
    const flood = (async () => {
      for (const chunk = new Uint8Array(60_000); sent < 60_000_000; sent += chunk.length) {
        if (!await peer.raw.message(MessageType.Video, chunk, 6, 1)) return;
      }
    })();
    await until("the hook is asked", () => hooks.calls.length === 2);
    await sleep(400);
    const stalledAt = sent;
    await sleep(200);
    assertEquals(sent, stalledAt);
    assertLess(sent, 30_000_000);
    await until("the client is refused", () => peer.words.length === 1);
    await flood;
    await until("the connection is gone", () => server.holds.connections === 0);
  },
);

serverTest("what has ended is told once more if the hook did not take it, and never a third time", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer(publishHooks(hooks));
  let failures = 1;
  hooks.on("/on_unpublish", () => new Response("", { status: failures-- > 0 ? 503 : 200 }));
  hooks.on("/on_close", () => new Promise(() => {}));
  await firstWord(server.port, { kind: "publish", name: "s" });
  await until("on_close is given up", () => server.log.find("could not be told about").length === 1);
  assertEquals(hooks.actions, [
    "on_connect",
    "on_publish",
    "on_unpublish",
    "on_unpublish",
    "on_close",
    "on_close",
  ]);
  assertMatch(
    server.log.find("could not be told about")[0]!,
    /^warn on_close http:\S+ could not be told about \/live\/s: .*within 200 ms/,
  );
});

serverTest("hooks that never answer do not keep the server from stopping", async () => {
  await using hooks = new HookServer();
  const server = new TestServer(publishHooks(hooks, "timeout 60000;"));
  hooks.on("/on_unpublish", () => new Promise(() => {}));
  using publisher = await AskingPeer.ask(server.port, { kind: "publish", name: "s" });
  await publisher.firstWord();
  hooks.on("/on_publish", () => new Promise(() => {}));
  using _waiting = await AskingPeer.ask(server.port, { kind: "publish", name: "t" });
  await until("the second hook is asked", () => hooks.calls.length === 4);
  const startedMs = performance.now();
  await server[Symbol.asyncDispose]();
  const tookMs = performance.now() - startedMs;
  assertGreater(tookMs, 1500);
  assertLess(tookMs, 3000);
  assertGreaterOrEqual(hooks.actions.filter((action) => action === "on_unpublish").length, 1);
  assert(!hooks.actions.includes("on_play"));
});
