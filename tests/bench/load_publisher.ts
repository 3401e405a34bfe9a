/**
 * Publishes M streams in real time, for measurements of any RTMP server.
 *
 *     deno run -A tests/bench/load_publisher.ts rtmp://127.0.0.1:1935/live/bench --kbps 2500
 *     deno run -A tests/bench/load_publisher.ts rtmp://127.0.0.1:1935/live/bench --file clip.flv --streams 4
 *
 * Stream names are NAME for one stream, NAME0, NAME1 ... for more. Frames of the streams are spread over time, as those
 * of real encoders. Prints JSON lines, see `control.ts`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { PublisherFleet } from "../../src/cli/load/publisher_fleet.ts";
import { parseRtmpUrl, runLoad } from "./control.ts";

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["file", "kbps", "streams", "portion", "window", "windows"],
    boolean: ["control"],
    // `portion`: milliseconds of media in one write, as what comes from another server; 0: each frame on its own.
    default: { kbps: "2500", streams: "1", portion: "0", window: "10", windows: "1000000" },
  });
  const fleet = new PublisherFleet({
    ...parseRtmpUrl(String(args._[0])),
    streams: Number(args.streams),
    kbps: Number(args.kbps),
    file: args.file === undefined ? null : await Deno.readFile(args.file),
    portionMs: Number(args.portion),
  });
  await runLoad({ ready: fleet.start(), begin: () => fleet.begin(), report: () => fleet.report() }, {
    control: args.control,
    windowSeconds: Number(args.window),
    windows: Number(args.windows),
  });
}

if (import.meta.main) await main();
