import { parseArgs } from "@std/cli/parse-args";
import { printLine } from "../control.ts";
import { type Peer, peers } from "../peers.ts";
import { measureStreams, type StreamsOptions, type StreamsResult } from "./streams.ts";
import { measureViewers, type ViewerKind, type ViewersOptions, type ViewersResult } from "./viewers.ts";

/** Shown by `--hls --help`. */
const HELP = `Measures what HLS costs: segments of 2 s, one core for the server, another for the load.

deno task bench --hls [N] [OPTIONS]          N streams (200): CPU of each, memory every ten seconds
deno task bench --hls-viewers N [OPTIONS]    N viewers of one stream over HLS, and N over HTTP-FLV

  --servers LIST      of srs-ts, srs-ts-bin, srs; default srs-ts,srs. srs-ts is measured with segments in memory, too
  --kbps N            of each stream; default 200, with --hls-viewers 600
  --fragment S        of viewers: hls_fragment, 2 by default; SRS's own default is 10. Six of them are listed
  --sessions          of viewers: hls_ctx and hls_ts_ctx on
  --gzip              of viewers: they take playlists compressed, as browsers do
  --settle S          of viewers: so long they watch before anything is measured, 20 by default: what a request costs falls
                      until the engine has compiled all that it takes, after some thousand of them
  --flv               of viewers: as the last line, those over HTTP-FLV once more, to see how much the machine has changed
  --portions          publishers send 350 ms at a time, which takes less of a busy machine than frame by frame
  --disk ON           of streams: only on, or only off
  --seconds S         default 600, with --hls-viewers 20, or six fragments if that is more
  --server-core LIST  default 0
  --load-core LIST    default 1
  --json FILE         write all results

SRS is the program that SRS_BIN names, srs-ts-bin the one that SRS_TS_BIN names.`;

const DEFAULT_STREAMS = 200;

/** The modes of the benchmark that concern HLS. @returns The exit status. */
export async function benchHls(args: string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs(args.filter((arg) => arg !== "--"), {
    string: [
      "hls",
      "hls-viewers",
      "servers",
      "kbps",
      "seconds",
      "fragment",
      "disk",
      "settle",
      "server-core",
      "load-core",
      "json",
    ],
    boolean: ["help", "sessions", "gzip", "flv", "portions"],
    unknown: (arg: string) => (unknown.push(arg), false),
  });
  if (flags.help) {
    await printLine(HELP);
    return 0;
  }
  const isViewers = flags["hls-viewers"] !== undefined;
  const count = Number(flags["hls-viewers"] || flags.hls || DEFAULT_STREAMS);
  const kbps = Number(flags.kbps ?? (isViewers ? 600 : 200));
  const fragmentSeconds = Number(flags.fragment ?? 2);
  const settleSeconds = Number(flags.settle ?? 20);
  const seconds = Number(flags.seconds ?? (isViewers ? Math.max(20, 6 * fragmentSeconds) : 600));
  const names: string[] = (flags.servers ?? "srs-ts,srs").split(",");
  const able: (Peer | string)[] = names.map((name) =>
    peers.find((peer) => peer.name === name && peer.can.includes("hls")) ?? name
  );
  const odd = able.filter((peer) => typeof peer === "string");
  if (
    unknown.length > 0 || odd.length > 0 ||
    [count, kbps, seconds, fragmentSeconds, settleSeconds].some((value) => !(value > 0))
  ) {
    await printLine(`Not understood: ${[...unknown, ...odd].join(" ")}\nTry --hls --help`, Deno.stderr);
    return 2;
  }
  const place = { serverCores: flags["server-core"] ?? "0", loadCores: flags["load-core"] ?? "1" };
  const results: (StreamsResult | ViewersResult)[] = [];
  const missing: string[] = [];
  for (const peer of able.filter((each) => typeof each !== "string")) {
    const why = await peer.prepare();
    if (why !== null) missing.push(`NOT MEASURED ${peer.name}: ${why}`);
    else if (isViewers) {
      const { sessions: hasSessions, gzip: takesGzip, flv: repeatsFlv } = flags;
      const how = { viewers: count, kbps, seconds, fragmentSeconds, settleSeconds, hasSessions, takesGzip, ...place };
      results.push(...await viewersOf(peer, how, repeatsFlv ? ["none", "flv", "hls", "flv"] : ["none", "flv", "hls"]));
    } else {
      const ways = peer.name === "srs" ? [true] : [false, true];
      const wanted = ways.filter((isOnDisk) => (flags.disk ?? (isOnDisk ? "on" : "off")) === (isOnDisk ? "on" : "off"));
      const how = { streams: count, kbps, seconds, sendsPortions: flags.portions, ...place };
      results.push(...await streamsOf(peer, how, wanted));
    }
  }
  for (const line of missing) await printLine(line);
  if (flags.json !== undefined) await Deno.writeTextFile(flags.json, JSON.stringify(results, null, 2));
  return missing.length === 0 ? 0 : 1;
}

