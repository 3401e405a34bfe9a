import { signUrl } from "../../../src/server/access/signed_url.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { HookServer } from "../../kit/server/hooks_server.ts";
import { AskingPeer, firstWord, type Wish } from "../../kit/server/hooks_rig.ts";
import { Publisher, RawPeer, serverTest, sleep, TestServer, until } from "../../kit/server/rtmp_rig.ts";

const PUBLISHES = "NetStream.Publish.Start";
const PLAYS = "NetStream.Play.Start";

const cases: [what: string, vhost: string, wish: Partial<Wish>, word: string][] = [
  ["an address that no rule allows", "security { enabled on; allow play all; }", { kind: "publish" }, "Publish.Denied"],
  ["the other kind from there", "security { enabled on; allow play all; }", { kind: "play" }, "Play.Start"],
  ["an address that a rule denies", "security { enabled on; deny play 127.0.0.0/8; }", { kind: "play" }, "Play.Failed"],
  ["security without rules", "security { enabled on; }", { kind: "play" }, "Connect.Rejected"],
  [
    "an address that could do nothing",
    "security { enabled on; deny play all; deny publish 127.0.0.1; }",
    { kind: "play" },
    "Connect.Rejected",
  ],
  ["a page that may not", "refer { enabled on; all a.com; }", { pageUrl: "http://b.com/" }, "Connect.Rejected"],
  ["no page at all", "refer { enabled on; all a.com; }", {}, "Connect.Rejected"],
  ["a page that may", "refer { enabled on; all a.com; }", { pageUrl: "http://w.a.com/" }, "Play.Start"],
  ["a page that may not play", "refer { enabled on; play a.com; }", { pageUrl: "http://b.com/" }, "Play.Failed"],
  [
    "a page that may play only",
    "refer { enabled on; play a.com; publish c.com; }",
    { kind: "publish", pageUrl: "http://a.com/" },
    "Publish.Denied",
  ],
  ["pages that are not looked at", "refer { all a.com; }", { pageUrl: "http://b.com/" }, "Play.Start"],
];

for (const [what, vhost, wish, word] of cases) {
  serverTest(`${what}: ${word}`, async () => {
    await using server = new TestServer(vhost);
    const heard = await firstWord(server.port, { kind: "play", name: "s", ...wish });
    assertMatch(heard, new RegExp(`^Net(Stream|Connection)\\.${word}`));
    await until("the connection is gone", () => server.holds.connections === 0);
    assertEquals(server.holds, { connections: 0, clients: 0, streams: 0 });
    assertEquals(server.server.registry.totalErrors, word.endsWith("Start") ? 0 : 1);
  });
}

serverTest("a connect is not judged by a vhost that the stream's name may still replace", async () => {
  const rules = "security { enabled on; } refer { enabled on; all a.com; }";
  await using server = new TestServer(rules, "vhost open { }");
  const { port } = server;
  assertEquals(await firstWord(port, { kind: "play", name: "s?vhost=open" }), PLAYS);
  assertMatch(await firstWord(port, { kind: "play", name: "s" }), /^NetStream.Play.Failed: a page without address/);
  const tcUrl = `rtmp://127.0.0.1:${port}/live?vhost=__defaultVhost__x`;
  assertMatch(
    await firstWord(port, { kind: "play", name: "s", tcUrl }),
    /^NetConnection.Connect.Rejected: a page without address/,
  );
});

serverTest("a vhost that does not exist is refused by its name", async () => {
  await using server = new TestServer("enabled off;");
  const word = await firstWord(server.port, { kind: "play", name: "s" });
  assertEquals(word, "NetConnection.Connect.Rejected: unknown vhost 127.0.0.1, and no __defaultVhost__ to use instead");
});

