/**
 * Measures what it costs a server to send one stream to many players, over real sockets on the loopback interface.
 *
 *     deno task bench --players 300 --kbps 2500 --seconds 10 --servers srs-ts,floor,nginx-rtmp
 *
 * Server and load are pinned to one core each; needs Linux and taskset. See `--help`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { printLine } from "./control.ts";
import { type Measurement, type MeasureOptions, measurePeer } from "./measure.ts";
import { peers } from "./peers.ts";

const HELP = `deno task bench [options]

  --servers LIST    of ${peers.map(({ name }) => name).join(", ")}; default srs-ts,floor,nginx-rtmp
  --protocol P      of the players: rtmp, by default, or flv (HTTP-FLV)
  --players N       default 300
  --streams M       players are spread over M streams; default 1
  --kbps K          of each stream; default 2500
  --file F          publish this .flv instead of the synthetic stream
  --seconds S       length of the measured window; default 10
  --ramp S          time over which the players connect; default 3
  --server-core C   default 0
  --load-core C     default 1
  --json            one JSON line a server instead of the table`;

const COLUMNS: [string, (m: Measurement) => string][] = [
  ["server", (m) => m.server],
  ["CPU %", (m) => m.cpuPercent.toFixed(1)],
  ["kernel %", (m) => m.systemPercent.toFixed(1)],
  ["us/player-s", (m) => m.cpuUsPerPlayerSecond.toFixed(0)],
  ["ms/Gbit", (m) => m.cpuMsPerGbit.toFixed(1)],
  ["Mbit/s", (m) => m.mbps.toFixed(0)],
  ["RSS MiB idle", (m) => m.rssIdleMiB.toFixed(0)],
  ["RSS MiB", (m) => m.rssMiB.toFixed(0)],
  ["first frame p50", (m) => String(m.firstFrameMs.p50 ?? "-")],
  ["p99 ms", (m) => String(m.firstFrameMs.p99 ?? "-")],
  ["lag p99", (m) => String(m.p99LagMs ?? "-")],
  ["worst ms", (m) => String(m.worstLagMs ?? "-")],
  ["worst gap ms", (m) => String(m.worstGapMs ?? "-")],
  ["delivered %", (m) => m.deliveredPercent.toFixed(1)],
  ["connected", (m) => String(m.connected)],
  ["failed/lost", (m) => `${m.failed}/${m.lost}`],
  ["skips", (m) => String(m.skips)],
  ["load core %", (m) => m.loadPercent.toFixed(0)],
];

function table(results: Measurement[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...results.map((m) => COLUMNS.map(([, show]) => show(m)))];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("  ")).join("\n");
}

async function main(): Promise<number> {
  // `deno task bench -- --players 300` hands the "--" on.
  const args = parseArgs(Deno.args.filter((arg) => arg !== "--"), {
    string: [
      "servers",
      "protocol",
      "players",
      "streams",
      "kbps",
      "file",
      "seconds",
      "ramp",
      "server-core",
      "load-core",
    ],
    boolean: ["json", "help"],
    default: {
      servers: "srs-ts,floor,nginx-rtmp",
      protocol: "rtmp",
      players: "300",
      streams: "1",
      kbps: "2500",
      seconds: "10",
      ramp: "3",
      "server-core": "0",
      "load-core": "1",
    },
  });
  if (args.help) {
    await printLine(HELP);
    return 0;
  }
  if (args.protocol !== "rtmp" && args.protocol !== "flv") {
    await printLine(`unknown protocol "${args.protocol}"; known: rtmp, flv`);
    return 2;
  }
  const options: MeasureOptions = {
    protocol: args.protocol,
    players: Number(args.players),
    streams: Number(args.streams),
    kbps: Number(args.kbps),
    seconds: Number(args.seconds),
    rampSeconds: Number(args.ramp),
    serverCore: Number(args["server-core"]),
    loadCore: Number(args["load-core"]),
    ...(args.file === undefined ? {} : { file: args.file }),
  };
  // With --json, standard output holds results only.
  const say = (text: string) => printLine(text, args.json ? Deno.stderr : Deno.stdout);
  const results: Measurement[] = [];
  let failures = 0;
  for (const name of args.servers.split(",")) {
    const peer = peers.find((candidate) => candidate.name === name);
    if (peer === undefined) {
      await printLine(`unknown server "${name}"; known: ${peers.map((known) => known.name).join(", ")}`);
      return 2;
    }
    const missing = peer.missing();
    if (missing !== null) {
      await say(`${peer.name}: not measured, ${missing}`);
      continue;
    }
    await say(`${peer.name}: ${peer.note} ...`);
    try {
      const result = await measurePeer(peer, options);
      results.push(result);
      if (args.json) await printLine(JSON.stringify(result));
      else if (result.loadPercent > 85) {
        await say(`${peer.name}: the load's core is nearly full, its numbers are doubtful`);
      }
    } catch (error) {
      failures++;
      await say(error instanceof Error ? error.message : String(error));
    }
  }
  if (results.length === 0) return 1;
  if (args.json) return failures === 0 ? 0 : 1;
  const { protocol, players, streams, kbps, seconds } = options;
  await say(
    `\n${players} ${protocol} players, ${streams} stream(s) of ${kbps} kbit/s, ${seconds} s, Deno ${Deno.version.deno}`,
  );
  await say(table(results));
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