async function streamsOf(
  peer: Peer,
  options: Omit<StreamsOptions, "isOnDisk" | "hasHls">,
  ways: readonly boolean[],
): Promise<StreamsResult[]> {
  const { streams, kbps, seconds } = options;
  await printLine(`${peer.name}: ${streams} streams of ${kbps} kbit/s`);
  const plain = { ...options, hasHls: false, isOnDisk: false, seconds: Math.min(seconds, 30) };
  const without = await measureStreams(peer, plain);
  const results = [without];
  await printLine(`  without HLS: ${describeStreams(without)}`);
  for (const isOnDisk of ways) {
    const result = await measureStreams(peer, { ...options, hasHls: true, isOnDisk });
    const own = result.cpuUsPerStreamSecond - without.cpuUsPerStreamSecond;
    results.push(result);
    await printLine(
      `  HLS ${isOnDisk ? "on disk" : "in memory"}: ${describeStreams(result)}; HLS alone ${own.toFixed(0)} us` +
        `${result.isServed ? "" : "; NOTHING IS SERVED"}`,
    );
    const every = Math.max(1, Math.floor(result.samples.length / 10));
    const shown = result.samples.filter((_, i) => i % every === 0 || i === result.samples.length - 1);
    await printLine(`    ${shown.map(({ second, rssMiB }) => `${second} s ${rssMiB.toFixed(0)} MiB`).join(", ")}`);
  }
  return results;
}

function describeStreams({ cpuUsPerStreamSecond, samples, mibPerMinute, othersPercent }: StreamsResult): string {
  return `${cpuUsPerStreamSecond.toFixed(0)} us of CPU a stream and second, ` +
    `${samples.at(-1)?.rssMiB.toFixed(0)} MiB, ${mibPerMinute.toFixed(1)} MiB a minute in the second half` +
    `; others ${othersPercent.toFixed(0)} % of a core`;
}

async function viewersOf(
  peer: Peer,
  options: Omit<ViewersOptions, "kind">,
  kinds: readonly ViewerKind[],
): Promise<ViewersResult[]> {
  const { viewers, kbps, fragmentSeconds, hasSessions, takesGzip } = options;
  await printLine(
    `${peer.name}: ${viewers} viewers of one stream of ${kbps} kbit/s, segments of ${fragmentSeconds} s` +
      `${hasSessions ? ", each with a session" : ""}${takesGzip ? ", playlists compressed" : ""}`,
  );
  const results: ViewersResult[] = [];
  for (const kind of kinds) {
    const result = await measureViewers(peer, { ...options, kind });
    results.push(result);
    await printLine(`  ${describeViewers(result, results[0]?.cpuPercent ?? 0)}`);
  }
  return results;
}

const kindNames: Readonly<Record<ViewerKind, string>> = { none: "nobody watches", flv: "HTTP-FLV", hls: "HLS" };

function describeViewers(result: ViewersResult, idlePercent: number): string {
  const { options: { kind, viewers }, cpuPercent, systemPercent, rssMiB, loadPercent, othersPercent } = result;
  const us = (percent: number) => (percent * 10_000 / viewers).toFixed(0);
  const watched = kind === "none"
    ? ""
    : `, ${us(cpuPercent)} us a viewer-second (${us(cpuPercent - idlePercent)} beyond nobody, the kernel ` +
      `${us(systemPercent)}), ${result.watching} watch, ${result.mbps.toFixed(0)} Mbit/s, ${result.note}`;
  const { requestsPerViewerSecond } = result;
  const each = kind === "hls" ? (cpuPercent - idlePercent) * 10_000 / viewers / requestsPerViewerSecond : 0;
  const asked = kind === "hls"
    ? `, ${requestsPerViewerSecond.toFixed(2)} requests a viewer-second, ${each.toFixed(0)} us each`
    : "";
  return `${kindNames[kind]}: ${cpuPercent.toFixed(1)} % of a core${watched}${asked}; RSS ${rssMiB.toFixed(0)} MiB; ` +
    `load ${loadPercent.toFixed(0)} %, others ${othersPercent.toFixed(0)} % of a core`;
}
