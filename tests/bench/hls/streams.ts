import type { Peer } from "../peers.ts";
import { defaultTuning } from "../peers.ts";
import { machineCpuMs, usageOf } from "../process.ts";
import { Rig } from "../rig.ts";

/** What is measured of a server that cuts streams. */
export interface StreamsOptions {
  readonly streams: number;
  readonly kbps: number;
  readonly seconds: number;
  /** Segments go to disk; else they stay in memory, which only this project's server can. */
  readonly isOnDisk: boolean;
  /** False: the same streams without HLS, to compare. */
  readonly hasHls: boolean;
  readonly sendsPortions: boolean;
  readonly serverCores: string;
  readonly loadCores: string;
}

/** What a server takes at one moment of {@link measureStreams}. */
export interface StreamsSample {
  readonly second: number;
  readonly rssMiB: number;
  /** Since the sample before. */
  readonly cpuPercent: number;
}

/** Result of {@link measureStreams}. */
export interface StreamsResult {
  readonly server: string;
  readonly options: StreamsOptions;
  readonly cpuUsPerStreamSecond: number;
  /** Growth in the second half. */
  readonly mibPerMinute: number;
  readonly samples: readonly StreamsSample[];
  readonly othersPercent: number;
  /** A playlist was there at the end, and its newest segment. */
  readonly isServed: boolean;
}

/** Segments of 2 s; memory is full after three windows. */
const HLS_ROWS = "hls_fragment 2; hls_window 10; hls_ctx off; hls_ts_ctx off;";
/** Until the first segments are gone again. */
const WARM_UP_SECONDS = 35;
const STEP_SECONDS = 10;

/** Publishes streams to a server that cuts them, and looks at it every ten seconds. */
export async function measureStreams(peer: Peer, options: StreamsOptions): Promise<StreamsResult> {
  const { streams, kbps, seconds, isOnDisk, hasHls, sendsPortions, serverCores, loadCores } = options;
  const path = isOnDisk ? "hls_path DIR;" : "";
  await using rig = await Rig.start(peer, {
    role: "origin",
    streams,
    kbps,
    tuning: defaultTuning,
    workers: 1,
    serverCores,
    loadCores,
    sendsPortions,
    hls: hasHls ? `hls { enabled on; ${HLS_ROWS} ${path} }` : "",
  });
  await sleep((hasHls ? WARM_UP_SECONDS : 5) * 1000);
  const samples: StreamsSample[] = [];
  const first = look(rig);
  let before = first;
  for (let second = Math.min(STEP_SECONDS, seconds); second <= seconds; second += STEP_SECONDS) {
    await sleep(first.atMs + second * 1000 - performance.now());
    const now = look(rig);
    if (rig.server.ended) throw new Error(`${peer.name}: the server ended`);
    const cpuPercent = 100 * (now.cpuMs - before.cpuMs) / (now.atMs - before.atMs);
    samples.push({ second, rssMiB: now.rssMiB, cpuPercent });
    before = now;
  }
  const wallMs = before.atMs - first.atMs;
  const cpuMs = before.cpuMs - first.cpuMs;
  const ownMs = before.machineMs - first.machineMs - cpuMs - (before.loadMs - first.loadMs);
  return {
    server: peer.name,
    options,
    cpuUsPerStreamSecond: cpuMs * 1e6 / wallMs / streams,
    mibPerMinute: 60 * slope(samples.slice(samples.length >> 1)),
    samples,
    othersPercent: Math.max(0, 100 * ownMs / wallMs),
    isServed: hasHls && await isServed(rig.hlsUrl),
  };
}

function look({ server, publisher }: Rig) {
  const { cpuMs, rssBytes } = usageOf(server.pid);
  const loadMs = publisher === null ? 0 : usageOf(publisher.pid).cpuMs;
  return { atMs: performance.now(), cpuMs, loadMs, machineMs: machineCpuMs(), rssMiB: rssBytes / 2 ** 20 };
}

async function isServed(url: string): Promise<boolean> {
  const text = await (await fetch(url)).text();
  const newest = text.trim().split("\n").findLast((line) => !line.startsWith("#")) ?? "";
  const segment = await fetch(new URL(newest, url));
  const bytes = (await segment.arrayBuffer()).byteLength;
  return segment.status === 200 && bytes > 1000 && newest !== "";
}

/** MiB a second, by least squares; 0 for one sample. */
function slope(samples: readonly StreamsSample[]): number {
  const mean = (of: (sample: StreamsSample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const second = mean((sample) => sample.second);
  const rss = mean((sample) => sample.rssMiB);
  const spread = samples.reduce((sum, sample) => sum + (sample.second - second) ** 2, 0);
  return spread === 0
    ? 0
    : samples.reduce((sum, sample) => sum + (sample.second - second) * (sample.rssMiB - rss), 0) / spread;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
