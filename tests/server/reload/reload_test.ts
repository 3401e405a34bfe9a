import { HttpServer } from "../../../src/http/server.ts";
import { assert, assertEquals, assertLess, assertMatch, assertNotEquals } from "../../kit/assert.ts";
import { freePort, isListening } from "../../kit/launcher.ts";
import { ReloadRig } from "../../kit/server/reload_rig.ts";
import { Publisher, RawPeer, serverTest, sleep, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const PLAYERS = 100;

serverTest("a reload under 100 playing clients drops none of them and loses no frame", async () => {
  await using rig = new ReloadRig({ root: "max_connections 300;", vhost: "play { mw_latency 50; }" });
  using publisher = await Publisher.start(rig.port, "s");
  const viewers: Viewer[] = [];
  for (let i = 0; i < PLAYERS; i++) viewers.push(await Viewer.start(rig.port, "s"));
  const newPort = freePort();
  const files = [
    { root: "max_connections 400;", vhost: "min_latency on;", vhosts: "vhost a.com { }" },
    // The port they came through is closed, the limit is below their number, and the vhost is off.
    { ports: [newPort], root: "max_connections 10; chunk_size 4096;", vhost: "enabled off;" },
    { ports: [rig.port, newPort], root: "max_connections 300;", vhost: "cluster { mode remote; origin 127.0.0.1:1; }" },
    { root: "listn 1;" },
    { root: "max_connections 300;", vhost: "play { mw_latency 100; queue_length 5; }" },
  ];
  for (const file of files) {
    await rig.reload(file);
    await Promise.all(viewers.map((viewer) => viewer.waitForFrames(5)));
  }
  assertEquals(publisher.ended, "");
  assertEquals(viewers.filter(({ ended }) => ended !== "").length, 0);
  assertEquals(viewers.filter(({ breaks }) => breaks.length > 0).length, 0);
  assertEquals(rig.server.registry.clientCount, PLAYERS + 1);
  for (const viewer of viewers) viewer[Symbol.dispose]();
});

serverTest("Reloader says of each changed directive what becomes of it", async () => {
  await using rig = new ReloadRig();
  const told = await rig.reload({
    root: "max_connections 5; pid other.pid; chunk_size 4096; tcmalloc_release_rate 0.1;",
    vhost: "cluster { mode remote; origin 10.0.0.1; }",
    vhosts: "vhost a.com { }",
  });
  assertEquals(told.toSorted(), [
    "info applied: max_connections",
    "info applied: vhost a.com (new)",
    "info for new clients: chunk_size",
    "info has no effect here: tcmalloc_release_rate",
    "warn needs a restart: pid",
    "warn needs a restart: vhost __defaultVhost__: cluster.mode",
    "warn needs a restart: vhost __defaultVhost__: cluster.origin",
  ]);
  const { config } = rig.server;
  assertEquals([config.maxConnections, config.pid, config.vhosts[0]?.cluster.mode], [5, "./objs/srs.pid", "local"]);
  assertEquals(
    await rig.reload({
      root: "max_connections 5; pid other.pid; chunk_size 4096;",
      vhost: "cluster { mode remote; origin 10.0.0.1; }",
      vhosts: "vhost a.com { }",
    }),
    [
      "warn needs a restart: pid",
      "warn needs a restart: vhost __defaultVhost__: cluster.mode",
      "warn needs a restart: vhost __defaultVhost__: cluster.origin",
    ],
  );
  rig.text = rig.compose({ vhosts: "vhost a.com { }" });
  await rig.reloader.reload("test");
  assertEquals(await rig.reload({ vhosts: "vhost a.com { }" }), ["info nothing has changed"]);
});

serverTest("a file with an error changes nothing, and the log says what is wrong and where", async () => {
  await using rig = new ReloadRig();
  const { config } = rig.server;
  rig.text = "listen 1935;\nmax_connections 7;\nvhost a.com {\n    coworker x;\n}\n";
  assertEquals(await rig.reloader.reload("SIGHUP"), false);
  assertEquals(rig.server.config, config);
  assertEquals(rig.log.find('error t.conf:4:5: unknown directive "coworker" in vhost').length, 1);
  assertEquals(rig.log.find("the old configuration stays in force").length, 1);
  const { err, msg, state } = rig.reloader.report;
  assertEquals([err, state], [1023, 90]);
  assertMatch(msg, /t\.conf:4:5: unknown directive/);
  assert(await isListening(rig.port));
  assertNotEquals((await rig.reload({ root: "max_connections 7;" })).length, 0);
  assertEquals(rig.server.config.maxConnections, 7);
  assertEquals([rig.reloader.report.err, rig.reloader.report.state], [0, 90]);
});

serverTest("warnings of the new file are in the log as at the start", async () => {
  await using rig = new ReloadRig();
  await rig.reload({ vhost: "exec { enabled on; }" });
  assertMatch(rig.log.find("exec")[0] ?? "", /^warn t\.conf:3:\d+: warning: .*not supported/);
});

serverTest("listeners come and go with a reload; their connections stay", async () => {
  await using rig = new ReloadRig();
  const [second, third] = [freePort(), freePort()];
  using early = await RawPeer.connect(rig.port);
  await rig.reload({ ports: [rig.port, second] });
  assert(await isListening(rig.port) && await isListening(second));
  assertEquals(rig.server.rtmp.ports, [rig.port, second]);
  await rig.reload({ ports: [third, second] });
  await until("the old port is closed", () => rig.log.find(`no longer listens on 127.0.0.1:${rig.port}`).length === 1);
  assertEquals(await isListening(rig.port), false);
  assert(await isListening(second) && await isListening(third));
  assertEquals(rig.server.rtmp.ports, [third, second]);
  await early.command("createStream", 2, null);
  await until("the early client is served", () => early.names.filter((name) => name === "_result").length === 2);
  assertEquals(early.closed, false);
});

serverTest("an address may give way to another one on its port", async () => {
  await using rig = new ReloadRig();
  using early = await RawPeer.connect(rig.port);
  rig.text = rig.compose({}).replace(`127.0.0.1:${rig.port}`, `0.0.0.0:${rig.port}`);
  assert(await rig.reloader.reload("test"), rig.log.lines.join("\n"));
  assert(await isListening(rig.port));
  rig.text = rig.compose({});
  assert(await rig.reloader.reload("test"));
  assert(await isListening(rig.port));
  assertEquals(early.closed, false);
});

serverTest("a port that is in use makes the whole reload fail, and nothing is left of it", async () => {
  await using rig = new ReloadRig();
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const free = freePort();
  await rig.reload({ ports: [free, other.addr.port], root: "max_connections 3;" });
  assertEquals([rig.server.config.maxConnections, rig.reloader.report.err], [1000, 1003]);
  assertEquals(rig.log.find(`cannot listen on 127.0.0.1:${other.addr.port}`).length, 1);
  assertEquals(await isListening(free), false);
  assert(await isListening(rig.port));
  // 0.0.0.0 would have to take the place of 127.0.0.1, which comes back.
  rig.text = rig.compose({ ports: [other.addr.port] }).replace("listen ", `listen 0.0.0.0:${rig.port} `);
  assertEquals(await rig.reloader.reload("test"), false);
  assert(await isListening(rig.port));
});

serverTest("running streams take what can change: mw_latency counts at once", async () => {
  await using rig = new ReloadRig({ vhost: "play { mw_latency 1500; }" });
  using _publisher = await Publisher.start(rig.port, "s");
  using viewer = await Viewer.start(rig.port, "s");
  await viewer.waitForFrames(20);
  await rig.reload({ vhost: "play { mw_latency 40; }" });
  await viewer.waitForFrames(10);
  viewer.worstGapMs = 0;
  await viewer.waitForFrames(50);
  assertLess(viewer.worstGapMs, 700);
});

serverTest("max_connections of a new file counts for the next client", async () => {
  await using rig = new ReloadRig({ root: "max_connections 1;" });
  using _first = await RawPeer.connect(rig.port);
  using refused = await RawPeer.dial(rig.port);
  await refused.waitForEnd();
  await rig.reload({ root: "max_connections 2;" });
  using second = await RawPeer.connect(rig.port);
  assertEquals(second.closed, false);
});

serverTest("clients of a removed vhost stay, new ones are refused", async () => {
  await using rig = new ReloadRig({ vhosts: "vhost a.com { }" });
  using publisher = await Publisher.start(rig.port, "s?vhost=a.com");
  using viewer = await Viewer.start(rig.port, "s?vhost=a.com");
  await viewer.waitForFrames(5);
  rig.text = `listen 127.0.0.1:${rig.port};\nvhost 127.0.0.1 { }\nvhost b.com { }\n`;
  assert(await rig.reloader.reload("test"));
  await viewer.waitForFrames(5);
  using late = await Viewer.start(rig.port, "s?vhost=a.com");
  await until("the late one is refused", () => late.has("refused") || late.ended !== "");
  assertEquals([publisher.ended, viewer.ended], ["", ""]);
  using other = await Publisher.start(rig.port, "s?vhost=b.com");
  assertEquals(other.has("ready"), true);
});

serverTest("reloads asked for at the same time are done one after the other, and none too often", async () => {
  await using rig = new ReloadRig();
  let reading = 0;
  const seen: number[] = [];
  rig.onRead = () => {
    seen.push(++reading);
    rig.text = rig.compose({ root: `max_connections ${100 + reading};`, ports: [rig.port, freePort()] });
    reading--;
  };
  const ids = new Set<string>();
  const all = Array.from({ length: 10 }, () =>
    rig.reloader.reload("test").then((ok) => {
      ids.add(rig.reloader.report.rid);
      return ok;
    }));
  assertEquals(await Promise.all(all), Array.from({ length: 10 }, () => true));
  assertEquals([seen, ids.size], [[1, 1], 2]);
  assertEquals(rig.server.rtmp.ports.length, 2);
});

serverTest("a reader or part that throws leaves the server as it was", async () => {
  const part = { prepare: () => Promise.reject(new Error("disk full")) };
  await using rig = new ReloadRig({}, [part]);
  assertEquals(await rig.reload({ root: "max_connections 3;" }), []);
  assertEquals(rig.server.config.maxConnections, 1000);
  assertEquals(rig.log.find("the old configuration stays in force: Error: disk full").length, 1);
  rig.onRead = () => {
    throw new Error("gone");
  };
  assertEquals(await rig.reloader.reload("test"), false);
  assert(await isListening(rig.port));
});

serverTest("Reloader.stop() waits for the reload on its way and begins no other", async () => {
  await using rig = new ReloadRig();
  const running = rig.reloader.reload("one");
  const waiting = rig.reloader.reload("two");
  await rig.reloader.stop();
  assertEquals([await running, await waiting, await rig.reloader.reload("three")], [true, false, false]);
  await sleep(0);
});

serverTest("[::] takes the clients of 0.0.0.0 on its port too, and gives them back with a reload", async () => {
  await using rig = new ReloadRig({ listen: (port) => `${port} [::]:${port}` });
  assert(await isListening(rig.port));
  assert(await isListening(rig.port, "::1"));
  await rig.reload({ listen: (port) => `${port}` });
  assert(await isListening(rig.port));
  assert(!await isListening(rig.port, "::1"));
  await rig.reload({ listen: (port) => `127.0.0.1:${port} [::]:${port}` });
  assert(await isListening(rig.port));
  assert(await isListening(rig.port, "::1"));
  assertEquals(rig.log.find("cannot"), []);
});

serverTest("the password of the API counts from the reload on", async () => {
  const port = freePort();
  const root = (password: string) =>
    `http_api { enabled on; listen 127.0.0.1:${port}; ${
      password === "" ? "" : `auth { enabled on; username admin; password ${password}; }`
    } }`;
  await using rig = new ReloadRig({ root: root("") });
  const http = new HttpServer(rig.server);
  http.start();
  const statusWith = async (password: string) => {
    const headers = { authorization: `Basic ${btoa(`admin:${password}`)}` };
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/versions`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  try {
    assertEquals(await statusWith("old"), 200);
    const told = await rig.reload({ root: root("old") });
    assertEquals(told.filter((line) => line.includes("auth") && !line.includes("applied")), []);
    assertEquals([await statusWith("old"), await statusWith("new")], [200, 401]);
    await rig.reload({ root: root("new") });
    assertEquals([await statusWith("old"), await statusWith("new")], [401, 200]);
  } finally {
    await http.stop();
  }
});
