import { freePort, isListening, Program, programCommand, until } from "../launcher.ts";
import { Publisher, Viewer } from "../server/rtmp_rig.ts";
import type { AttackCount, AttackOrder } from "./attack_worker.ts";
import type { AttackedPorts } from "./hostile_dialogue.ts";

/** How to attack. */
export interface AttackOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Connections a second. */
  readonly rate: number;
  /** Told every few seconds how it goes. */
  onProgress?(text: string): void;
}

/** What became of the server and of those who use it. */
export interface AttackReport extends AttackCount {
  readonly seed: number;
  readonly connections: number;
  /** Frames of the healthy player that something was missing after, or that came twice. */
  readonly breaks: readonly number[];
  readonly frames: number;
  readonly worstGapMs: number;
  readonly rssBeforeMb: number;
  readonly rssAfterMb: number;
  /** Files that the server has open when the attackers have left, beyond those before. */
  readonly filesLeft: number;
  /** Lines of its log that tell of an error of its own. */
  readonly faults: readonly string[];
  readonly isAlive: boolean;
}

const captures = new URL("../../fixtures/captures/", import.meta.url);
const PROGRESS_MS = 5000;
/** Attackers are given up by the server within its own time-outs. */
const SETTLE_MS = 25_000;

/** Attacks a server of its own, beside a publisher and a player that must not notice. */
export async function runAttack(options: AttackOptions): Promise<AttackReport> {
  const { seed, seconds, rate, onProgress = () => {} } = options;
  const directory = await Deno.makeTempDir();
  const ports = { rtmp: freePort(), api: freePort(), web: freePort() };
  await Deno.writeTextFile(`${directory}/x.conf`, configOf(ports));
  await using server = new Program(programCommand("origin", "-c", "x.conf"), { cwd: directory });
  await until(() => isListening(ports.web), 30_000, () => `the server to listen; ${server.output}`);
  // First: to start a thread keeps this one busy for some time, and the player with it.
  using attackers = new Attackers();
  await attackers.ready();
  using publisher = await Publisher.start(ports.rtmp, "healthy");
  using viewer = await Viewer.start(ports.rtmp, "healthy");
  await viewer.waitForFrames(50);
  const before = await useOf(server.pid);
  const timer = setInterval(() => {
    onProgress(`${viewer.frames.length} frames, longest gap ${Math.round(viewer.worstGapMs)} ms`);
  }, PROGRESS_MS);
  const count = await attackers.run({ ports, captures: await readCaptures(), seed, rate, forMs: seconds * 1000 });
  clearInterval(timer);

  const { worstGapMs } = viewer;
  await until(
    async () => (await useOf(server.pid)).files <= before.files + 2,
    SETTLE_MS,
    () => "attackers to be let go of",
  )
    .catch(() => {});
  const after = await useOf(server.pid);
  publisher.unpublish();
  const faults = server.output.split("\n").filter((line) =>
    /internalError|Uncaught|uncaught|TypeError|RangeError/.test(line)
  );
  const isAlive = await isListening(ports.rtmp) && await isListening(ports.api);
  await Deno.remove(directory, { recursive: true });
  return {
    seed,
    ...count,
    connections: Object.values(count.byKind).reduce((sum, each) => sum + each, 0),
    breaks: viewer.breaks,
    frames: viewer.frames.length,
    worstGapMs: Math.round(worstGapMs),
    rssBeforeMb: before.rssMb,
    rssAfterMb: after.rssMb,
    filesLeft: after.files - before.files,
    faults,
    isAlive,
  };
}

function configOf({ rtmp, api, web }: AttackedPorts): string {
  return `listen 127.0.0.1:${rtmp}; pid x.pid; daemon off; srs_log_tank console; srs_log_level warn;
    max_connections 1000; workers 1; http_api { enabled on; listen 127.0.0.1:${api}; }
    http_server { enabled on; listen 127.0.0.1:${web}; } exporter { enabled on; listen 127.0.0.1:${freePort()}; }
    vhost __defaultVhost__ { min_latency on; http_remux { enabled on; } }`;
}

/** What clients have sent in real dialogues. */
async function readCaptures(): Promise<Uint8Array<ArrayBuffer>[]> {
  const found: Uint8Array<ArrayBuffer>[] = [];
  for await (const { name } of Deno.readDir(captures)) {
    if (name.endsWith(".c2s.bin")) found.push(await Deno.readFile(new URL(name, captures)));
  }
  return found;
}

async function useOf(pid: number): Promise<{ rssMb: number; files: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const rssMb = Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  return { rssMb, files: (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length };
}

/** A thread of attackers. */
class Attackers implements Disposable {
  readonly #worker = new Worker(new URL("./attack_worker.ts", import.meta.url), { type: "module" });

  /** Settles when it listens. */
  ready(): Promise<void> {
    return this.#next<void>();
  }

  run(order: AttackOrder): Promise<AttackCount> {
    const count = this.#next<AttackCount>();
    this.#worker.postMessage(order);
    return count;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #next<T>(): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    this.#worker.onmessage = ({ data }) => resolve(data);
    return promise;
  }
}
