import { parseArgs } from "@std/cli/parse-args";
import { defaultTuning, peers } from "./peers.ts";

/** What `deno task bench` was asked for. */
export interface BenchOptions {
  mode: Mode;
  servers: string[];
  kbps: number[];
  protocols: ("rtmp" | "flv")[];
  roles: ("origin" | "edge")[];
  players: number | null;
  /** `mw_latency` of servers that can be told, and of the origin behind an edge; each is measured. */
  mwLatencyMs: number[];
  seconds: number;
  rampSeconds: number | null;
  /** How often a row that other programs disturb is measured again. */
  retries: number;
  serverCores: string;
  loadCores: string;
  file: string | null;
  json: string | null;
  svg: string | null;
}

/** What is measured. */
export type Mode =
  | { kind: "table" }
  | { kind: "unmerged" }
  | { kind: "curve" }
  | { kind: "latency" }
  | { kind: "streams"; streams: number; playersPerStream: number }
  | { kind: "capacity" }
  | { kind: "storm"; players: number }
  | { kind: "publishers"; publishers: number }
  | { kind: "workers"; workers: number };

/** Shown by --help. */
export const help = `Measures what it costs this server, and others, to send streams to many players.

deno task bench [MODE] [OPTIONS]

Each server is a process of its own, pinned to one core; one publisher and the players run on another. Sockets of the
loopback interface, Linux only. Without a mode: one table of two profiles, RTMP and HTTP-FLV, origin and edge; about
five minutes.

Modes
  --quick             the table in short: RTMP, origins, 2500 kbit/s, 100 players
  --unmerged          each message at once: min_latency on, mw_latency 0
  --curve             cost of one player among 100, 300, 1000, 3000; 200 kbit/s
  --streams M         M streams of 200 kbit/s with --players-per-stream N (3) each
  --storm N           N players come in one second while 100 watch
  --publishers N      N publishers of 500 kbit/s and nobody who watches
  --capacity          the most players of 600 kbit/s: until the server's core is full, or 1 % lag by 1 s
  --latency           publisher's write to player's read, for several settings
  --workers N         srs-ts with 1 and with N workers, on all cores
  --hls N             N streams cut into segments: CPU of each, memory over time; --hls --help lists its options
  --hls-viewers N     N viewers of HLS beside N of HTTP-FLV
  --soak MINUTES      clients that come, stall and leave at an origin and an edge: whether memory and descriptors stay flat

Options
  --servers LIST      of ${peers.map(({ name }) => name).join(", ")};
                      default srs-ts,floor,srs,nginx-rtmp,node-media-server; the first is what others are compared to
  --kbps LIST         profiles; default 200,2500 or what the mode says
  --protocol LIST     of rtmp, flv; default both, in modes rtmp
  --role LIST         of origin, edge; default both, in modes origin
  --players N         default 300
  --mw-latency LIST   flush intervals, of servers that can be told and of the origin behind an edge; default 350.
                      An edge of SRS gathers once more what its origin has gathered: to compare at equal lag, measure
                      srs-ts with 700 beside SRS with 350
  --seconds S         length of a measured window; default 7
  --ramp S            time over which the players connect; default N / 400, at least 1
  --retries N         measure a row again, up to N times, when other programs took much of the machine; default 0
  --file F            publish this .flv instead of the synthetic stream
  --server-core LIST  default 0, with --workers all
  --load-core LIST    default 1
  --json FILE         write all results
  --svg FILE          draw the table

Peers: nginx-rtmp is Debian's (apt install nginx libnginx-mod-rtmp), Node-Media-Server is installed by npm into the
temporary directory, SRS is the program that SRS_BIN names, srs-ts-bin the one that SRS_TS_BIN names.

Examples
  deno task bench --json bench.json --svg bench.svg
  deno task bench --quick --servers srs-ts,floor
  SRS_BIN=~/srs/trunk/objs/srs deno task bench --servers srs,srs-ts --protocol rtmp --role origin
  deno task bench --curve --servers srs-ts
  deno task bench --streams 1000 --players-per-stream 3 --servers srs-ts`;

const DEFAULT_SERVERS = "srs-ts,floor,srs,nginx-rtmp,node-media-server";

