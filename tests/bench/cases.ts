import type { MeasureOptions } from "./measure.ts";
import type { BenchOptions } from "./options.ts";
import { defaultTuning, type Peer, type Tuning } from "./peers.ts";

/** One row of a table. */
export interface Case {
  peer: Peer;
  /** What is measured, in words. */
  title: string;
  /** Rows of one key are compared with the first of them. */
  against: string;
  options: MeasureOptions;
}

type Change = Partial<MeasureOptions> & { peer: Peer; title?: string; against?: string };

const CURVE = [100, 300, 1000, 3000];
const STORM_WATCHERS = 100;
const PLAYERS_PER_SECOND = 400;
const unmerged: Tuning = { ...defaultTuning, minLatency: true, mwLatencyMs: 0 };

const settings: [title: string, tuning: Partial<Tuning>][] = [
  ["mw_latency 350", {}],
  ["mw_latency 100", { mwLatencyMs: 100 }],
  ["mw_latency 0", { mwLatencyMs: 0 }],
  ["min_latency on, mw_latency 0", { minLatency: true, mwLatencyMs: 0 }],
  ["realtime on", { realtime: true }],
];

/** The rows that the options ask for, those to compare next to each other. */
export function casesOf(options: BenchOptions, peers: Peer[]): Case[] {
  return options.kbps.flatMap((kbps) =>
    options.roles.flatMap((role) =>
      options.protocols.flatMap((protocol) =>
        options.mwLatencyMs.flatMap((mwLatencyMs) => {
          const able = peers.filter((peer) => canPlay(peer, role, protocol));
          return changes(options, able).map(({ peer, title, against, ...changed }): Case => {
            const usual = mwLatencyMs === defaultTuning.mwLatencyMs ? "" : `, mw_latency ${mwLatencyMs}`;
            const place = `${kbps} kbit/s ${protocol.toUpperCase()} ${role}${usual}`;
            const players = changed.players ?? options.players ?? 300;
            return {
              peer,
              title: title === undefined ? place : `${place}, ${title}`,
              against: `${place} ${against ?? title ?? ""}`,
              options: {
                role,
                protocol,
                kbps,
                players,
                streams: 1,
                seconds: options.seconds,
                rampSeconds: options.rampSeconds ?? usualRampSeconds(players),
                tuning: { ...defaultTuning, mwLatencyMs },
                workers: 1,
                serverCores: options.serverCores,
                loadCores: options.loadCores,
                ...(options.file === null ? {} : { file: options.file }),
                ...changed,
              },
            };
          });
        })
      )
    )
  );
}

/** Time over which so many players connect, unless told otherwise. */
export function usualRampSeconds(players: number): number {
  return Math.max(1, players / PLAYERS_PER_SECOND);
}

function canPlay({ can }: Peer, role: string, protocol: string): boolean {
  return (role === "origin" || can.includes("edge")) && (protocol === "rtmp" || can.includes("flv"));
}

function changes({ mode, players }: BenchOptions, peers: Peer[]): Change[] {
  const those = (need: Peer["can"][number]) => peers.filter(({ can }) => can.includes(need));
  switch (mode.kind) {
    case "table":
    case "capacity":
      return peers.map((peer) => ({ peer }));
    case "unmerged":
      // nginx-rtmp and Node-Media-Server never merge.
      return peers.map((peer) => ({ peer, title: "unmerged", tuning: unmerged }));
    case "curve": {
      const points = (peer: Peer) =>
        CURVE.map((count) => ({ peer, title: `${count} players`, against: peer.name, players: count }));
      return peers.flatMap(points);
    }
    case "latency":
      return settings.flatMap(([title, change]) => {
        const tuning = { ...defaultTuning, ...change };
        return those(tuning.realtime ? "realtime" : "tuning").map((peer) => ({ peer, title, tuning }));
      });
    case "streams": {
      const { streams, playersPerStream } = mode;
      const title = `${streams} streams x ${playersPerStream} players`;
      const real = peers.filter(({ ownSource }) => ownSource === undefined);
      return real.map((peer) => ({ peer, title, streams, players: streams * playersPerStream }));
    }
    case "storm": {
      const title = `storm of ${mode.players}`;
      return peers.map((peer) => ({ peer, title, storm: mode.players, players: players ?? STORM_WATCHERS }));
    }
    case "publishers": {
      const title = `${mode.publishers} publishers`;
      return those("publish").map((peer) => ({ peer, title, streams: mode.publishers, players: 0 }));
    }
    case "workers": {
      const counts = [1, mode.workers];
      const both = (peer: Peer) =>
        counts.map((workers) => ({
          peer,
          title: `workers ${workers}`,
          against: peer.name,
          workers,
          players: players ?? 1000,
        }));
      return those("workers").flatMap(both);
    }
  }
}
