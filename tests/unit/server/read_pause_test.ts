import { loadConfig, requireConfig, type VhostConfig } from "../../../src/config/mod.ts";
import { readPauseMs } from "../../../src/server/read_pause.ts";
import { assertEquals } from "../../assert.ts";

function vhost(directives: string): VhostConfig {
  const text = `listen 1935; vhost __defaultVhost__ { ${directives} }`;
  return requireConfig(loadConfig({ path: "t.conf", text })).vhosts[0]!;
}

const cases: { name: string; directives: string; forMs: number; publishers: number; pauseMs: number }[] = [
  { name: "one that has just come is read at once", directives: "", forMs: 100, publishers: 500, pauseMs: 0 },
  { name: "a single one is hardly held up", directives: "", forMs: 5000, publishers: 1, pauseMs: 20 },
  { name: "hundreds wait for a quarter of the flush", directives: "", forMs: 5000, publishers: 500, pauseMs: 88 },
  { name: "min_latency: never", directives: "min_latency on;", forMs: 5000, publishers: 500, pauseMs: 0 },
  {
    name: "a flush that comes soon leaves no time",
    directives: "play { mw_latency 60; }",
    forMs: 5000,
    publishers: 500,
    pauseMs: 0,
  },
  {
    name: "mr on: mr_latency, at once",
    directives: "publish { mr on; mr_latency 500; }",
    forMs: 0,
    publishers: 1,
    pauseMs: 500,
  },
  {
    name: "mr on with min_latency: never",
    directives: "min_latency on; publish { mr on; mr_latency 500; }",
    forMs: 5000,
    publishers: 1,
    pauseMs: 0,
  },
];

for (const { name, directives, forMs, publishers, pauseMs } of cases) {
  Deno.test(`readPauseMs: ${name}`, () => {
    assertEquals(readPauseMs(vhost(directives), forMs, publishers), pauseMs);
  });
}
