import { signUrl } from "../../../../src/server/access/signed_url.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { HookServer } from "../../../kit/server/hooks_server.ts";
import { FlvViewer, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, until } from "../../../kit/server/rtmp_rig.ts";

const vhost = "min_latency on; cluster { owner_timeout 100; }";

async function signed(stream: string, { key = "new", inSeconds = 60, kind = "play" as "play" | "publish" } = {}) {
  const expire = String(Math.floor(Date.now() / 1000) + inSeconds);
  return `expire=${expire}&sign=${await signUrl(key, stream, expire, kind)}`;
}

serverTest("signed addresses let viewers in over HTTP and WebSockets, for their stream, purpose and time", async () => {
  await using server = new WebServer({ vhost: `${vhost} signed_url { play on; key new old; }` });
  using _publisher = await Publisher.start(server.port, "s");
  const cases: [name: string, query: string, status: number][] = [
    ["nothing", "", 403],
    ["a signature", await signed("/live/s"), 200],
    ["one by the older key", await signed("/live/s", { key: "old" }), 200],
    ["one by another key", await signed("/live/s", { key: "wrong" }), 403],
    ["one for another stream", await signed("/live/t"), 403],
    ["one to publish", await signed("/live/s", { kind: "publish" }), 403],
    ["an expired one", await signed("/live/s", { inSeconds: -1 }), 403],
    ["one that was made to last longer", (await signed("/live/s")).replace(/expire=\d+/, "expire=99999999999"), 403],
    ["one behind other parameters", `only-audio&${await signed("/live/s")}&x=1`, 200],
  ];
  for (const [name, query, status] of cases) {
    await using viewer = await FlvViewer.start(server.url(`/live/s.flv?${query}`));
    assertEquals(viewer.status, status, name);
    if (status === 403) await until("it is told why", () => /signature|expired/.test(viewer.text));
  }
  const opens = async (query: string) => {
    const socket = new WebSocket(server.url(`/live/s.flv?${query}`, "ws"));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
    const isOpen = await promise;
    socket.close();
    return isOpen;
  };
  assertEquals([await opens(""), await opens(await signed("/live/s"))], [false, true]);
  for (const secret of ["sign=", "new", "old"]) assertEquals(server.log.find(secret), [], secret);
});

serverTest(
  "what costs nothing is judged first: hooks hear only of viewers that passed refer, security, signature",
  async () => {
    await using hooks = new HookServer();
    const hook = `http_hooks { enabled on; on_play ${hooks.url("/on_play")}; on_stop ${hooks.url("/on_stop")}; }`;
    const refused: string[] = [
      "refer { enabled on; all a.com; }",
      "security { enabled on; deny play all; }",
      "refer { enabled on; play a.com; }",
      "signed_url { play on; key k; }",
    ];
    for (const rules of refused) {
      await using server = new WebServer({ vhost: `${vhost} ${rules} ${hook}` });
      const answer = await fetch(server.url("/live/s.flv"));
      await answer.body?.cancel();
      assertEquals(answer.status, 403, rules);
    }
    assertEquals(hooks.actions, []);
    await using server = new WebServer({ vhost: `${vhost} ${hook}` });
    const answer = await fetch(server.url("/live/s.flv?token=t"));
    assertMatch(await answer.text(), /no server publishes/);
    await until("the end is told", () => hooks.actions.length === 2);
    assertEquals(hooks.actions, ["on_play", "on_stop"]);
    assertEquals([hooks.calls[0]!.body.stream, hooks.calls[0]!.body.param], ["s", "?token=t"]);
  },
);
