import { DemoChild } from "./child.ts";
import type { DemoServer } from "./conf.ts";
import { SrsError } from "../../base/errors.ts";
import { describeFileError } from "../../base/file_error.ts";
import { pause } from "../pause.ts";
import { systemTimers } from "../../base/clock.ts";

/** Who hears of the programs of the demo. */
export interface DemoClusterListener {
  /** A program has printed a line. */
  onLine(name: string, line: string): void;
  /** A program has ended though the demo goes on. @param isWanted The user ended it. */
  onEnd(child: DemoChild, isWanted: boolean): void;
}

/** Name of the program that publishes. */
export const PUBLISHER = "publisher";

const STOP_LIMIT_MS = 3000;
/** On Ctrl-C a terminal tells all programs at once: time for them to end by themselves. */
const INTERRUPT_GRACE_MS = 500;
const LOOK_EVERY_MS = 50;

/** The programs of the demo and the directory they run in; both are gone when it is disposed. */
export class DemoCluster implements AsyncDisposable {
  readonly #directory: string;
  readonly #onLine: DemoClusterListener["onLine"];
  readonly #children: DemoChild[] = [];
  readonly #servers: readonly DemoServer[];
  /** Programs whose end is wanted. */
  readonly #dismissed = new Set<DemoChild>();
  readonly #onEnd: (child: DemoChild, isWanted: boolean) => void;
  readonly #onUnload = () => this.#abandon();
  #isStopping = false;

  private constructor(directory: string, servers: readonly DemoServer[], events: DemoClusterListener) {
    this.#directory = directory;
    this.#servers = servers;
    this.#onLine = events.onLine;
    this.#onEnd = events.onEnd;
    // A forced end does not wait for anything, but leaves nothing behind either.
    addEventListener("unload", this.#onUnload);
  }

  /** Starts the servers, with pid files and all in a new temporary directory. */
  static async start(servers: readonly DemoServer[], events: DemoClusterListener): Promise<DemoCluster> {
    const cluster = new DemoCluster(await makeDirectory(), servers, events);
    try {
      await Deno.mkdir(`${cluster.#directory}/conf`);
      for (const { confPath, confText } of servers) {
        await Deno.writeTextFile(`${cluster.#directory}/${confPath}`, confText);
      }
      for (const { name } of servers) cluster.startServer(name);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Starts a server, again if it has ended. */
  startServer(name: string): void {
    const server = this.#servers.find((each) => each.name === name);
    if (server === undefined || this.isRunning(name)) return;
    this.#spawn(name, [server.command, "--asprocess", "-c", server.confPath]);
  }

  isRunning(name: string): boolean {
    return this.#find(name)?.isRunning === true;
  }

  /** Ends a server, which is no failure: at once, or when its clients are elsewhere. */
  dismiss(name: string, signal: "SIGKILL" | "SIGQUIT"): void {
    const child = this.#find(name);
    if (child === undefined) return;
    this.#dismissed.add(child);
    child.kill(signal);
  }

  /** Starts the publisher, in place of the one that there is, as an encoder turns to its backup server. */
  publish(url: string): void {
    const former = this.#find(PUBLISHER);
    if (former?.isRunning) {
      this.#dismissed.add(former);
      former.kill("SIGTERM");
    }
    this.#spawn(PUBLISHER, ["push", "--asprocess", "--json", url]);
  }

  /** Ends all programs, the latest first, and removes what they left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const child of this.#children.toReversed()) await child.stop(STOP_LIMIT_MS);
    removeEventListener("unload", this.#onUnload);
    await Deno.remove(this.#directory, { recursive: true }).catch(ignoreMissing);
  }

  /** Gives programs that were interrupted together with this one the time to end. */
  async waitForInterrupted(): Promise<void> {
    this.#isStopping = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, INTERRUPT_GRACE_MS));
    await Promise.race([Promise.all(this.#children.map(({ ended }) => ended)), limit]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #spawn(name: string, args: readonly string[]): void {
    const onLine = (line: string) => {
      if (!this.#isStopping) this.#onLine(name, line);
    };
    const child = new DemoChild(name, args, { cwd: this.#directory, onLine });
    this.#children.push(child);
    child.ended.then(() => {
      if (!this.#isStopping) this.#onEnd(child, this.#dismissed.has(child));
    });
  }

  /** The latest program of that name. */
  #find(name: string): DemoChild | undefined {
    return this.#children.findLast((child) => child.name === name);
  }

  #abandon(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    try {
      Deno.removeSync(this.#directory, { recursive: true });
    } catch (error) {
      ignoreMissing(error);
    }
  }
}

/** A new temporary directory. @throws {SrsError} If there is no place for one. */
async function makeDirectory(): Promise<string> {
  try {
    return await Deno.makeTempDir({ prefix: "srs-ts-demo-" });
  } catch (error) {
    const why = describeFileError(error);
    throw new SrsError("ConfigInvalid", `cannot make a temporary directory: ${why}; set TMPDIR to one that exists`, {
      cause: error,
    });
  }
}

/** Waits until somebody listens on every port, or `stop` aborts. Whether all were there in time. */
export async function waitForPorts(ports: readonly number[], limitMs: number, stop: AbortSignal): Promise<boolean> {
  const endMs = systemTimers.nowMs() + limitMs;
  for (const port of ports) {
    while (!await isListening(port)) {
      if (stop.aborted || systemTimers.nowMs() > endMs) return false;
      await pause(systemTimers, LOOK_EVERY_MS, stop);
    }
  }
  return !stop.aborted;
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
