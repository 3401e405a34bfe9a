import { parseArgs } from "@std/cli/parse-args";
import { type ProcessUse, slope, useOf } from "../../kit/fault/process_use.ts";
import { freePort, isListening, until } from "../../kit/launcher.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { printLine } from "../control.ts";
import { srsTs, srsTsBinary } from "../peer_srs.ts";
import { defaultTuning } from "../peers.ts";
import { PinnedProcess } from "../process.ts";
import { SoakChurn, type SoakPorts } from "./soak_churn.ts";

/** Shown by `--soak --help`. */
const HELP =
  `Lets publishers and players come, stall and leave in mid-send at an origin and an edge for a long time, and
looks whether memory and file descriptors stay flat.

deno task bench --soak [MINUTES] [OPTIONS]   default 10

  --streams N         publishers, each of which leaves and returns; default 10
  --players N         at any time, half of them at each server, over RTMP and HTTP-FLV; default 60
  --kbps N            of each stream; default 500
  --servers NAME      srs-ts or srs-ts-bin, the file that SRS_TS_BIN names; default srs-ts
  --seed N            of what happens; default 1

The first third is the warm-up. It fails where a server grows by more than 5 MiB a minute afterwards, or has more file
descriptors once all have left than before anybody came, but for a few that servers keep to each other.`;

const SAMPLE_MS = 5000;
const SAMPLES_PER_LINE = 12;
const MOST_GROWTH_MIB_PER_MINUTE = 5;
/** An edge keeps one connection to each origin. */
const MOST_KEPT_FDS = 4;
/** A server gives up a stalled player after 30 s, and a pull is kept for a while. */
const SETTLE_MS = 60_000;
const ALL_CORES = `0-${navigator.hardwareConcurrency - 1}`;

interface SoakedServer {
  readonly name: string;
  readonly ports: SoakPorts;
  readonly process: PinnedProcess;
  readonly before: ProcessUse;
  readonly samples: ProcessUse[];
}

/** The mode `--soak` of the benchmark. @returns The exit status. */
export async function benchSoak(args: string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs(args.filter((arg) => arg !== "--"), {
    string: ["soak", "streams", "players", "kbps", "servers", "seed"],
    boolean: ["help"],
    unknown: (arg: string) => (unknown.push(arg), false),
  });
  if (flags.help) {
    await printLine(HELP);
    return 0;
  }
  const load: SoakLoad = {
    minutes: Number(flags.soak || 10),
    streams: Number(flags.streams ?? 10),
    players: Number(flags.players ?? 60),
    kbps: Number(flags.kbps ?? 500),
    seed: Number(flags.seed ?? 1),
  };
  const peer = [srsTs, srsTsBinary].find(({ name }) => name === (flags.servers ?? srsTs.name));
  if (unknown.length > 0 || peer === undefined || !Object.values(load).every((value) => value > 0)) {
    await printLine(`Not understood: ${[...unknown, flags.servers].join(" ")}\nTry --soak --help`, Deno.stderr);
    return 2;
  }
  const missing = await peer.prepare();
  if (missing !== null) {
    await printLine(`NOT MEASURED ${peer.name}: ${missing}`);
    return 1;
  }
  const dir = await Deno.makeTempDir({ prefix: "srs-ts-soak-" });
  await using parts = new AsyncDisposableStack();
  parts.defer(() => Deno.remove(dir, { recursive: true }));
  const start = async (name: string, originPort: number | null): Promise<SoakedServer> => {
    const ports = { rtmp: freePort(), http: freePort() };
    await Deno.mkdir(`${dir}/${name}`);
    const command = peer.command({
      port: ports.rtmp,
      httpPort: ports.http,
      kbps: 0,
      dir: `${dir}/${name}`,
      originPort,
      tuning: defaultTuning,
      workers: 1,
    });
    const process = parts.use(
      new PinnedProcess(name, command, { cores: ALL_CORES, logPath: `${dir}/${name}.log` }),
    );
    await until(() => isListening(ports.rtmp), 30_000, () => `${name} to listen`);
    await sleep(SAMPLE_MS);
    return { name, ports, process, before: useOf(process.pid, []), samples: [] };
  };
  const origin = await start("origin", null);
  const servers = [origin, await start("edge", origin.ports.rtmp)];
  await soak(servers, load);
  return await judge(servers);
}

interface SoakLoad {
  readonly minutes: number;
  readonly streams: number;
  readonly players: number;
  readonly kbps: number;
  readonly seed: number;
}

async function soak(servers: readonly SoakedServer[], load: SoakLoad): Promise<void> {
  const { minutes, seed } = load;
  const churn = new SoakChurn({ ...load, servers: servers.map(({ ports }) => ports), prng: new Prng(seed) });
  const startedMs = performance.now();
  const tell = async () => {
    const { publishes, plays, stalls, endedByServer, empty, bytes } = churn.counts;
    await printLine(
      `${((performance.now() - startedMs) / 60_000).toFixed(1)} min: ${servers.map(describe).join(", ")}; ` +
        `${publishes} publishes, ${plays} plays, of which ${stalls} stalled, ${endedByServer} ended by the server, ` +
        `${empty} without media; ${(bytes / 1e6).toFixed(0)} MB`,
    );
  };
  for (let samples = 1; performance.now() - startedMs < minutes * 60_000; samples++) {
    await sleep(SAMPLE_MS);
    for (const server of servers) {
      if (server.process.ended) throw new Error(`the ${server.name} has ended`);
      server.samples.push(useOf(server.process.pid, []));
    }
    if (samples % SAMPLES_PER_LINE === 0) await tell();
  }
  await churn[Symbol.asyncDispose]();
  await tell();
}

/** Says how flat each server was, once all have left. */
async function judge(servers: readonly SoakedServer[]): Promise<number> {
  const isLeft = ({ process, before }: SoakedServer) => useOf(process.pid, []).fds - before.fds > MOST_KEPT_FDS;
  const endMs = performance.now() + SETTLE_MS;
  while (servers.some(isLeft) && performance.now() < endMs) await sleep(1000);
  let isFlat = true;
  for (const { name, process, before, samples } of servers) {
    const settled = samples.slice(Math.floor(samples.length / 3));
    const perMinute = slope(settled.map(({ rssMiB }) => rssMiB)) * 60_000 / SAMPLE_MS;
    const most = Math.max(...samples.map(({ rssMiB }) => rssMiB));
    const { fds, rssMiB } = useOf(process.pid, []);
    const grows = perMinute > MOST_GROWTH_MIB_PER_MINUTE;
    const leaks = fds - before.fds > MOST_KEPT_FDS;
    isFlat &&= !grows && !leaks;
    await printLine(
      `${name}: ${before.rssMiB.toFixed(0)} MiB before, ${most.toFixed(0)} at most, ${rssMiB.toFixed(0)} after, ` +
        `${perMinute.toFixed(2)} MiB a minute${grows ? " (GROWS)" : ""}; descriptors ${before.fds} before, ` +
        `${Math.max(...samples.map((sample) => sample.fds))} at most, ${fds} after${leaks ? " (LEFT OPEN)" : ""}`,
    );
  }
  return isFlat ? 0 : 1;
}

function describe({ name, samples }: SoakedServer): string {
  const { rssMiB = 0, fds = 0 } = samples.at(-1) ?? {};
  return `${name} ${rssMiB.toFixed(0)} MiB, ${fds} descriptors`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
