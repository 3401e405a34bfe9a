import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { freePort, isListening, Program, programCommand, until as untilListening } from "../../kit/launcher.ts";
import { HookServer } from "../../kit/server/hooks_server.ts";
import { FlvViewer, RawHttp, WebServer } from "../../kit/server/http_flv_rig.ts";
import { Publisher, RawPeer, serverTest, sleep, until, Viewer } from "../../kit/server/rtmp_rig.ts";

/** Names that every object of JavaScript has a member of. */
const inherited = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "__defineGetter__",
  "valueOf",
  "prototype",
];

serverTest("streams and parameters named like the members of every object are streams like any other", async () => {
  await using server = new WebServer({ vhost: "min_latency on;" });
  const api = async (path: string) => await (await fetch(`http://127.0.0.1:${server.apiPort}${path}`)).json();
  for (const name of inherited) {
    using _publisher = await Publisher.start(server.port, `${name}?${name}=${name}&__proto__=1`);
    using viewer = await Viewer.start(server.port, name);
    await using web = await FlvViewer.start(server.url(`/live/${name}.flv?__proto__=x&constructor=y`));
    await Promise.all([viewer.waitForFrames(3), web.waitForFrames(3)]);
    const { streams } = await api("/api/v1/streams?__proto__=1&start=__proto__&constructor=1");
    assertEquals(streams.map((stream: { name: string }) => stream.name), [name]);
    const { data } = await api(
      `/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=${name}&__proto__=x&ip=__proto__`,
    );
    assertEquals(data.query.stream, name);
    assertEquals(data.origin.port > 0, true);
  }
  for (const path of inherited) {
    assertEquals((await api(`/api/v1/${path}`)).code !== 0, true, path);
    assertEquals((await api(`/api/v1/clients/${path}`)).code !== 0, true, path);
    assertEquals((await api(`/api/v1/streams/${path}`)).code !== 0, true, path);
    assertEquals((await fetch(server.url(`/${path}`)).then((answer) => answer.json())).code, 404, path);
  }
  await until("all are forgotten", () => server.holds.streams === 0 && server.holds.clients === 0);
  assertEquals(Object.keys(Object.prototype), []);
  assertEquals(({} as Record<string, unknown>).x, undefined);
  assertEquals(server.log.find("internalError"), []);
});

serverTest("what a hook says of a viewer over HTTP is text in JSON, and no page", async () => {
  await using hooks = new HookServer();
  await using server = new WebServer({ vhost: `http_hooks { enabled on; on_play ${hooks.url("/on_play")}; }` });
  hooks.on(
    "/on_play",
    () => Response.json({ code: 7, msg: "<script>alert(1)</script>\r\nSet-Cookie: a=b\r\n\r\n\u001b[2J" }),
  );
  using client = await RawHttp.ask(server.webPort, "GET /live/s.flv HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.waitForEnd();
  assertMatch(client.text, /^HTTP\/1\.1 403 /);
  assertMatch(client.text, /\r\ncontent-type: application\/json/i);
  assertMatch(client.text, /\r\nx-content-type-options: nosniff\r\n/i);
  assert(!/^set-cookie/im.test(client.text), client.text);
  assert(server.log.lines.every((line) => !/\p{Cc}/u.test(line)));
});

serverTest("nothing that clients say ends a line of the log, or steers a terminal", async () => {
  const [rtmp, web, api] = [freePort(), freePort(), freePort()];
  await using program = new Program(programCommand("-e"), {
    env: {
      SRS_LISTEN: `127.0.0.1:${rtmp}`,
      SRS_HTTP_SERVER_ENABLED: "on",
      SRS_HTTP_SERVER_LISTEN: `127.0.0.1:${web}`,
      SRS_HTTP_API_ENABLED: "on",
      SRS_HTTP_API_LISTEN: `127.0.0.1:${api}`,
      SRS_HTTP_API_AUTH_ENABLED: "on",
      SRS_HTTP_API_AUTH_USERNAME: "u",
      SRS_HTTP_API_AUTH_PASSWORD: "p",
      SRS_VHOST_HTTP_REMUX_ENABLED: "on",
      SRS_VHOST_REFER_ENABLED: "on",
      SRS_VHOST_REFER_PLAY: "a.com",
      SRS_PID: await Deno.makeTempFile(),
      SRS_SRS_LOG_LEVEL_V2: "trace",
      NO_COLOR: "1",
    },
  });
  for (const port of [rtmp, web, api]) await untilListening(() => isListening(port), 20_000, () => program.output);
  const evil = "x\r\n[2026-01-01 00:00:00.000][ERROR] forged\u001b[2J\u0000\u009b1m\n";
  const attempts: ((peer: RawPeer) => Promise<boolean>)[] = [
    (peer) =>
      peer.command("connect", 1, { app: evil, tcUrl: `rtmp://127.0.0.1/${evil}`, flashVer: evil, pageUrl: evil }),
    (peer) =>
      peer.command("connect", 1, { app: "live", tcUrl: "rtmp://127.0.0.1/live", flashVer: evil, pageUrl: evil }),
    (peer) => peer.command(evil, 1, evil),
  ];
  for (const attempt of attempts) {
    using peer = await RawPeer.shakeHands(rtmp);
    peer.listen();
    await attempt(peer);
    await peer.command("createStream", 2, null);
    await peer.command("play", 3, null, evil);
    await peer.command("publish", 4, null, `s?${evil}`);
    await sleep(50);
  }
  const encoded = encodeURIComponent(evil);
  for (const port of [web, api]) {
    for (
      const path of [
        `/live/${encoded}.flv`,
        `/api/v1/${encoded}`,
        `/${encoded}?${encoded}`,
        "/live/s.flv",
        "/\u00ff\u009b",
      ]
    ) {
      const request =
        `GET ${path} HTTP/1.1\r\nHost: h\r\nUser-Agent: ${encoded}\u009b\r\nReferer: http://${encoded}/\u0085\r\n\r\n`;
      using client = await RawHttp.ask(port, Uint8Array.from(request, (char) => char.charCodeAt(0)));
      await Promise.race([client.waitForEnd(), sleep(100)]);
    }
  }
  await sleep(100);
  program.kill("SIGTERM");
  await program.status(8000);
  const lines = program.output.trimEnd().split("\n");
  assert(lines.filter((line) => line.includes("forged")).length > 2, program.output);
  const odd = lines.filter((line) => !/^(?:\[\d{4}-\d\d-\d\d |XCORE-|srs-ts)/.test(line) || /\p{Cc}/u.test(line));
  assertEquals(odd, []);
  assertEquals(lines.filter((line) => /^\[2026-01-01/.test(line)), []);
});
