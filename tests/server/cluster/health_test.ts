import { readClusterView } from "../../../src/cli/status/read_view.ts";
import type { ClusterView } from "../../../src/http/api/cluster_view.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { memoryFetch } from "../../kit/memory/memory_fetch.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { serveAt } from "../../kit/memory/memory_origin.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

const origins = (coworkers: string, more = "") => ({
  vhost: `cluster { origin_cluster on; coworkers ${coworkers}; ${more} }`,
});

/** What a server says of its cluster. */
async function viewOf(network: MemoryNetwork, ip: string, path = "/api/v1/cluster"): Promise<ClusterView> {
  const asked = memoryFetch(network.host("10.9.9.9"), `http://${ip}:1985${path}`, {});
  await network.run(20);
  const view = readClusterView(await (await asked).text());
  if (view === null) throw new Error("no state of a cluster");
  return view;
}

function statesIn({ members }: ClusterView): string[] {
  return members.map(({ address, link, state }) => `${address} ${link} ${state}`);
}

function problemsIn({ problems }: ClusterView): string[] {
  return problems.map(({ severity, name, what }) => `${severity} ${name}: ${what}`);
}

async function stopAll(...servers: MemoryServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

Deno.test("health: origins with the same file find each other, and say so in one line each; nobody is warned of itself", async () => {
  const network = new MemoryNetwork();
  const file = origins("10.0.0.1:1985 10.0.0.2:1985 10.0.0.3:1985");
  const servers = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((ip) => new MemoryServer(network, ip, file));
  await network.run(60_000);
  for (const { log } of servers) {
    const lines = log.lines.filter((line) => line.includes("coworker "));
    assertEquals(
      lines.filter((line) => !/^info coworker 10\.0\.0\.\d:1985 is up: srs-ts\/[\d.]+, origin$/.test(line)),
      [],
    );
    assertEquals(lines.length, 2);
  }
  const view = await viewOf(network, "10.0.0.2");
  assertEquals(statesIn(view), ["10.0.0.2:1985 self up", "10.0.0.1:1985 coworker up", "10.0.0.3:1985 coworker up"]);
  assertEquals([view.state, view.problems, view.totals.members, view.totals.origins], ["healthy", [], 3, 3]);
  const [self, other] = view.members;
  assertEquals(self?.id, servers[1]?.server.identity.serviceId);
  assertEquals(other?.serverId, servers[0]?.server.identity.serverId);
  assertEquals(other?.startedMs, 1_000_000);
  await stopAll(...servers);
});

Deno.test("health: a wrong coworker is told of in plain words, with the remedy", async () => {
  const network = new MemoryNetwork();
  const coworkers = "10.0.0.9:1985 10.0.0.2:1935 10.0.0.3:1985 10.0.0.4:1985 nosuch:1985 10.0.0.2:1985";
  const b = new MemoryServer(network, "10.0.0.2", origins("10.0.0.1:1985"));
  const password = "auth { enabled on; username u; password p; }";
  const c = new MemoryServer(network, "10.0.0.3", {
    ...origins("10.0.0.1:1985", "coworker_token other;"),
    api: password,
  });
  const d = new MemoryServer(network, "10.0.0.4", origins("10.0.0.1:1985", "coworker_token other;"));
  const a = new MemoryServer(network, "10.0.0.1", origins(coworkers));
  await network.run(15_000);
  const view = await viewOf(network, "10.0.0.1");
  assertEquals(problemsIn(view), [
    "error 10.0.0.9:1985: connection refused: nothing listens there",
    "error 10.0.0.2:1935: speaks RTMP, not HTTP: is it the RTMP port?",
    "error 10.0.0.3:1985: asks with a password (401)",
    "error 10.0.0.4:1985: wants a coworker_token, and we have none (403)",
    "error nosuch:1985: unknown host name",
  ]);
  assertEquals([view.state, view.totals.up, view.totals.down], ["degraded", 2, 5]);
  const remedies = new Map(view.problems.map(({ name, remedy }) => [name, remedy]));
  assertEquals(remedies.get("10.0.0.3:1985"), "give both servers the same coworker_token");
  assertEquals(remedies.get("10.0.0.2:1935"), "If so, write the port of its http_api.listen into coworkers");
  // However long it lasts: a line each.
  assertEquals(a.log.find("is down: ").length, 5);
  assertEquals(
    a.log.find("coworker 10.0.0.4:1985 is down: it wants a coworker_token, and we have none (403); give both").length,
    1,
  );

  await a.reload(origins(coworkers, "coworker_token other;"));
  await network.run(15_000);
  const after = await viewOf(network, "10.0.0.1");
  assertEquals(after.problems.map(({ name }) => name).slice(0, 3), [
    "10.0.0.9:1985",
    "10.0.0.2:1935",
    "nosuch:1985",
  ]);
  assertEquals(a.log.find("coworker 10.0.0.3:1985 is back after").length, 1);
  await a.reload(origins(coworkers, "coworker_token wrong;"));
  await network.run(15_000);
  const refused = problemsIn(await viewOf(network, "10.0.0.1"));
  assert(refused.includes("error 10.0.0.4:1985: refuses our token (403)"), refused.join("\n"));
  await stopAll(a, b, c, d);
});

Deno.test("health: one that is killed is down within 2.5 s, one that hangs after 6 s of silence, and both are back at once", async () => {
  const network = new MemoryNetwork();
  const file = origins("10.0.0.1:1985 10.0.0.2:1985 10.0.0.3:1985");
  const a = new MemoryServer(network, "10.0.0.1", file);
  const b = new MemoryServer(network, "10.0.0.2", file);
  const c = new MemoryServer(network, "10.0.0.3", file);
  await network.run(5000);
  b.host.kill();
  network.hang("10.0.0.3");
  await network.run(2500);
  const states = async () => statesIn(await viewOf(network, "10.0.0.1")).slice(1);
  assertEquals(await states(), ["10.0.0.2:1985 coworker down", "10.0.0.3:1985 coworker up"]);
  await network.run(6500);
  assertEquals(await states(), ["10.0.0.2:1985 coworker down", "10.0.0.3:1985 coworker down"]);
  assertEquals(a.log.find("coworker 10.0.0.3:1985 is down: no answer within 2000 ms; does it run").length, 1);

  network.resume("10.0.0.3");
  const b2 = new MemoryServer(network, "10.0.0.2", file);
  await network.run(4500);
  assertEquals(await states(), ["10.0.0.2:1985 coworker up", "10.0.0.3:1985 coworker up"]);
  assertMatch(a.log.find("coworker 10.0.0.2:1985 is back after").join(), /is back after [89] s: srs-ts/);
  assertEquals(a.log.find("coworker 10.0.0.3:1985 is back after").length, 1);
  // For a hang of 2 s nobody is alarmed.
  const lines = a.log.lines.length;
  network.hang("10.0.0.3");
  await network.run(2000);
  network.resume("10.0.0.3");
  await network.run(5000);
  assertEquals(a.log.lines.slice(lines).filter((line) => line.includes("coworker")), []);
  await stopAll(a, b2, c);
});

Deno.test("health: one-sided lists, clocks that differ, and one server_id for two are warned of, once, and their end is told", async () => {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", { ...origins("10.0.0.2:1985 10.0.0.3:1985"), root: "server_id x;" });
  const b = new MemoryServer(network, "10.0.0.2", { ...origins("10.0.0.8:1985"), root: "server_id y;" });
  const c = new MemoryServer(network, "10.0.0.3", { ...origins("10.0.0.1:1985"), root: "server_id x;" });
  const clock = { aheadMs: -1500 };
  Object.assign(c.host, { wallMs: () => c.host.nowMs() + clock.aheadMs });
  await network.run(30_000);
  const view = await viewOf(network, "10.0.0.1");
  assertEquals(problemsIn(view), [
    "warning 10.0.0.2:1985: does not ask us, though we list it",
    "warning 10.0.0.3:1985: has the same server_id (x) as this server",
    "warning 10.0.0.3:1985: has a clock 1.5 s behind ours",
  ]);
  assertMatch(view.problems[0]?.remedy ?? "", /is it meant by 10\.0\.0\.8:1985/);
  assertEquals([view.state, view.totals.down], ["degraded", 0]);
  const warned = () => a.log.lines.filter((line) => line.startsWith("warn coworker"));
  assertEquals(warned().length, 3);

  clock.aheadMs = 300;
  await b.reload({ ...origins("10.0.0.1:1985"), root: "server_id y;" });
  await network.run(5000);
  assertEquals(problemsIn(await viewOf(network, "10.0.0.1")), [
    "warning 10.0.0.3:1985: has the same server_id (x) as this server",
  ]);
  assertEquals(a.log.find("info coworker 10.0.0.3:1985: no longer so: has a clock").length, 1);
  assertEquals(a.log.find("info coworker 10.0.0.2:1985: no longer so: does not ask us").length, 1);
  assertEquals(warned().length, 3);
  await stopAll(a, b, c);
});

Deno.test("health: a reload begins and ends the watch of coworkers", async () => {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", origins("10.0.0.2:1985"));
  await network.run(5000);
  await a.reload(origins("10.0.0.3:1985"));
  await network.run(5000);
  assertEquals(statesIn(await viewOf(network, "10.0.0.1")), ["10.0.0.1:1985 self up", "10.0.0.3:1985 coworker down"]);
  const asked = () => network.dialled.filter((address) => address === "10.0.0.2:1985").length;
  const before = asked();
  await network.run(10_000);
  assertEquals(asked(), before);
  await a.reload({ vhost: "cluster { mode local; }" });
  await network.run(2000);
  assertEquals((await viewOf(network, "10.0.0.1")).state, "healthy");
  await a.stop();
});

Deno.test("health: servers that are started one after the other do not call each other down, nor show old loads", async () => {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", origins("10.0.0.2:1985"));
  await network.run(1500);
  const b = new MemoryServer(network, "10.0.0.2", origins("10.0.0.1:1985"));
  await network.run(4000);
  assertEquals([...a.log.find("is down"), ...b.log.find("is down")], []);
  assertEquals(statesIn(await viewOf(network, "10.0.0.1")), ["10.0.0.1:1985 self up", "10.0.0.2:1985 coworker up"]);
  b.host.kill();
  await network.run(9000);
  const [, down] = a.server.health.book.members();
  assertEquals([down?.state, down?.load], ["down", null]);
  await a.stop();
  await b.stop();
});

Deno.test("health: an SRS is asked for its version only, and 20 servers do not ask in step", async () => {
  const network = new MemoryNetwork();
  const paths: string[] = [];
  const arrivals: number[] = [];
  const srs = serveAt(network, "10.0.0.2:1985", async (conn) => {
    arrivals.push(network.timers.nowMs());
    let head = "";
    await conn.readLoop((view) => {
      head += new TextDecoder().decode(view);
      if (!head.includes("\r\n\r\n")) return;
      const path = head.split(" ")[1] ?? "";
      paths.push(path.replace(/\?.*/, ""));
      const isKnown = path === "/api/v1/versions";
      const version = '{"code":0,"server":"vid-srs0001","service":"srs-1","pid":"7","data":{"version":"6.0.134"}}';
      const body = isKnown ? version : "Not Found";
      const status = isKnown ? "200 OK" : "404 Not Found";
      const answer = `HTTP/1.1 ${status}\r\nServer: SRS/6.0.134\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      conn.write(new TextEncoder().encode(answer)).then(() => conn.close(), () => {});
    }, { bufferBytes: 4096 }).catch(() => {});
  });
  const servers = Array.from(
    { length: 20 },
    (_, at) => new MemoryServer(network, `10.0.1.${at + 1}`, origins("10.0.0.2:1985")),
  );
  await network.run(60_000);
  const [member] = (await viewOf(network, "10.0.1.1")).members.slice(1);
  assertEquals([member?.software, member?.role, member?.state, member?.problem], ["SRS/6.0.134", "origin", "up", ""]);
  assertEquals([member?.id, member?.serverId], ["srs-1", "vid-srs0001"]);
  assertEquals(paths.filter((path) => path === "/api/v1/node").length, 20);
  assert(paths.every((path) => path === "/api/v1/node" || path === "/api/v1/versions"));
  // One request each 2 s and server.
  assert(Math.abs(arrivals.length - 20 - 20 * 30) < 60, `${arrivals.length} requests in 60 s`);
  const busiest = Math.max(
    ...Map.groupBy(arrivals.slice(-400), (ms) => Math.floor(ms / 100)).values().map((all) => all.length),
  );
  assert(busiest < 8, `${busiest} of 20 servers asked within 100 ms`);
  srs[Symbol.dispose]();
  await stopAll(...servers);
});

Deno.test("health: an edge is known to its origins by its pulls, how loaded it is, and when it is gone", async () => {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", origins("10.0.0.2:1985"));
  const b = new MemoryServer(network, "10.0.0.2", origins("10.0.0.1:1985"));
  const edge = new MemoryServer(network, "10.0.0.3", {
    vhost: "cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; }",
  });
  const clients = [
    await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s"),
    await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "t"),
  ];
  await network.run(1000);
  const viewers = [
    await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.3:1935", "s"),
    await MemoryViewer.start(network.host("10.0.2.2"), "10.0.0.3:1935", "s"),
    await MemoryViewer.start(network.host("10.0.2.3"), "10.0.0.3:1935", "t"),
  ];
  const edgeIn = (view: ClusterView) => view.members.filter(({ link }) => link === "downstream");
  await network.run(40_000);
  const [member, ...more] = edgeIn(await viewOf(network, "10.0.0.1"));
  assertEquals(more, []);
  assertEquals([member?.address, member?.role, member?.state], ["10.0.0.3:1985", "edge", "up"]);
  assertEquals([member?.id, member?.load?.streams, member?.load?.viewers], [edge.server.identity.serviceId, 2, 3]);
  assert((member?.load?.sendKbps ?? 0) > 0);
  // The other origin was told, and shows it once, too.
  const [told, ...twice] = edgeIn(await viewOf(network, "10.0.0.2"));
  assertEquals([told?.id, told?.state, told?.load?.viewers, twice], [member?.id, "up", 3, []]);
  // And the edge knows its origins: it has pulled from one, and asked the other.
  const seen = (await viewOf(network, "10.0.0.3")).members.map(({ id, rtmp, link, state }) => [id, rtmp, link, state]);
  assertEquals(
    seen.slice(1).sort(),
    [
      [a.server.identity.serviceId, "10.0.0.1:1935", "upstream", "up"],
      [b.server.identity.serviceId, "10.0.0.2:1935", "upstream", "up"],
    ].sort(),
  );

  network.hang("10.0.0.3");
  // It has said something up to 2 s ago, and may be silent for 6 s.
  await network.run(3900);
  assertEquals(edgeIn(await viewOf(network, "10.0.0.1"))[0]?.state, "up");
  await network.run(10_000);
  const view = await viewOf(network, "10.0.0.1");
  assertEquals(edgeIn(await viewOf(network, "10.0.0.2")).filter(({ state }) => state === "up"), []);
  assertEquals([edgeIn(view)[0]?.state, problemsIn(view)], ["down", ["note 10.0.0.3:1985: is not heard of any more"]]);
  // Edges come and go: that is no fault of the cluster.
  assertEquals(view.state, "healthy");
  edge.host.kill();
  for (const client of [...viewers, ...clients]) client[Symbol.dispose]();
  await network.run(11 * 60_000);
  assertEquals(edgeIn(await viewOf(network, "10.0.0.1")), []);
  await stopAll(a, b);
});

Deno.test("health: an edge that pulls over HTTP-FLV is known as long as its connection lasts; debug_srs_upnode off hides one", async () => {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", origins("10.0.0.1:1985"));
  const remote = (more: string) => ({ vhost: `cluster { mode remote; ${more} }` });
  const flv = new MemoryServer(network, "10.0.0.3", remote("origin 10.0.0.1:8080; protocol flv;"));
  const quiet = new MemoryServer(network, "10.0.0.4", remote("origin 10.0.0.1:1935; debug_srs_upnode off;"));
  using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
  await network.run(1000);
  const viewer = await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.3:1935", "s");
  using other = await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.4:1935", "s");
  await network.run(20_000);
  assert(viewer.frames.length > 100 && other.frames.length > 100);
  const downstream = async () => statesIn(await viewOf(network, "10.0.0.1")).slice(1);
  assertEquals(await downstream(), ["10.0.0.3:1985 downstream up"]);
  viewer[Symbol.dispose]();
  await network.run(12_000);
  assertEquals(await downstream(), ["10.0.0.3:1985 downstream down"]);
  await stopAll(a, flv, quiet);
});

Deno.test("health: an edge whose origins are down says so, and forgets it when nobody plays any more", async () => {
  const network = new MemoryNetwork();
  const edge = new MemoryServer(network, "10.0.0.3", { vhost: "cluster { mode remote; origin 10.0.0.1:1935; }" });
  const viewer = await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.3:1935", "s");
  await network.run(5000);
  const view = await viewOf(network, "10.0.0.3");
  assertEquals([view.state, view.members[1]?.state, view.problems[0]?.name], ["degraded", "down", "10.0.0.1:1935"]);
  viewer[Symbol.dispose]();
  await network.run(120_000);
  assertEquals((await viewOf(network, "10.0.0.3")).members.length, 1);
  await edge.stop();
});

Deno.test("health: a client that says it is a server poses as none that is known, fills no book, and harms no state", async () => {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", {
    ...origins("10.0.0.2:1985"),
    vhosts: "vhost closed { security { enabled on; deny play all; } }",
  });
  const b = new MemoryServer(network, "10.0.0.2", origins("10.0.0.1:1985"));
  await network.run(5000);
  const words = (instance: string) =>
    JSON.stringify({ instance, role: "origin", software: "srs-ts/9.9.9", draining: true, load: { viewers: 1e9 } });
  const evil = network.host("10.6.6.6");
  const claim = (instance: string) => ({ connectArgs: { srs_server: "srs-ts/9.9.9", srs_ts_node: words(instance) } });
  const known = [a, b].map(({ server }) => server.identity.serviceId);
  const clients = [
    await MemoryViewer.start(evil, "10.0.0.1:1935", "s", claim(known[0]!)),
    await MemoryViewer.start(evil, "10.0.0.1:1935", "s", claim(known[1]!)),
    // Nobody who was not let in is listened to.
    await MemoryViewer.start(evil, "10.0.0.1:1935", "s?vhost=closed", claim("refused")),
  ];
  await network.run(1000);
  const honest = await viewOf(network, "10.0.0.1");
  assertEquals(honest.members.map(({ id, link, state }) => [id, link, state]), [
    [known[0], "self", "up"],
    [known[1], "coworker", "up"],
  ]);
  for (let i = 0; i < 2000; i++) clients[1]?.announce(words(`made${i}`));
  clients[1]?.announce("x".repeat(60_000));
  await network.run(1000);
  const view = await viewOf(network, "10.0.0.1");
  assertEquals(view.members.length, 3);
  assertEquals([view.members[1]?.id, view.members[1]?.state, view.state], [known[1], "up", "healthy"]);
  for (const client of clients) client[Symbol.dispose]();
  await network.run(20_000);
  assertEquals((await viewOf(network, "10.0.0.1")).state, "healthy");
  await stopAll(a, b);
});
