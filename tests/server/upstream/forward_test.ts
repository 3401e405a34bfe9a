import { assertEquals, assertGreater, assertLess, assertMatch } from "../../kit/assert.ts";
import { HookServer } from "../../kit/server/hooks_server.ts";
import { AskingPeer, firstWord } from "../../kit/server/hooks_rig.ts";
import { Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

/** Registry keys of the streams that a server has. */
function streamsOf(server: TestServer): string[] {
  return [...server.server.registry.streams().keys()];
}

function paramsOf(server: TestServer): string[] {
  return [...server.server.registry.clients()].map(({ tcUrl, url }) => `${tcUrl} ${url.stream}${url.query}`);
}

serverTest("every destination gets the stream under its own name, frame by frame", async () => {
  await using first = new TestServer();
  await using second = new TestServer();
  const destinations = `127.0.0.1:${first.port} 127.0.0.1:${second.port}`;
  await using origin = new TestServer(`forward { enabled on; destination ${destinations}; }`);
  using publisher = await Publisher.start(origin.port, "s?token=t");
  for (const server of [first, second]) {
    using viewer = await Viewer.start(server.port, "s");
    await viewer.waitForFrames(50);
    assertEquals(viewer.breaks, []);
    assertEquals(streamsOf(server), ["/live/s"]);
    assertMatch(paramsOf(server)[0]!, /^rtmp:\/\/127.0.0.1:\d+\/live s\?token=t$/);
  }
  publisher.unpublish();
  await until("the copies end", () => first.holds.connections + second.holds.connections === 0);
});

serverTest("forward is off unless it is on", async () => {
  await using server = new TestServer();
  await using origin = new TestServer(`forward { destination 127.0.0.1:${server.port}; }`);
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(origin.port, "s");
  await viewer.waitForFrames(20);
  assertEquals(server.holds.connections, 0);
});

const names: [destination: (port: number) => string, key: string, words: RegExp][] = [
  [(port) => `rtmp://127.0.0.1:${port}/other/`, "/other/s", /\/other s$/],
  [(port) => `rtmp://127.0.0.1:${port}/other`, "/other/s", /\/other s$/],
  [(port) => `rtmp://127.0.0.1:${port}/a/b/renamed?key=k`, "/a/b/renamed", /\/a\/b renamed\?key=k$/],
];

for (const [destination, key, words] of names) {
  serverTest(`${destination(1)} names the stream ${key}, and gets no parameters of the publisher`, async () => {
    await using server = new TestServer();
    await using origin = new TestServer(`forward { enabled on; destination ${destination(server.port)}; }`);
    using _publisher = await Publisher.start(origin.port, "s?token=t");
    await until("the stream is there", () => server.holds.streams === 1);
    assertEquals(streamsOf(server), [key]);
    assertMatch(paramsOf(server)[0]!, words);
  });
}

serverTest("the vhost travels among the parameters", async () => {
  await using server = new TestServer("", "vhost a.com { }");
  const root = `vhost a.com { forward { enabled on; destination 127.0.0.1:${server.port}; } }`;
  await using origin = new TestServer("", root);
  using peer = await AskingPeer.ask(origin.port, { kind: "publish", name: "s?vhost=a.com" });
  await peer.firstWord();
  await until("the stream is there", () => server.holds.streams === 1);
  assertEquals(streamsOf(server), ["a.com/live/s"]);
});

serverTest("dead, mute and deaf destinations disturb neither the publisher nor the others", async () => {
  await using good = new TestServer();
  const dead = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port: deadPort } = dead.addr;
  dead.close();
  // Takes connections, and neither reads nor writes.
  using deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const all = [deadPort, deaf.addr.port, good.port].map((port) => `127.0.0.1:${port}`).join(" ");
  await using origin = new TestServer(`forward { enabled on; destination ${all}; }`);
  using publisher = await Publisher.start(origin.port, "s");
  using local = await Viewer.start(origin.port, "s");
  using remote = await Viewer.start(good.port, "s");
  await remote.waitForFrames(75);
  assertEquals([local.breaks, remote.breaks, publisher.ended], [[], [], ""]);
  assertLess(local.worstGapMs, 1000);
  assertLess(remote.worstGapMs, 1500);
  assertGreater(origin.log.find(`127.0.0.1:${deadPort}`).length, 0);
});

