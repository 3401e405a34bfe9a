import { movePorts, readDemoServers } from "../../../../src/cli/demo/conf.ts";
import { loadConfig } from "../../../../src/config/mod.ts";
import { assertEquals } from "../../../kit/assert.ts";

Deno.test("movePorts() moves the ports of listen, coworkers and origin, and nothing else", async (t) => {
  const cases: [string, string][] = [
    ["listen 1935;", "listen 2935;"],
    ["listen 1935 127.0.0.1:19350;", "listen 2935 127.0.0.1:20350;"],
    ["  coworkers 10.0.0.1:9090  b:9091 ;", "  coworkers 10.0.0.1:10090  b:10091 ;"],
    ["\torigin 127.0.0.1:19351 example.com;", "\torigin 127.0.0.1:20351 example.com;"],
    ["max_connections 1000;", "max_connections 1000;"],
    ["# listen 1935;", "# listen 1935;"],
    ["origin_cluster on;", "origin_cluster on;"],
  ];
  for (const [text, moved] of cases) await t.step(text, () => assertEquals(movePorts(text, 1000), moved));
});

Deno.test("readDemoServers() reads the three files of conf/, which still fit each other when moved", async () => {
  for (const offset of [0, 1000]) {
    const servers = await readDemoServers(offset);
    assertEquals(
      servers.map(({ name, rtmpPort, apiPort }) => [name, rtmpPort - offset, apiPort === null ? 0 : apiPort - offset]),
      [["origin A", 19350, 9090], ["origin B", 19351, 9091], ["edge", 1935, 9092]],
    );
    const clusters = servers.map(({ confPath, confText }) => {
      const { config, problems } = loadConfig({ path: confPath, text: confText });
      assertEquals(problems, []);
      return config.vhosts[0]?.cluster;
    });
    const portsOf = (list: readonly { port: number }[] = []) => list.map(({ port }) => port - offset);
    assertEquals(clusters.map((cluster) => portsOf(cluster?.coworkers)), [[9091], [9090], []]);
    assertEquals(clusters.map((cluster) => portsOf(cluster?.origin)), [[], [], [19351, 19350]]);
  }
});
