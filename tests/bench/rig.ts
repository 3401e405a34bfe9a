import { freePort, isListening } from "../kit/launcher.ts";
import type { Peer, Tuning } from "./peers.ts";
import { srsTs } from "./peer_srs.ts";
import { PinnedProcess } from "./process.ts";
import { defaultTuning } from "./peers.ts";

/** What is set up for a measurement, and where it runs. */
export interface RigOptions {
  /** An edge pulls from an origin of this project, which runs on the load's core. */
  role: "origin" | "edge";
  streams: number;
  /** Of each stream, audio and video. */
  kbps: number;
  tuning: Tuning;
  workers: number;
  /** As taskset's lists. */
  serverCores: string;
  loadCores: string;
  /** Published instead of the synthetic stream. */
  file?: string;
  /** `hls { }` of the server, in SRS's language; `DIR` stands for a directory of its own. */
  hls?: string;
  /** Publishers send portions, as they do by themselves where there are very many. */
  sendsPortions?: boolean;
}

const PORT_TIMEOUT_MS = 15_000;
/** Above it a publisher sends portions, as another server does: one process cannot write so many single frames. */
const MAX_SINGLE_FRAME_STREAMS = 400;
const PORTION_MS = 350;

const here = new URL(".", import.meta.url).pathname;

/** A server under test with its publishers, and the origin behind it when it is an edge. */
export class Rig implements AsyncDisposable {
  readonly #parts: AsyncDisposableStack;
  readonly #options: RigOptions;
  readonly server: PinnedProcess;
  /** Null for a server that makes its own stream. */
  readonly publisher: PinnedProcess | null;
  readonly #urls: { rtmp: string; flv: string };

  private constructor(
    parts: AsyncDisposableStack,
    options: RigOptions,
    running: { server: PinnedProcess; publisher: PinnedProcess | null; port: number; httpPort: number },
  ) {
    this.#parts = parts;
    this.#options = options;
    this.server = running.server;
    this.publisher = running.publisher;
    this.#urls = {
      rtmp: `rtmp://127.0.0.1:${running.port}/live/bench`,
      flv: `http://127.0.0.1:${running.httpPort}/live/bench`,
    };
  }

  /**
   * Starts everything and waits until all streams are published.
   *
   * @throws {Error} When something does not start; the text has the end of the server's log.
   */
  static async start(peer: Peer, options: RigOptions, withPublisher = peer.ownSource === undefined): Promise<Rig> {
    const dir = await Deno.makeTempDir({ prefix: "srs-ts-bench-" });
    const parts = new AsyncDisposableStack();
    parts.defer(() => Deno.remove(dir, { recursive: true }));
    try {
      const origin = options.role === "edge" ? await startOrigin(`${dir}/origin`, options, parts) : null;
      const [port, httpPort] = [freePort(), freePort()];
      const { kbps, tuning, workers, serverCores } = options;
      const hls = options.hls?.replaceAll("DIR", dir) ?? "";
      const command = peer.command({ port, httpPort, kbps, dir, originPort: origin, tuning, workers, hls });
      const server = parts.use(
        new PinnedProcess(peer.name, command, { cores: serverCores, logPath: `${dir}/server.log` }),
      );
      await waitForPort(port, server);
      const publisher = withPublisher ? parts.use(startPublisher(origin ?? port, options)) : null;
      await publisher?.event("ready", 60_000);
      return new Rig(parts, options, { server, publisher, port, httpPort });
    } catch (error) {
      const log = await Deno.readTextFile(`${dir}/server.log`).catch(() => "");
      await parts.disposeAsync();
      throw new Error(`${error instanceof Error ? error.message : error}\n${log.slice(-1500)}`);
    }
  }

  /** Starts players of this server's streams, on the load's cores. The caller ends them. */
  play(protocol: "rtmp" | "flv", players: number, rampSeconds: number): PinnedProcess {
    return startLoad("load_players", this.#urls[protocol], this.#options, [
      `--players=${players}`,
      `--ramp=${rampSeconds}`,
    ]);
  }

  /** Address of the playlist of the stream, the first where there are several. */
  get hlsUrl(): string {
    return `${this.#urls.flv}${this.#options.streams === 1 ? "" : "0"}.m3u8`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}

async function startOrigin(dir: string, options: RigOptions, parts: AsyncDisposableStack): Promise<number> {
  await Deno.mkdir(dir);
  const [port, httpPort] = [freePort(), freePort()];
  const tuning = { ...defaultTuning, minLatency: options.tuning.minLatency, mwLatencyMs: options.tuning.mwLatencyMs };
  const start = { port, httpPort, kbps: options.kbps, dir, originPort: null, tuning, workers: 1 };
  const origin = parts.use(
    new PinnedProcess("origin", srsTs.command(start), { cores: options.loadCores, logPath: `${dir}/origin.log` }),
  );
  await waitForPort(port, origin);
  return port;
}

function startPublisher(port: number, options: RigOptions): PinnedProcess {
  const { kbps, file, streams, sendsPortions = streams > MAX_SINGLE_FRAME_STREAMS } = options;
  return startLoad("load_publisher", `rtmp://127.0.0.1:${port}/live/bench`, options, [
    file === undefined ? `--kbps=${kbps}` : `--file=${file}`,
    `--portion=${sendsPortions ? PORTION_MS : 0}`,
  ]);
}

function startLoad(program: string, url: string, { streams, loadCores }: RigOptions, args: string[]): PinnedProcess {
  const deno = [Deno.execPath(), "run", "-A", "--no-check", `${here}${program}.ts`, url, "--control"];
  return new PinnedProcess(program, [...deno, `--streams=${streams}`, ...args], { cores: loadCores, logPath: null });
}

async function waitForPort(port: number, server: PinnedProcess): Promise<void> {
  const until = performance.now() + PORT_TIMEOUT_MS;
  while (!server.ended && performance.now() < until) {
    if (await isListening(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(server.ended ? "the server ended at once" : `the server does not listen on port ${port}`);
}
