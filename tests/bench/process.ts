import { lines } from "./control.ts";

/** What a process tree has used so far. */
export interface Usage {
  /** CPU time of all threads, user and system, from schedstat. */
  cpuMs: number;
  /** The kernel's share of it, from `/proc/<pid>/stat`: in steps of 10 ms. */
  systemMs: number;
  rssBytes: number;
  /** CPU time of each thread of the process itself, by thread id. */
  threads: Map<string, ThreadUsage>;
}

/** CPU time of one thread. */
export interface ThreadUsage {
  name: string;
  cpuMs: number;
}

const MS_PER_TICK = 10;

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // A thread or child that has just ended.
    return "";
  }
}

function tasks(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => `/proc/${pid}/task/${name}`);
  } catch {
    return [];
  }
}

/** Usage of a process and all its descendants. Threads that have ended are not in it. */
export function usageOf(pid: number): Usage {
  const usage: Usage = { cpuMs: 0, systemMs: 0, rssBytes: 0, threads: new Map() };
  for (const task of tasks(pid)) {
    const cpuMs = Number(read(`${task}/schedstat`).split(" ")[0]) / 1e6;
    usage.cpuMs += cpuMs;
    usage.threads.set(task, { name: read(`${task}/comm`).trim(), cpuMs });
    for (const child of read(`${task}/children`).split(" ").filter(Boolean)) {
      const more = usageOf(Number(child));
      usage.cpuMs += more.cpuMs;
      usage.systemMs += more.systemMs;
      usage.rssBytes += more.rssBytes;
    }
  }
  // The name, field 2, may hold spaces: fields are counted from its closing bracket.
  const fields = read(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  usage.systemMs += Number(fields[12] ?? 0) * MS_PER_TICK;
  usage.rssBytes += Number(/VmRSS:\s*(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
  return usage;
}

/** CPU time that all of the machine's cores have spent working so far. */
export function machineCpuMs(): number {
  const [user, nice, system, , , irq, softirq] = read("/proc/stat").split("\n")[0]!.split(/ +/).slice(1).map(Number);
  return [user, nice, system, irq, softirq].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) * MS_PER_TICK;
}

/** A program pinned to some cores, ended with its owner's scope. */
export class PinnedProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #name: string;
  readonly #lines: AsyncGenerator<string> | null;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | null;
  #ended = false;

  /**
   * @param options `cores` to run on, as taskset's list; `logPath` takes what it prints, or, when null, the program is a load that is
   * talked to over its standard streams.
   */
  constructor(name: string, command: string[], options: { cores: string; logPath: string | null }) {
    const { cores, logPath } = options;
    this.#name = name;
    const args = ["-c", cores, ...command];
    if (logPath === null) {
      this.#child = new Deno.Command("taskset", { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
      this.#lines = lines(this.#child.stdout);
      this.#stdin = this.#child.stdin.getWriter();
    } else {
      // Deno gives a child no file to write to: a shell opens it and becomes the program.
      const script = 'exec "$@" > "$0" 2>&1';
      const shell = ["-c", script, logPath, "taskset", ...args];
      this.#child = new Deno.Command("sh", { args: shell, stdin: "null", stdout: "null", stderr: "null" }).spawn();
      this.#lines = null;
      this.#stdin = null;
    }
    this.#child.status.then(() => this.#ended = true);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** True once the program has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends one line to a load. */
  async tell(line: string): Promise<void> {
    await this.#stdin?.write(Uint8Array.from(new TextEncoder().encode(`${line}\n`)));
  }

  /** The next event of that name from a load. */
  async event<T>(event: string, timeoutMs: number): Promise<T> {
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => deadline.reject(new Error(`${this.#name}: no "${event}" in time`)), timeoutMs);
    try {
      while (true) {
        const next = await Promise.race([this.#lines?.next(), deadline.promise]);
        if (next === undefined || next.done) throw new Error(`${this.#name} ended`);
        const parsed: T & { event: string } = JSON.parse(next.value);
        if (parsed.event === event) return parsed;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the program to end, and makes it after three seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      if (!this.#ended) this.#child.kill("SIGKILL");
    }, 3000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#stdin?.abort().catch(() => {});
  }
}
