/**
 * Watches a stream of HLS N times, for measurements of any server.
 *
 *     taskset -c 1 deno run -A tests/bench/hls/load_hls.ts http://127.0.0.1:8080/live/bench.m3u8 --viewers 1000
 *
 * Prints JSON lines, see `control.ts`; what their fields mean is told with `ViewerWindow`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { runLoad } from "../control.ts";
import { ViewerFleet } from "./viewer_fleet.ts";

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["viewers", "ramp", "window", "windows"],
    boolean: ["control", "gzip"],
    default: { viewers: "100", ramp: "2", window: "10", windows: "1000000" },
  });
  const { hostname: host, port, pathname, search } = new URL(String(args._[0]));
  const fleet = new ViewerFleet({
    host,
    port: Number(port || 80),
    path: `${pathname}${search}`,
    viewers: Number(args.viewers),
    rampMs: Number(args.ramp) * 1000,
    takesGzip: args.gzip,
  });
  await runLoad({ ready: fleet.start(), begin: () => fleet.begin(), report: () => fleet.report() }, {
    control: args.control,
    windowSeconds: Number(args.window),
    windows: Number(args.windows),
  });
}

if (import.meta.main) await main();
