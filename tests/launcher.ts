/** Starts the real program and real peers for tests, and surely ends them. */

const main = new URL("../main.ts", import.meta.url).pathname;

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

  constructor(command: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    const [file, ...args] = command;
    this.#child = new Deno.Command(file!, { args, stdin: "null", stdout: "piped", stderr: "piped", ...options })
      .spawn();
    this.#done = Promise.all([
      this.#collect(this.#child.stdout),
      this.#collect(this.#child.stderr),
      this.#child.status,
    ]);
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
    for await (const part of stream) this.output += decoder.decode(part, { stream: true });
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

/** A TCP port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** True when something accepts connections there. */
export async function isListening(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
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
}

/** The walkthrough's two origins and edge as real processes, on free ports. */
export class Cluster implements AsyncDisposable {
  readonly #dir: string;
  readonly ports: ClusterPorts;
  readonly originA: Program;
  readonly originB: Program;
  readonly edge: Program;

  private constructor(dir: string, ports: ClusterPorts) {
    this.#dir = dir;
    this.ports = ports;
    this.originA = this.#start("origin", "origin.cluster.serverA.conf");
    this.originB = this.#start("origin", "origin.cluster.serverB.conf");
    this.edge = this.#start("edge", "origin.cluster.edge.conf");
  }

  /** Starts the three with the files of `conf/`, and waits until they listen. */
  static async start(): Promise<Cluster> {
    const [rtmpA, apiA, rtmpB, apiB, edge] = Array.from({ length: 5 }, freePort) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const cluster = new Cluster(await Deno.makeTempDir(), { rtmpA, apiA, rtmpB, apiB, edge });
    for (const port of [rtmpA, apiA, rtmpB, apiB, edge]) {
      await until(() => isListening(port), 20_000, () => `port ${port}; ${cluster.logs}`);
    }
    return cluster;
  }

  /** Address of a stream at one of the servers. */
  url(at: "rtmpA" | "rtmpB" | "edge", stream = "livestream"): string {
    return `rtmp://127.0.0.1:${this.ports[at]}/live/${stream}`;
  }

  get logs(): string {
    return `A:\n${this.originA.output}\nB:\n${this.originB.output}\nedge:\n${this.edge.output}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of [this.originA, this.originB, this.edge]) await program[Symbol.asyncDispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }

  #start(role: "origin" | "edge", name: string): Program {
    const text = Deno.readTextFileSync(new URL(`../conf/${name}`, import.meta.url));
    const path = `${this.#dir}/${name}`;
    Deno.writeTextFileSync(path, this.#withPorts(text));
    return new Program(programCommand(role, "-c", path), { cwd: this.#dir });
  }

  #withPorts(text: string): string {
    const { rtmpA, apiA, rtmpB, apiB, edge } = this.ports;
    const ports: Record<string, number> = { 19350: rtmpA, 9090: apiA, 19351: rtmpB, 9091: apiB, 1935: edge };
    return text.replace(/\b(19350|19351|9090|9091|1935)\b/g, (port) => String(ports[port]));
  }
}
