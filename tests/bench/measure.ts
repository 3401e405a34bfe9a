import type { Peer } from "./peers.ts";
import { machineCpuMs, type PinnedProcess, type Usage, usageOf } from "./process.ts";
import type { Quantiles } from "../../src/cli/load/quantiles.ts";
import { Rig, type RigOptions } from "./rig.ts";
import { AUDIO_PER_SECOND, FPS } from "../../src/cli/load/synthetic_media.ts";

/** One measurement: who plays what, and where it runs. */
export interface MeasureOptions extends RigOptions {
  /** How the players play; publishers publish by RTMP. */
  protocol: "rtmp" | "flv";
  /** 0: what the publishers alone cost is measured. */
  players: number;
  seconds: number;
  /** Time over which the players connect. */
  rampSeconds: number;
  /** This many more connect within a second, in a second window. */
  storm?: number;
}

/** CPU of the server and of those around it in a window. */
export interface CpuShares {
  /** Of one core. */
  cpuPercent: number;
  /** Of it, time in the kernel. */
  systemPercent: number;
  /** Share of its threads in it, the busiest first. */
  threads: { name: string; sharePercent: number }[];
  /** Share of one core that the load took: near 100 the load is what was measured. */
  loadPercent: number;
  /** Share of one core that everything else on the machine took: disturbs. */
  othersPercent: number;
}

/** Result of {@link measurePeer}. */
export interface Measurement extends CpuShares {
  server: string;
  note: string;
  options: MeasureOptions;
  /** Per player and second; per publisher and second where nobody plays. */
  cpuUsPerClientSecond: number;
  /** Of what went to players, or came from publishers where nobody plays. */
  cpuMsPerGbit: number;
  mbps: number;
  /** After the start, without players but with publishers, and at the end of the window. */
  rssIdleMiB: number;
  rssMiB: number;
  /** Messages received against messages that all players, or the server, should have received. */
  deliveredPercent: number;
  players: PlayersWindow | null;
  /** From the first connection to the last first frame. */
  startedAfterMs: number | null;
  storm: Storm | null;
}

/** What the players of one load saw in a window. */
export interface PlayersWindow {
  seconds: number;
  connected: number;
  /** Never had a frame; were disconnected. */
  failed: number;
  failures: string[];
  lost: number;
  bytes: number;
  /** Complete audio and video messages, and video frames that were left out. */
  frames: number;
  drops: number;
  /** From the play command to the first complete keyframe. */
  firstFrameMs: Quantiles;
  /** From the publisher's write to the player's read, of video. */
  latencyMs: Quantiles;
  /**
   * How far a player's newest timestamp was ever behind the best player's, the flush interval included: taken just
   * before new data came, against the stream clock that the freshest player of the window had.
   */
  lagMs: Quantiles;
  /** Longest time that a player got no bytes. */
  gapMs: Quantiles;
  /** How late the load itself ever was. */
  stallMs: number;
}

/** What happened when many players came at once. */
export interface Storm {
  players: number;
  /** Of those that were there before, while the others came. */
  before: PlayersWindow;
  /** Of those that came. */
  firstFrameMs: Quantiles;
  startedAfterMs: number;
  failed: number;
}

interface PlayersReady {
  connected: number;
  failed: number;
  firstFrameMs: Quantiles;
  startedAfterMs: number;
}

interface PublisherWindow {
  messages: number;
  bytes: number;
  seconds: number;
  dropped: number;
}

/** A GOP and a bit, so that caches are full. */
const WARM_UP_MS = 2200;
const SETTLE_MS = 1000;
const STORM_SECONDS = 6;

/**
 * Starts a server and a load on cores of their own, measures one window in the steady state, and ends them.
 *
 * @throws {Error} When the server does not start or the load cannot play.
 */
