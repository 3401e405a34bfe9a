import type { PlayersWindow } from "../measure.ts";
import { defaultTuning, type Peer } from "../peers.ts";
import { machineCpuMs, PinnedProcess, usageOf } from "../process.ts";
import { Rig } from "../rig.ts";
import type { ViewerWindow } from "./viewer_fleet.ts";

/** How viewers watch; `none`: what the server costs without them. */
export type ViewerKind = "none" | "flv" | "hls";

/** What is measured of a server with viewers. */
export interface ViewersOptions {
  readonly kind: ViewerKind;
  readonly viewers: number;
  readonly kbps: number;
  /** `hls_fragment`. */
  readonly fragmentSeconds: number;
  /** Each viewer has a session of its own: `hls_ctx` and `hls_ts_ctx`. */
  readonly hasSessions: boolean;
  /** Viewers take playlists that are compressed, as browsers do. */
  readonly takesGzip: boolean;
  /** Before anything is measured: until viewers have what there was before them, and the server's code is compiled. */
  readonly settleSeconds: number;
  readonly seconds: number;
  readonly serverCores: string;
  readonly loadCores: string;
}

/** Result of {@link measureViewers}. */
export interface ViewersResult {
  readonly server: string;
  readonly options: ViewersOptions;
  readonly cpuPercent: number;
  /** The kernel's share of it. */
  readonly systemPercent: number;
  /** Answers to playlists and segments, of each viewer and second; 0 where nobody asks. */
  readonly requestsPerViewerSecond: number;
  readonly rssMiB: number;
  readonly mbps: number;
  readonly watching: number;
  /** Of the load; near 100 it is what was measured. */
  readonly loadPercent: number;
  readonly othersPercent: number;
  readonly note: string;
}

const VIEWERS_PER_SECOND = 250;
/** So many segments that viewers have where to begin. */
const WARM_UP_FRAGMENTS = 3;
const LEAST_WARM_UP_SECONDS = 12;
/** Listed, in segments: SRS's own defaults have as many. */
const WINDOW_FRAGMENTS = 6;

/** Measures one window of a stream that so many watch. */
export async function measureViewers(peer: Peer, options: ViewersOptions): Promise<ViewersResult> {
  const { kind, viewers, kbps, seconds, fragmentSeconds, takesGzip, settleSeconds, serverCores, loadCores } = options;
  await using rig = await Rig.start(peer, {
    role: "origin",
    streams: 1,
    kbps,
    tuning: defaultTuning,
    workers: 1,
    serverCores,
    loadCores,
    // SRS has segments on disk alone, this project's server in memory by default: each as it comes.
    hls: `hls { enabled on; ${rowsOf(options)} ${peer.name === "srs" ? "hls_path DIR;" : ""} }`,
  });
  await sleep(1000 * Math.max(LEAST_WARM_UP_SECONDS, WARM_UP_FRAGMENTS * fragmentSeconds));
  const rampSeconds = Math.max(1, viewers / VIEWERS_PER_SECOND);
  await using load = kind === "none"
    ? null
    : kind === "flv"
    ? rig.play("flv", viewers, rampSeconds)
    : startViewers(rig.hlsUrl, viewers, { rampSeconds, takesGzip, cores: loadCores });
  await load?.event("ready", rampSeconds * 1000 + 60_000);
  await sleep(1000 * settleSeconds);
  const loads = [load, rig.publisher].filter((each) => each !== null);
  const look = () => ({
    atMs: performance.now(),
    server: usageOf(rig.server.pid),
    loadMs: loads.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0),
    machineMs: machineCpuMs(),
  });
  await load?.tell("begin");
  const before = look();
  await sleep(seconds * 1000);
  const after = look();
  await load?.tell("end");
  const seen = await load?.event<(PlayersWindow | ViewerWindow) & { seconds: number }>("window", 10_000) ?? null;
  const percent = (ms: number) => 100 * ms / (after.atMs - before.atMs);
  const cpuPercent = percent(after.server.cpuMs - before.server.cpuMs);
  const loadPercent = percent(after.loadMs - before.loadMs);
  const answers = seen !== null && "segments" in seen ? seen.segments + seen.playlists : 0;
  return {
    server: peer.name,
    options,
    cpuPercent,
    systemPercent: percent(after.server.systemMs - before.server.systemMs),
    requestsPerViewerSecond: seen === null ? 0 : answers / seen.seconds / viewers,
    rssMiB: after.server.rssBytes / 2 ** 20,
    mbps: seen === null ? 0 : seen.bytes * 8 / seen.seconds / 1e6,
    watching: seen === null ? 0 : "watching" in seen ? seen.watching : seen.connected,
    loadPercent,
    othersPercent: Math.max(0, percent(after.machineMs - before.machineMs) - cpuPercent - loadPercent),
    note: seen === null ? "" : noteOf(seen),
  };
}

function noteOf(seen: PlayersWindow | ViewerWindow): string {
  const { failures } = seen;
  const first = failures.length === 0 ? "" : `; ${failures[0]}`;
  if (!("segments" in seen)) return `${seen.lost} lost, ${seen.drops} drops${first}`;
  const { segments, playlists, missed, segmentMs } = seen;
  return `${segments} segments (p50 ${segmentMs.p50} ms, p99 ${segmentMs.p99} ms), ${playlists} playlists, ` +
    `${missed} missed${first}`;
}

function rowsOf({ fragmentSeconds, hasSessions }: ViewersOptions): string {
  const ctx = hasSessions ? "on" : "off";
  return `hls_fragment ${fragmentSeconds}; hls_window ${WINDOW_FRAGMENTS * fragmentSeconds}; ` +
    `hls_ctx ${ctx}; hls_ts_ctx ${ctx};`;
}

function startViewers(
  url: string,
  viewers: number,
  { rampSeconds, takesGzip, cores }: { rampSeconds: number; takesGzip: boolean; cores: string },
): PinnedProcess {
  const program = new URL("load_hls.ts", import.meta.url).pathname;
  const args = [url, "--control", `--viewers=${viewers}`, `--ramp=${rampSeconds}`, ...takesGzip ? ["--gzip"] : []];
  const command = [Deno.execPath(), "run", "-A", "--no-check", program, ...args];
  return new PinnedProcess("load_hls", command, { cores, logPath: null });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
