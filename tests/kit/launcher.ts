/** Starts the real program and real peers for tests, and surely ends them. */

const main = new URL("../../main.ts", import.meta.url).pathname;

/** Command line of the program under test: from source, or the compiled file that `SRS_TS_BIN` names. */
export function programCommand(...args: string[]): [string, ...string[]] {
  const binary = Deno.env.get("SRS_TS_BIN");
  return binary ? [binary, ...args] : [Deno.execPath(), "run", "-A", "--no-check", main, ...args];
}

/** A running program with everything it printed. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<unknown>;
  /** Standard output and standard error, in the order they came. */
  output = "";

  /** It runs no longer. */
  hasEnded = false;

  /** Told of every piece of output as it comes. */
  onOutput: (text: string) => void = () => {};

  constructor(command: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    const [file, ...args] = command;
    this.#child = new Deno.Command(file!, { args, stdin: "null", stdout: "piped", stderr: "piped", ...options })
      .spawn();
    this.#child.status.then(() => this.hasEnded = true);
    this.#done = Promise.all([
      this.#collect(this.#child.stdout),
      this.#collect(this.#child.stderr),
      this.#child.status,
    ]);
  }

  /** Settles when it has ended and all that it printed was read. */
  get ended(): Promise<unknown> {
    return this.#done;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The exit status; the program is killed if it runs longer. */
  async status(limitMs: number): Promise<Deno.CommandStatus> {
    const timer = setTimeout(() => this.kill("SIGKILL"), limitMs);
    try {
      await this.#done;
      return await this.#child.status;
    } finally {
      clearTimeout(timer);
    }
  }

  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  /** Waits until the output holds `text`. */
  async prints(text: string, limitMs: number): Promise<void> {
    await until(() => this.output.includes(text), limitMs, () => `"${text}" in:\n${this.output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#done;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const part of stream) {
      const text = decoder.decode(part, { stream: true });
      this.output += text;
      this.onOutput(text);
    }
  }
}

/** Runs a program to its end. */
export async function run(command: readonly string[], limitMs: number): Promise<{ code: number; output: string }> {
  await using program = new Program(command);
  const { code } = await program.status(limitMs);
  return { code, output: program.output };
}

/** Waits for a condition, looking 20 times a second. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs: number, what: () => string) {
  const endMs = performance.now() + limitMs;
  while (!await condition()) {
    if (performance.now() > endMs) throw new Error(`Waited ${limitMs} ms for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A program may take so long to start on a busy machine, that is about to compile it. */
const START_MS = 60_000;

/** A TCP port that was free a moment ago; below those that Linux gives to connections, which would soon take it again. */
export function freePort(): number {
  for (let tries = 0;; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (tries === 100) throw error;
    }
  }
}

/** True when something accepts connections there. */
export async function isListening(port: number, hostname = "127.0.0.1"): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname, port });
    return true;
  } catch {
    return false;
  }
}

/** Ports of a {@link Cluster}. */
export interface ClusterPorts {
  rtmpA: number;
  apiA: number;
  rtmpB: number;
  apiB: number;
  edge: number;
  apiEdge: number;
}

/** A server of a {@link Cluster}. */
export type ServerName = "originA" | "originB" | "edge";

/** What {@link Cluster.start} may do otherwise. */
export interface ClusterOptions {
  /** Changes a configuration once the ports are in it. */
  adapt?(text: string, server: ServerName, ports: ClusterPorts): string;
  /** Command line of a server; this project's program by default. */
  command?(role: "origin" | "edge", confPath: string): [string, ...string[]];
}

const servers: Record<ServerName, { role: "origin" | "edge"; conf: string; port: "rtmpA" | "rtmpB" | "edge" }> = {
  originA: { role: "origin", conf: "origin.cluster.serverA.conf", port: "rtmpA" },
  originB: { role: "origin", conf: "origin.cluster.serverB.conf", port: "rtmpB" },
  edge: { role: "edge", conf: "origin.cluster.edge.conf", port: "edge" },
};

/** The walkthrough's two origins and edge as real processes, on free ports. */
export class Cluster implements AsyncDisposable {
  readonly #dir: string;
  readonly #options: ClusterOptions;
  readonly #programs = new Map<ServerName, Program>();
  readonly ports: ClusterPorts;

  private constructor(dir: string, ports: ClusterPorts, options: ClusterOptions) {
    this.#dir = dir;
    this.#options = options;
    this.ports = ports;
    // SRS makes no folder for its pid file, and ends without one.
    Deno.mkdirSync(`${dir}/objs`);
    for (const server of Object.keys(servers) as ServerName[]) this.#start(server);
  }

  /** Starts the three with the files of `conf/`, and waits until they listen. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const ports: ClusterPorts = {
      rtmpA: freePort(),
      apiA: freePort(),
      rtmpB: freePort(),
      apiB: freePort(),
      edge: freePort(),
      apiEdge: freePort(),
    };
    const cluster = new Cluster(await Deno.makeTempDir(), ports, options);
    try {
      for (const port of Object.values(ports)) {
        await until(() => isListening(port), START_MS, () => `port ${port}; ${cluster.logs}`);
      }
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get originA(): Program {
    return this.program("originA");
  }

  get originB(): Program {
    return this.program("originB");
  }

  get edge(): Program {
    return this.program("edge");
  }

  program(server: ServerName): Program {
    return this.#programs.get(server)!;
  }

  /** Address of a stream at one of the servers. */
  url(at: "rtmpA" | "rtmpB" | "edge", stream = "livestream"): string {
    return `rtmp://127.0.0.1:${this.ports[at]}/live/${stream}`;
  }

  get logs(): string {
    return `A:\n${this.originA.output}\nB:\n${this.originB.output}\nedge:\n${this.edge.output}`;
  }

  /** Ends a server without a warning. */
  async kill(server: ServerName): Promise<void> {
    await this.program(server)[Symbol.asyncDispose]();
  }

  /** Starts a server that was killed again, with the same ports; its log begins anew. */
  async restart(server: ServerName): Promise<void> {
    await this.kill(server);
    this.#start(server);
    const port = this.ports[servers[server].port];
    await until(() => isListening(port), START_MS, () => `port ${port}; ${this.program(server).output}`);
  }

  /** Starts all servers again that run no longer. */
  async recover(): Promise<void> {
    for (const [server, program] of this.#programs) if (program.hasEnded) await this.restart(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.values()) await program[Symbol.asyncDispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }

  #start(server: ServerName): void {
    const { role, conf } = servers[server];
    const { adapt = (text) => text, command = (role, path) => programCommand(role, "-c", path) } = this.#options;
    const text = Deno.readTextFileSync(new URL(`../../conf/${conf}`, import.meta.url));
    const path = `${this.#dir}/${conf}`;
    Deno.writeTextFileSync(path, adapt(this.#withPorts(text), server, this.ports));
    this.#programs.set(server, new Program(command(role, path), { cwd: this.#dir }));
  }

  #withPorts(text: string): string {
    const { rtmpA, apiA, rtmpB, apiB, edge, apiEdge } = this.ports;
    const ports: Record<string, number> = {
      19350: rtmpA,
      9090: apiA,
      19351: rtmpB,
      9091: apiB,
      1935: edge,
      9092: apiEdge,
    };
    return text.replace(/\b(19350|19351|9090|9091|1935|9092)\b/g, (port) => String(ports[port]));
  }
}
