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
  for (const word of ["--curve", "--storm", "--latency", "--hls", "node-media-server"]) {
    assertStringIncludes(output, word);
  }
  assertStringIncludes((await run(command("--hls", "--help"), 20_000)).output, "--hls-viewers N");
  assertEquals((await run(command("--hls", "--servers", "nginx-rtmp"), 20_000)).code, 2);
});

Deno.test("bench's viewers of HLS fetch each segment once, and miss none that is listed", async () => {
  let first = 0;
  const asked = new Map<string, number>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const { pathname } = new URL(url);
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    if (!pathname.endsWith(".m3u8")) return new Response(new Uint8Array(200_000));
    const list = Array.from({ length: 5 }, (_, i) => `#EXTINF:1.0,\n${first + i}.ts\n`);
    const text = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:${first}\n${list.join("")}`;
    // Four new ones each time, of five: none is missed.
    first += first < 16 ? 4 : 0;
    return new Response(text);
  });
  const { port } = server.addr;
  const program = new URL("../bench/hls/load_hls.ts", import.meta.url).pathname;
  const options = ["--viewers", "1", "--ramp", "0", "--windows", "1", "--window", "4"];
  const { code, output } = await run(
    [Deno.execPath(), "run", "-A", "--no-check", program, `http://127.0.0.1:${port}/live/s.m3u8`, ...options],
    30_000,
  );
  assertEquals(code, 0, output);
  const seen = JSON.parse(output.trim().split("\n").at(-1)!);
  assertEquals([seen.event, seen.viewers, seen.watching, seen.failures, seen.missed], ["window", 1, 1, [], 0], output);
  const segments = [...asked].filter(([path]) => path.endsWith(".ts"));
  assert(segments.length >= 11, `${segments}`);
  assertEquals(segments.filter(([, count]) => count !== 1), []);
  assert(seen.bytes > 200_000 * seen.segments && seen.segments > 4, output);
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