serverTest("signed addresses let in, for their stream, purpose and time, by any of the keys", async () => {
  await using server = new TestServer("signed_url { publish on; play on; key newK3y oldK3y; }");
  const { port } = server;
  const later = String(Math.floor(Date.now() / 1000) + 60);
  const sign = async (key: string, kind: "publish" | "play", name = "s", expire = later) =>
    `s?expire=${expire}&sign=${await signUrl(key, `/live/${name}`, expire, kind)}`;
  const ask = async (kind: "publish" | "play", name: Promise<string> | string) =>
    await firstWord(port, { kind, name: await name });
  assertEquals(await ask("publish", sign("newK3y", "publish")), PUBLISHES);
  assertEquals(await ask("play", sign("oldK3y", "play")), PLAYS);
  const denied = "NetStream.Publish.Denied: the address has no valid signature for publish";
  assertEquals(await ask("publish", "s"), denied);
  assertEquals(await ask("publish", sign("newK3y", "play")), denied);
  assertEquals(await ask("publish", sign("otherK3y", "publish")), denied);
  const failed = "NetStream.Play.Failed: the address has no valid signature for play";
  assertEquals(await ask("play", sign("newK3y", "play", "t")), failed);
  const expired = sign("newK3y", "play", "s", "1000000000");
  assertEquals(await ask("play", expired), "NetStream.Play.Failed: the signed address has expired");
  // A signature on the address of the connection counts as well: some encoders have no other place for it.
  const [, query] = (await sign("newK3y", "publish")).split("?");
  const tcUrl = `rtmp://127.0.0.1:${port}/live?${query}`;
  assertEquals(await firstWord(port, { kind: "publish", name: "s", tcUrl }), PUBLISHES);
  await until("everybody is gone", () => server.holds.connections === 0);
  for (const secret of ["newK3y", "oldK3y", "sign=", (await sign("newK3y", "publish")).slice(-64)]) {
    assertEquals(server.log.find(secret), []);
  }
});

serverTest("what costs nothing is judged first: hooks hear only of clients that passed it", async () => {
  await using hooks = new HookServer();
  const events = `on_connect ${hooks.url("/c")}; on_publish ${hooks.url("/p")}; on_close ${hooks.url("/x")};`;
  const vhost = `http_hooks { enabled on; ${events} } refer { enabled on; publish a.com; } ` +
    "signed_url { publish on; key k; } security { enabled on; allow publish 127.0.0.1; }";
  await using server = new TestServer(vhost);
  const pageUrl = "http://a.com/";
  const { port } = server;
  assertMatch(await firstWord(port, { kind: "play", name: "s", pageUrl }), /^NetStream.Play.Failed: 127.0.0.1 may not/);
  assertMatch(
    await firstWord(port, { kind: "publish", name: "s" }),
    /^NetStream.Publish.Denied: a page without address/,
  );
  assertMatch(await firstWord(port, { kind: "publish", name: "s", pageUrl }), /no valid signature/);
  await until("everybody is gone", () => server.holds.connections === 0);
  await sleep(50);
  assertEquals(hooks.calls, []);
  const expire = String(Math.floor(Date.now() / 1000) + 60);
  const name = `s?expire=${expire}&sign=${await signUrl("k", "/live/s", expire, "publish")}`;
  assertEquals(await firstWord(port, { kind: "publish", name, pageUrl }), PUBLISHES);
  await until("the end is told", () => hooks.calls.length === 3);
});

serverTest("one address gets no more connections than it may have; the log counts the others", async () => {
  await using server = new TestServer("", "max_connections_per_ip 2;");
  using publisher = await Publisher.start(server.port, "s");
  using second = await AskingPeer.ask(server.port, { kind: "play", name: "s" });
  assertEquals(await second.firstWord(), PLAYS);
  const others = await Promise.all(Array.from({ length: 5 }, () => RawPeer.dial(server.port)));
  for (const peer of others) await peer.waitForEnd();
  await until("the log tells", () => server.log.find("refused").length > 0);
  assertEquals(server.log.find("refused"), [
    "warn 5 connections refused: max_connections_per_ip reached; latest from 127.0.0.1",
  ]);
  for (const peer of others) peer[Symbol.dispose]();
  second[Symbol.dispose]();
  await until("there is room", () => server.holds.connections === 1);
  using third = await AskingPeer.ask(server.port, { kind: "play", name: "s" });
  assertEquals([await third.firstWord(), publisher.ended], [PLAYS, ""]);
});

serverTest("one address may not come more often than allowed", async () => {
  await using server = new TestServer("", "connect_rate_per_ip 1;");
  for (let i = 0; i < 10; i++) assertEquals(await firstWord(server.port, { kind: "play", name: "s" }), PLAYS);
  using late = await RawPeer.dial(server.port);
  await late.waitForEnd();
  await until("the log tells", () => server.log.find("connect_rate_per_ip").length > 0);
  assert(late.closed);
});