serverTest("a destination that went away gets the stream again", async () => {
  const first = new TestServer();
  const { port } = first;
  await using origin = new TestServer(`forward { enabled on; destination 127.0.0.1:${port}; }`);
  using publisher = await Publisher.start(origin.port, "s");
  using local = await Viewer.start(origin.port, "s");
  await until("the stream is there", () => first.holds.streams === 1);
  await first[Symbol.asyncDispose]();
  await local.waitForFrames(10);
  await using second = new TestServer("", "", port);
  await until("the stream is back", () => second.holds.streams === 1);
  using viewer = await Viewer.start(port, "s");
  await viewer.waitForFrames(25);
  assertEquals([viewer.breaks, local.breaks, publisher.ended], [[], [], ""]);
});

serverTest("a stream is not forwarded to where it is", async () => {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const destinations = `127.0.0.1:${port} rtmp://localhost:${port}/live/`;
  await using origin = new TestServer(`forward { enabled on; destination ${destinations}; }`, "", port);
  using publisher = await Publisher.start(port, "s");
  assertEquals(origin.log.find(", which is this server").length, 2);
  using viewer = await Viewer.start(port, "s");
  await viewer.waitForFrames(10);
  assertEquals([publisher.ended, origin.holds.connections], ["", 2]);
});

/** A server that asks a backend where to forward to, with hooks beside it. */
function withBackend(hooks: HookServer): TestServer {
  const events = ["on_publish", "on_unpublish"].map((event) => `${event} ${hooks.url(`/${event}`)};`).join(" ");
  return new TestServer(
    `forward { enabled on; destination 127.0.0.1:1; backend ${hooks.url("/on_forward")}; } ` +
      `http_hooks { enabled on; ${events} timeout 300; }`,
  );
}

serverTest("the backend says where a stream goes to", async () => {
  await using hooks = new HookServer();
  await using server = new TestServer();
  const urls = [`rtmp://127.0.0.1:${server.port}/copy/s2?k=v`, "gopher://127.0.0.1/x/y"];
  hooks.on("/on_forward", () => Response.json({ code: 0, data: { urls } }));
  await using origin = withBackend(hooks);
  using publisher = await Publisher.start(origin.port, "s?token=t");
  using viewer = await Viewer.start(origin.port, "s");
  await viewer.waitForFrames(5);
  await until("the stream is there", () => server.holds.streams === 1);
  assertEquals(streamsOf(server), ["/copy/s2"]);
  const { body } = hooks.calls.find(({ path }) => path === "/on_forward")!;
  assertEquals(
    Object.keys(body).sort().join(" "),
    "action app client_id ip param server_id service_id stream tcUrl vhost",
  );
  assertEquals([body.action, body.stream, body.param], ["on_forward", "s", "?token=t"]);
  assertEquals(origin.log.find("expected rtmp://host").length, 1);
  publisher.unpublish();
  await until("the copy ends", () => server.holds.streams === 0);
});

const noAnswers: [what: string, answer: () => Response | Promise<Response>, word: RegExp][] = [
  ["a bare 0", () => new Response("0"), /refused by on_forward$/],
  ["a refusal", () => Response.json({ code: 1, data: { urls: [] } }), /refused by on_forward$/],
  ["no urls", () => Response.json({ code: 0, data: {} }), /refused by on_forward$/],
  ["an error", () => new Response("{}", { status: 500 }), /refused by on_forward$/],
  ["silence", () => new Promise(() => {}), /on_forward could not be asked$/],
];

for (const [what, answer, word] of noAnswers) {
  serverTest(`${what} of the backend refuses the publish, and ends it for the hooks`, async () => {
    await using hooks = new HookServer();
    hooks.on("/on_forward", answer);
    await using origin = withBackend(hooks);
    const heard = await firstWord(origin.port, { kind: "publish", name: "s" });
    assertMatch(heard, /^NetStream.Publish.Denied/);
    assertMatch(heard, word);
    await until("the end is told", () => hooks.actions.includes("on_unpublish"));
    assertEquals(hooks.actions, ["on_publish", "on_forward", "on_unpublish"]);
    assertEquals(await firstWord(origin.port, { kind: "play", name: "s" }), "NetStream.Play.Start");
  });
}
