import type { Peer } from "./peers.ts";
import { PinnedProcess, type Usage, usageOf } from "./process.ts";
import { AUDIO_PER_SECOND, FPS } from "./synthetic_media.ts";

/** One measurement: who plays what, and where it runs. */
export interface MeasureOptions {
  /** How the players play; the publisher publishes by RTMP. */
  protocol: "rtmp" | "flv";
  players: number;
  streams: number;
  /** Of each stream, audio and video. */
  kbps: number;
  seconds: number;
  /** Time over which the players connect. */
  rampSeconds: number;
  serverCore: number;
  loadCore: number;
  /** Published instead of the synthetic stream. */
  file?: string;
}

/** Result of {@link measurePeer}. */
export interface Measurement {
  server: string;
  note: string;
  options: MeasureOptions;
  /** Share of one core. */
  cpuPercent: number;
  /** Of it, time in the kernel. */
  systemPercent: number;
  cpuUsPerPlayerSecond: number;
  cpuMsPerGbit: number;
  /** Delivered to all players together. */
  mbps: number;
  /** After the start, without players but with the publisher, and at the end of the window. */
  rssIdleMiB: number;
  rssMiB: number;
  firstFrameMs: { p50: number | null; p99: number | null; max: number | null };
  p99LagMs: number | null;
  worstLagMs: number | null;
  worstGapMs: number | null;
  /** Messages received against messages that all players should have received. */
  deliveredPercent: number;
  connected: number;
  failed: number;
  lost: number;
  skips: number;
  /** Share of its core that the load took: near 100 the load is what was measured. */
  loadPercent: number;
}

interface PlayersReady {
  connected: number;
  failed: number;
}

interface PlayersWindow extends PlayersReady {
  seconds: number;
  bytes: number;
  frames: number;
  firstFrameMs: Measurement["firstFrameMs"];
  p99LagMs: number | null;
  worstLagMs: number | null;
  worstGapMs: number | null;
  lost: number;
  skips: number;
}

interface PublisherWindow {
  messages: number;
  seconds: number;
}

const PORT_TIMEOUT_MS = 15_000;
const SETTLE_MS = 2000;

const bench = new URL(".", import.meta.url).pathname;

/**
 * Starts a server and a load on cores of their own, measures one window in the steady state, and ends them.
 *
 * @throws {Error} When the server does not start or the load cannot play; the text has the end of the server's log.
 */
export async function measurePeer(peer: Peer, options: MeasureOptions): Promise<Measurement> {
  const dir = await Deno.makeTempDir({ prefix: "srs-ts-bench-" });
  try {
    return await measureIn(dir, peer, options);
  } catch (error) {
    const log = await Deno.readTextFile(`${dir}/server.log`).catch(() => "");
    throw new Error(`${peer.name}: ${error instanceof Error ? error.message : error}\n${log.slice(-1500)}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function measureIn(dir: string, peer: Peer, options: MeasureOptions): Promise<Measurement> {
  const { players, streams, kbps, seconds, rampSeconds, serverCore: core, loadCore } = options;
  if (options.protocol === "flv" && peer.hasFlv === undefined) throw new Error("it has no HTTP-FLV");
  const port = freePort();
  const httpPort = freePort();
  const command = peer.command({ port, httpPort, kbps, dir });
  await using server = new PinnedProcess(peer.name, command, { core, logPath: `${dir}/server.log` });
  await waitForPort(port, server);

  const url = `rtmp://127.0.0.1:${port}/live/bench`;
  const playUrl = options.protocol === "flv" ? `http://127.0.0.1:${httpPort}/live/bench` : url;
  const load = (program: string, at: string, args: string[]) => {
    const deno = [Deno.execPath(), "run", "-A", "--no-check", `${bench}${program}.ts`, at, "--control"];
    return new PinnedProcess(program, [...deno, `--streams=${streams}`, ...args], { core: loadCore, logPath: null });
  };
  const media = options.file === undefined ? [`--kbps=${kbps}`] : [`--file=${options.file}`];
  await using publisher = peer.ownSource ? null : load("load_publisher", url, media);
  await publisher?.event("ready", 10_000);
  // A GOP and a half, so that caches are full.
  await sleep(SETTLE_MS + 1000);
  const idle = usageOf(server.pid);

  await using player = load("load_players", playUrl, [`--players=${players}`, `--ramp=${rampSeconds}`]);
  await player.event<PlayersReady>("ready", rampSeconds * 1000 + 30_000);
  await sleep(SETTLE_MS);

  await Promise.all([player.tell("begin"), publisher?.tell("begin")]);
  const loadPids = [player.pid, ...(publisher === null ? [] : [publisher.pid])];
  const before = { atMs: performance.now(), server: usageOf(server.pid), load: loadPids.map(usageOf) };
  await sleep(seconds * 1000);
  const after = { atMs: performance.now(), server: usageOf(server.pid), load: loadPids.map(usageOf) };
  await Promise.all([player.tell("end"), publisher?.tell("end")]);
  const played = await player.event<PlayersWindow>("window", 10_000);
  const published = await publisher?.event<PublisherWindow>("window", 10_000);
  if (server.ended) throw new Error("the server ended in the window");

  const wallMs = after.atMs - before.atMs;
  const cpuMs = after.server.cpuMs - before.server.cpuMs;
  const perSecond = published === undefined ? FPS + AUDIO_PER_SECOND : published.messages / published.seconds / streams;
  const { connected, failed, lost, skips, firstFrameMs, p99LagMs, worstLagMs, worstGapMs } = played;
  return {
    server: peer.name,
    note: peer.note,
    options,
    cpuPercent: 100 * cpuMs / wallMs,
    systemPercent: 100 * (after.server.systemMs - before.server.systemMs) / wallMs,
    cpuUsPerPlayerSecond: cpuMs * 1e6 / wallMs / players,
    cpuMsPerGbit: cpuMs / wallMs / (played.bytes * 8 / 1e9 / (played.seconds * 1000)),
    mbps: played.bytes * 8 / 1e6 / played.seconds,
    rssIdleMiB: idle.rssBytes / 2 ** 20,
    rssMiB: after.server.rssBytes / 2 ** 20,
    firstFrameMs,
    p99LagMs,
    worstLagMs,
    worstGapMs,
    deliveredPercent: 100 * played.frames / (perSecond * played.seconds * players),
    connected,
    failed,
    lost,
    skips,
    loadPercent: 100 * (sumCpuMs(after.load) - sumCpuMs(before.load)) / wallMs,
  };
}

function sumCpuMs(usages: Usage[]): number {
  return usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function waitForPort(port: number, server: PinnedProcess): Promise<void> {
  const until = performance.now() + PORT_TIMEOUT_MS;
  while (!server.ended && performance.now() < until) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(server.ended ? "the server ended at once" : `the server does not listen on port ${port}`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
