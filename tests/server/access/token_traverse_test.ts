import { assert, assertEquals, assertLess, assertMatch } from "../../kit/assert.ts";
import { AskingPeer, firstWord } from "../../kit/server/hooks_rig.ts";
import { Publisher, serverTest, TestServer, until } from "../../kit/server/rtmp_rig.ts";

function edgeOf(...ports: number[]): string {
  const origins = ports.map((port) => `127.0.0.1:${port}`).join(" ");
  return `cluster { mode remote; token_traverse on; origin ${origins}; connect_timeout 500; handshake_timeout 500; }`;
}

function deadPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

const HOST = "rtmp://edge.example.com/live?token=t0ken";

serverTest("token_traverse lets the origin judge players and publishers by their own words", async () => {
  await using origin = new TestServer("refer { enabled on; all good.com; }");
  await using edge = new TestServer(edgeOf(origin.port));
  for (const kind of ["publish", "play"] as const) {
    const wish = { kind, name: "s", tcUrl: HOST, args: { user: "u" } };
    const word = await firstWord(edge.port, { ...wish, pageUrl: "http://bad.com/" });
    assertMatch(
      word,
      /refused by the origin: NetConnection.Connect.Rejected a page of "[^"]*" may not embed the stream \(refer\)$/,
    );
    assertMatch(word, kind === "play" ? /^NetStream.Play.Failed/ : /^NetStream.Publish.Denied/);
    using peer = await AskingPeer.ask(edge.port, { ...wish, pageUrl: "http://good.com/" });
    assertMatch(await peer.firstWord(), /\.Start$/);
  }
  await until("everybody is gone", () => edge.holds.connections === 0);
  assertEquals(origin.log.find("connect rtmp://edge.example.com/live ").length > 0, true);
  assertEquals([...edge.log.find("t0ken"), ...origin.log.find("t0ken")], []);
});

serverTest("token_traverse asks the first origin that can be reached", async () => {
  await using origin = new TestServer();
  using _publisher = await Publisher.start(origin.port, "s");
  await using edge = new TestServer(edgeOf(deadPort(), origin.port));
  using peer = await AskingPeer.ask(edge.port, { kind: "play", name: "s" });
  assertEquals(await peer.firstWord(), "NetStream.Play.Start");
});

serverTest("token_traverse refuses in bounded time when no origin answers", async () => {
  // Takes connections, and never says a word.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using edge = new TestServer(edgeOf(deadPort(), silent.addr.port));
  const startedMs = performance.now();
  const word = await firstWord(edge.port, { kind: "publish", name: "s" });
  assertEquals(word, "NetStream.Publish.Denied: no origin answered");
  assertLess(performance.now() - startedMs, 2500);
  assertEquals(edge.log.find("could not be asked about a client of /live/s").length, 2);
});

serverTest("without token_traverse an edge asks nobody for leave", async () => {
  await using edge = new TestServer(edgeOf(deadPort()).replace("token_traverse on", "token_traverse off"));
  assertEquals(await firstWord(edge.port, { kind: "play", name: "s" }), "NetStream.Play.Start");
  assert(edge.log.find("judge").length === 0);
});
