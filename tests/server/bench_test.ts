import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "../kit/assert.ts";
import type { Report } from "../bench/table.ts";
import { run } from "../kit/launcher.ts";

const bench = new URL("../bench/bench.ts", import.meta.url).pathname;
const command = (...args: string[]) => [Deno.execPath(), "run", "-A", "--no-check", bench, ...args];

Deno.test("bench --help names its modes and the servers to compare with", async () => {
  const { code, output } = await run(command("--help"), 20_000);
  assertEquals(code, 0);
  for (const word of ["--curve", "--storm", "--latency", "node-media-server"]) assertStringIncludes(output, word);
});

Deno.test("bench refuses what it does not know", async () => {
  assertEquals((await run(command("--servers", "nobody"), 20_000)).code, 2);
  assertEquals((await run(command("--player", "5"), 20_000)).code, 2);
});

Deno.test({
  name: "bench measures five players, and writes table, JSON and picture",
  // It pins to cores and reads /proc.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      const few = ["--servers", "srs-ts,srs", "--players", "5", "--kbps", "400", "--seconds", "2", "--ramp", "0.2"];
      const files = ["--json", `${dir}/bench.json`, "--svg", `${dir}/bench.svg`];
      // The other server is not there, and said to be missing.
      const { code, output } = await run([
        "env",
        `SRS_BIN=${dir}/none`,
        ...command(...few, "--role", "origin", "--protocol", "rtmp", ...files),
      ], 60_000);
      assertEquals(code, 0, output);
      const report: Report = JSON.parse(await Deno.readTextFile(`${dir}/bench.json`));
      checkReport(report);
      assertStringIncludes(output, "NOT MEASURED srs");
      assertStringIncludes(await Deno.readTextFile(`${dir}/bench.svg`), "srs-ts");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

function checkReport({ rows, missing }: Report): void {
  assertEquals(rows.map(({ server }) => server), ["srs-ts"]);
  assertEquals(missing.map(({ server }) => server), ["srs"]);
  const { result } = rows[0]!;
  assertGreater(result.cpuUsPerClientSecond, 10);
  assertLess(result.cpuPercent, 200);
  assertGreater(result.rssMiB, 20);
  // Five players of 400 kbit/s; flushes of 350 ms make a window of two seconds inexact.
  assertAlmostEquals(result.mbps, 2, 0.8);
  assertAlmostEquals(result.deliveredPercent, 100, 40);
  const { players } = result;
  assert(players !== null);
  assertEquals([players.connected, players.failed, players.lost], [5, 0, 0]);
  // A flush interval, and what a busy machine adds.
  assertGreater(players.latencyMs.p50!, 20);
  assertLess(players.latencyMs.p50!, 2000);
  assertGreater(players.lagMs.max!, 200);
}