const STRINGS = [
  "streams",
  "players-per-stream",
  "storm",
  "publishers",
  "workers",
  "servers",
  "kbps",
  "protocol",
  "role",
  "players",
  "mw-latency",
  "seconds",
  "ramp",
  "retries",
  "file",
  "server-core",
  "load-core",
  "json",
  "svg",
] as const;
const FLAGS = ["quick", "unmerged", "curve", "latency", "capacity", "help"] as const;

/** Parses the command line; null: help is wanted. @throws {TypeError} For what cannot be understood. */
export function parseOptions(args: string[]): BenchOptions | null {
  const unknown: string[] = [];
  const flags = parseArgs(args, {
    string: [...STRINGS],
    boolean: [...FLAGS],
    unknown: (arg: string) => (unknown.push(arg), false),
  });
  if (flags.help) return null;
  if (unknown.length > 0) throw new TypeError(`Unknown option: ${unknown.join(" ")}`);
  const number = (name: typeof STRINGS[number]) => {
    const value = Number(flags[name]);
    if (!(value > 0)) throw new TypeError(`--${name} takes a number above 0: ${flags[name]}`);
    return value;
  };
  const mode = parseMode(flags, number);
  const all = mode.kind === "table" && !flags.quick;
  const servers = (flags.servers ?? DEFAULT_SERVERS).split(",");
  for (const name of servers) {
    if (!peers.some((peer) => peer.name === name)) throw new TypeError(`Unknown server: ${name}`);
  }
  const cores = navigator.hardwareConcurrency;
  return {
    mode,
    servers,
    kbps: (flags.kbps ?? (flags.quick ? "2500" : PROFILES[mode.kind])).split(",").map(Number),
    protocols: oneOf(flags.protocol ?? (all ? "rtmp,flv" : "rtmp"), ["rtmp", "flv"]),
    roles: oneOf(flags.role ?? (all ? "origin,edge" : "origin"), ["origin", "edge"]),
    players: flags.players === undefined ? (flags.quick ? 100 : null) : number("players"),
    mwLatencyMs: parseLatencies(flags["mw-latency"], mode),
    seconds: flags.seconds === undefined ? (flags.quick ? 3 : 7) : number("seconds"),
    retries: flags.retries === undefined ? 0 : number("retries"),
    rampSeconds: flags.ramp === undefined ? null : number("ramp"),
    serverCores: flags["server-core"] ?? (mode.kind === "workers" ? `0-${cores - 1}` : "0"),
    loadCores: flags["load-core"] ?? (cores > 1 ? "1" : "0"),
    file: flags.file ?? null,
    json: flags.json ?? null,
    svg: flags.svg ?? null,
  };
}

const PROFILES: Record<Mode["kind"], string> = {
  table: "200,2500",
  unmerged: "200,2500",
  curve: "200",
  latency: "2500",
  streams: "200",
  storm: "2500",
  capacity: "600",
  publishers: "500",
  workers: "2500",
};

type Flags = { [name in typeof STRINGS[number]]?: string | undefined } & { [name in typeof FLAGS[number]]: boolean };

function parseMode(flags: Flags, number: (name: typeof STRINGS[number]) => number): Mode {
  if (flags.unmerged) return { kind: "unmerged" };
  if (flags.curve) return { kind: "curve" };
  if (flags.capacity) return { kind: "capacity" };
  if (flags.latency) return { kind: "latency" };
  if (flags.storm !== undefined) return { kind: "storm", players: number("storm") };
  if (flags.publishers !== undefined) return { kind: "publishers", publishers: number("publishers") };
  if (flags.workers !== undefined) return { kind: "workers", workers: number("workers") };
  if (flags.streams === undefined) return { kind: "table" };
  const playersPerStream = flags["players-per-stream"] === undefined ? 3 : number("players-per-stream");
  return { kind: "streams", streams: number("streams"), playersPerStream };
}

function parseLatencies(list: string | undefined, { kind }: Mode): number[] {
  if (list === undefined) return [defaultTuning.mwLatencyMs];
  if (kind === "unmerged" || kind === "latency") throw new TypeError(`--${kind} decides itself on --mw-latency`);
  const all = list.split(",").map(Number);
  if (!all.every((ms) => ms > 0)) throw new TypeError(`--mw-latency takes numbers above 0: ${list}`);
  return all;
}

function oneOf<T extends string>(list: string, known: readonly T[]): T[] {
  return list.split(",").map((item) => {
    const found = known.find((each) => each === item);
    if (found === undefined) throw new TypeError(`Unknown: ${item}; known: ${known.join(", ")}`);
    return found;
  });
}
