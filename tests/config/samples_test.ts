import { assert, assertEquals } from "../kit/assert.ts";
import { clusterModes, type Config, loadConfig } from "../../src/config/mod.ts";

const directory = new URL("../../conf/", import.meta.url);

function load(name: string): Config {
  const { config, problems } = loadConfig({
    path: `conf/${name}`,
    text: Deno.readTextFileSync(new URL(name, directory)),
  });
  assertEquals(problems, []);
  return config;
}

function addresses(list: readonly { host: string; port: number }[]): string[] {
  return list.map(({ host, port }) => `${host}:${port}`);
}

const origins = [
  { name: "origin.cluster.serverA.conf", rtmp: 19350, api: 9090, coworker: "127.0.0.1:9091" },
  { name: "origin.cluster.serverB.conf", rtmp: 19351, api: 9091, coworker: "127.0.0.1:9090" },
];

for (const { name, rtmp, api, coworker } of origins) {
  Deno.test(`conf/${name} is one origin of the cluster`, () => {
    const config = load(name);
    assertEquals(addresses(config.listen), [`0.0.0.0:${rtmp}`]);
    assertEquals([config.httpApi.enabled, config.httpApi.listen.port], [true, api]);
    assertEquals([config.maxConnections, config.daemon, config.srsLogTank], [1000, false, "console"]);
    assertEquals(config.pid, `./objs/${name.replace(".conf", ".pid")}`);
    assertEquals(config.vhosts.map((vhost) => vhost.name), ["__defaultVhost__"]);
    const cluster = config.vhosts[0]?.cluster;
    assert(cluster);
    assertEquals([cluster.mode, cluster.originCluster], ["local", true]);
    assertEquals(addresses(cluster.coworkers), [coworker]);
    assertEquals(clusterModes(config), { local: 1, remote: 0 });
  });
}

Deno.test("conf/origin.cluster.edge.conf is the edge of the cluster", () => {
  const config = load("origin.cluster.edge.conf");
  assertEquals(addresses(config.listen), ["0.0.0.0:1935"]);
  assertEquals([config.httpApi.enabled, config.pid, config.daemon], [false, "objs/edge.pid", false]);
  const cluster = config.vhosts[0]?.cluster;
  assert(cluster);
  assertEquals([config.vhosts[0]?.name, cluster.mode], ["__defaultVhost__", "remote"]);
  assertEquals(addresses(cluster.origin), ["127.0.0.1:19351", "127.0.0.1:19350"]);
  assertEquals(clusterModes(config), { local: 0, remote: 1 });
});
