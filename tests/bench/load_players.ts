/**
 * Plays a stream N times at the least cost, for measurements of any server of RTMP or HTTP-FLV.
 *
 *     taskset -c 1 deno run -A tests/bench/load_players.ts rtmp://127.0.0.1:1935/live/bench --players 300
 *     taskset -c 1 deno run -A tests/bench/load_players.ts http://127.0.0.1:8080/live/bench --players 300
 *
 * The first player comes alone: on an edge it pays for the pull. The others follow once it has a frame, spread over the
 * ramp. Prints JSON lines, see `control.ts`: `ready` when all players have had their first frame (or 15 s after the
 * ramp), then one `window` line for each window. What its fields mean is told with `PlayersWindow` in `measure.ts`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { PlayerFleet } from "../../src/cli/load/player_fleet.ts";
import { parseRtmpUrl, runLoad } from "./control.ts";

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["players", "streams", "ramp", "window", "windows", "buffer"],
    boolean: ["control"],
    default: { players: "100", streams: "1", ramp: "3", window: "10", windows: "1000000", buffer: "65536" },
  });
  const url = String(args._[0]);
  const fleet = new PlayerFleet({
    ...parseRtmpUrl(url),
    protocol: url.startsWith("http:") ? "http" : "rtmp",
    players: Number(args.players),
    streams: Number(args.streams),
    rampMs: Number(args.ramp) * 1000,
    bufferBytes: Number(args.buffer),
  });
  await runLoad({ ready: fleet.start(), begin: () => fleet.begin(), report: () => fleet.report() }, {
    control: args.control,
    windowSeconds: Number(args.window),
    windows: Number(args.windows),
  });
}

if (import.meta.main) await main();
