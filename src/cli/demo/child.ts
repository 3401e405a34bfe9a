import { ownCommand } from "../own_command.ts";

/** A program of the demo, and what it prints. */
export class DemoChild {
  readonly name: string;
  /** Settles when the program has ended and its last line was read. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #lastLines: string[] = [];
  #isRunning = true;

  /**
   * Starts it.
   *
   * @param args Of this program: the demo's children are `srs-ts` too.
   * @param onLine Called with each line of output, whichever stream it came from.
   */
  constructor(name: string, args: readonly string[], options: { cwd: string; onLine(line: string): void }) {
    const { cwd, onLine } = options;
    const [file, ...all] = [...ownCommand(), ...args];
    this.name = name;
    this.#child = new Deno.Command(file, {
      args: all,
      cwd,
      // The files of conf/ are to be run, not what the environment makes of them.
      clearEnv: true,
      env: Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([key]) => !key.startsWith("SRS_"))),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = (line: string) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > 8) this.#lastLines.shift();
      onLine(line);
    };
    this.#child.status.then(() => this.#isRunning = false);
    const output = [readLines(this.#child.stdout, read), readLines(this.#child.stderr, read)];
    this.ended = Promise.all(output).then(() => this.#child.status);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The end of what it printed. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  kill(signal: "SIGTERM" | "SIGKILL" | "SIGQUIT"): void {
    if (!this.#isRunning) return;
    try {
      this.#child.kill(signal);
    } catch {
      // It ended a moment ago.
    }
  }

  /** Asks the program to end, and makes it if it has not after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), limitMs);
    await this.ended;
    clearTimeout(timer);
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    // What never ends is no line.
    rest = (lines.pop() ?? "").slice(-8192);
    for (const line of lines) onLine(line);
  }
  if (rest !== "") onLine(rest);
}
