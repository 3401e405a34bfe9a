import { nginxRtmp } from "./peer_nginx.ts";
import { sendLoop } from "./peer_c.ts";
import { nodeMediaServer } from "./peer_node.ts";
import { srs, srsTs, srsTsBinary } from "./peer_srs.ts";

/** How a server sends. Only servers of SRS's configuration language and the floor can be told. */
export interface Tuning {
  mwLatencyMs: number;
  minLatency: boolean;
  realtime: boolean;
}

/** What SRS does without being told. */
export const defaultTuning: Tuning = { mwLatencyMs: 350, minLatency: false, realtime: false };

/** How a server is started for a measurement. */
export interface PeerStart {
  port: number;
  /** Of HTTP-FLV. */
  httpPort: number;
  /** Of the stream to come; only the floor, which makes its own, needs it. */
  kbps: number;
  /** Empty directory for configuration and logs. */
  dir: string;
  /** RTMP port of the origin to pull from; null for an origin. */
  originPort: number | null;
  tuning: Tuning;
  workers: number;
  /** `hls { }` of the vhost, in SRS's language; nothing for none. */
  hls?: string;
}

/** A server program to measure. */
export interface Peer {
  name: string;
  /** Shown with the results: what one must know to compare. */
  note: string;
  /** What it can be asked for beyond being an origin of RTMP. */
  can: readonly ("flv" | "edge" | "tuning" | "realtime" | "workers" | "publish" | "hls")[];
  /** Makes its own stream: no publisher is started for players. */
  ownSource?: true;
  /** Makes it ready to start. Why it cannot be measured here; null when it can. */
  prepare(): Promise<string | null>;
  /** Writes what it needs into `dir`; gives program and arguments of a server in the foreground. */
  command(start: PeerStart): [string, ...string[]];
}

const floor: Peer = {
  name: "floor",
  note: "bare Deno loop: own stream, one shared buffer a flush, one write a player",
  can: ["tuning", "publish"],
  ownSource: true,
  prepare: () => Promise.resolve(null),
  command: ({ port, kbps, tuning }) => [
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    new URL("floor_server.ts", import.meta.url).pathname,
    `--port=${port}`,
    `--kbps=${kbps}`,
    `--flush-ms=${tuning.minLatency ? 0 : tuning.mwLatencyMs}`,
  ],
};

/** All servers that a measurement can name. */
export const peers: Peer[] = [
  srsTs,
  srsTsBinary,
  floor,
  sendLoop,
  srs,
  nginxRtmp("nginx-rtmp", 4096),
  nginxRtmp("nginx-rtmp-60000", 60_000),
  nodeMediaServer,
];