export async function measurePeer(peer: Peer, options: MeasureOptions): Promise<Measurement> {
  const { players, streams, seconds } = options;
  await using rig = await Rig.start(peer, options, players === 0 || peer.ownSource === undefined);
  await sleep(WARM_UP_MS);
  const idle = usageOf(rig.server.pid);
  await using load = players === 0 ? null : rig.play(options.protocol, players, options.rampSeconds);
  const ready = await load?.event<PlayersReady>("ready", options.rampSeconds * 1000 + 30_000);
  await sleep(SETTLE_MS);

  const loads = [load, rig.publisher].filter((each) => each !== null);
  await Promise.all(loads.map((each) => each.tell("begin")));
  const before = snapshot(rig.server, loads);
  await sleep(seconds * 1000);
  const after = snapshot(rig.server, loads);
  await Promise.all(loads.map((each) => each.tell("end")));
  const played = await load?.event<PlayersWindow>("window", 10_000);
  const published = await rig.publisher?.event<PublisherWindow>("window", 10_000);
  if (rig.server.ended) throw new Error(`${peer.name}: the server ended in the window`);

  const wallMs = after.atMs - before.atMs;
  const cpuMs = after.server.cpuMs - before.server.cpuMs;
  const bitsPerSecond = 8 * (played ?? published ?? { bytes: 0 }).bytes /
    (played ?? published ?? { seconds: 1 }).seconds;
  const framesPerSecond = published === undefined
    ? (FPS + AUDIO_PER_SECOND) * streams
    : published.messages / published.seconds;
  const wanted = framesPerSecond / streams * players * seconds;
  return {
    server: peer.name,
    note: peer.note,
    options,
    ...cpuShares(before, after),
    cpuUsPerClientSecond: cpuMs * 1e6 / wallMs / (players || streams),
    cpuMsPerGbit: cpuMs * 1e9 / (wallMs / 1000) / bitsPerSecond,
    mbps: bitsPerSecond / 1e6,
    rssIdleMiB: idle.rssBytes / 2 ** 20,
    rssMiB: after.server.rssBytes / 2 ** 20,
    deliveredPercent: played === undefined
      ? 100 * framesPerSecond / ((FPS + AUDIO_PER_SECOND) * streams)
      : 100 * played.frames * seconds / played.seconds / wanted,
    players: played ?? null,
    startedAfterMs: ready?.startedAfterMs ?? null,
    storm: load === null || options.storm === undefined ? null : await storm(rig, load, options),
  };
}

/** Lets more players come within a second, and looks how those that were there fare. */
async function storm(rig: Rig, load: PinnedProcess, { protocol, storm = 0 }: MeasureOptions): Promise<Storm> {
  await load.tell("begin");
  await using more = rig.play(protocol, storm, 1);
  const { firstFrameMs, startedAfterMs, failed } = await more.event<PlayersReady>("ready", 40_000);
  await sleep(Math.max(0, STORM_SECONDS * 1000 - startedAfterMs));
  await load.tell("end");
  const before = await load.event<PlayersWindow>("window", 10_000);
  return { players: storm, before, firstFrameMs, startedAfterMs, failed };
}

interface Snapshot {
  atMs: number;
  server: Usage;
  loadMs: number;
  machineMs: number;
}

function snapshot(server: PinnedProcess, loads: PinnedProcess[]): Snapshot {
  const loadMs = loads.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0);
  return { atMs: performance.now(), server: usageOf(server.pid), loadMs, machineMs: machineCpuMs() };
}

function cpuShares(before: Snapshot, after: Snapshot): CpuShares {
  const percent = (ms: number) => 100 * ms / (after.atMs - before.atMs);
  const serverMs = after.server.cpuMs - before.server.cpuMs;
  const cpuPercent = percent(serverMs);
  const threads = [...after.server.threads].map(([task, { name, cpuMs }]) => ({
    name,
    sharePercent: 100 * (cpuMs - (before.server.threads.get(task)?.cpuMs ?? 0)) / serverMs,
  }));
  const loadPercent = percent(after.loadMs - before.loadMs);
  return {
    cpuPercent,
    systemPercent: percent(after.server.systemMs - before.server.systemMs),
    threads: threads.filter((thread) => thread.sharePercent >= 3).sort((a, b) => b.sharePercent - a.sharePercent),
    loadPercent,
    othersPercent: Math.max(0, percent(after.machineMs - before.machineMs) - cpuPercent - loadPercent),
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
