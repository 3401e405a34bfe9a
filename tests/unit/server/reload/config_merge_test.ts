import { type Config, listRows, loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { mergeConfig } from "../../../../src/server/reload/config_merge.ts";
import { assertEquals, assertGreater, assertLess } from "../../../kit/assert.ts";

function load(text: string): Config {
  return requireConfig(loadConfig({ path: "t.conf", text: `listen 1935;\n${text}` }));
}

/** The changes as `effect directive`. */
function changesOf(before: string, after: string): string[] {
  return mergeConfig(load(before), load(after)).changes.map(({ effect, directive }) => `${effect} ${directive}`);
}

const plain = "vhost __defaultVhost__ { }";

Deno.test("mergeConfig() finds no change between equal files, however they are written", () => {
  assertEquals(changesOf(plain, "# a comment\nvhost __defaultVhost__ {\n}\n"), []);
  const cluster = "cluster { origin_cluster on; coworkers 10.0.0.1:1985 10.0.0.2:1985; }";
  assertEquals(changesOf(`vhost a.com { ${cluster} }`, `vhost a.com { ${cluster} }`), []);
});

Deno.test("mergeConfig() names each changed directive with what the schema says of it", async (t) => {
  const cases: [string, string, string, string[]][] = [
    ["a limit", plain, `max_connections 5; ${plain}`, ["applied max_connections"]],
    ["a listener", plain, `grace_start_wait 1; ${plain}`, ["applied grace_start_wait"]],
    ["a file", plain, `pid x.pid; ${plain}`, ["restart pid"]],
    ["two at once", plain, `pid x.pid; max_connections 5; ${plain}`, ["applied max_connections", "restart pid"]],
    [
      "coworkers",
      "vhost a.com { cluster { coworkers 10.0.0.1:1985; } }",
      "vhost a.com { cluster { coworkers 10.0.0.1:1986; } }",
      ["applied vhost a.com: cluster.coworkers"],
    ],
    [
      "of one vhost among two",
      "vhost a.com { } vhost b.com { }",
      "vhost b.com { publish { normal_timeout 1; } } vhost a.com { }",
      ["applied vhost b.com: publish.normal_timeout"],
    ],
    [
      "a value that vhosts inherit, once",
      "vhost a.com { } vhost b.com { chunk_size 200; }",
      "chunk_size 128; vhost a.com { } vhost b.com { chunk_size 300; }",
      ["newClients chunk_size", "newClients vhost b.com: chunk_size"],
    ],
    ["an own value that was inherited", plain, "vhost __defaultVhost__ { chunk_size 128; }", [
      "newClients vhost __defaultVhost__: chunk_size",
    ]],
    ["what has no effect anyway", plain, `tcmalloc_release_rate 0.5; ${plain}`, ["none tcmalloc_release_rate"]],
    ["vhosts that come and go", "vhost a.com { }", "vhost b.com { }", [
      "applied vhost b.com (new)",
      "applied vhost a.com (removed, its clients stay)",
    ]],
  ];
  for (const [name, before, after, expected] of cases) {
    await t.step(name, () => assertEquals(changesOf(before, after), expected));
  }
});

Deno.test("mergeConfig() keeps the old value where a change needs a restart, and takes all others", () => {
  const before = load(`pid a.pid; http_api { enabled on; listen 1985; } ${plain}`);
  const after = load(`pid b.pid; max_connections 7; http_api { enabled on; listen 1986; } ${plain}`);
  const { config } = mergeConfig(before, after);
  assertEquals([config.pid, config.httpApi.listen.port, config.maxConnections], ["a.pid", 1985, 7]);
  assertEquals(after.pid, "b.pid");
});

Deno.test("mergeConfig() holds back a whole cluster block when its mode changes", () => {
  const before = load("vhost a.com { cluster { mode remote; origin 10.0.0.1; linger 5; } }");
  const after = load("vhost a.com { min_latency on; cluster { mode local; origin_cluster on; } }");
  const { config, changes } = mergeConfig(before, after);
  const [vhost] = config.vhosts;
  assertEquals(vhost?.cluster, before.vhosts[0]?.cluster);
  assertEquals(vhost?.minLatency, true);
  assertEquals(changes.filter(({ effect }) => effect === "restart").map(({ directive }) => directive), [
    "vhost a.com: cluster.mode",
    "vhost a.com: cluster.origin",
    "vhost a.com: cluster.origin_cluster",
    "vhost a.com: cluster.linger",
  ]);
});

Deno.test("mergeConfig() sees a change of any directive that is read, and treats it as its row says", () => {
  let seen = 0;
  for (const { row, path, properties, status } of listRows()) {
    if (row.node !== "directive" || properties[0] === "vhosts") continue;
    const before = load(plain);
    const after = structuredClone(before);
    let inner = after as unknown as Record<string, unknown>;
    for (const property of properties.slice(0, -1)) inner = inner[property] as Record<string, unknown>;
    inner[properties.at(-1)!] = "changed";
    const { config, changes } = mergeConfig(before, after);
    const effect = status.level !== "supported" ? "none" : row.reload === "live" ? "applied" : row.reload;
    assertEquals(changes, [{ directive: path.join("."), effect }]);
    assertEquals(config, row.reload === "restart" ? before : after);
    seen++;
  }
  assertGreater(seen, 50);
});

Deno.test("mergeConfig() compares a thousand vhosts in a moment", () => {
  const vhosts = (size: number) => Array.from({ length: 1000 }, (_, i) => `vhost v${i}.com { chunk_size ${size}; }`);
  const [before, after] = [load(vhosts(1000).join("\n")), load(vhosts(2000).join("\n"))];
  const startedMs = performance.now();
  assertEquals(mergeConfig(before, after).changes.length, 1000);
  assertLess(performance.now() - startedMs, 3000);
});
