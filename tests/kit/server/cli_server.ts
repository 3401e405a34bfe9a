import { freePort, isListening, Program, programCommand, until } from "../launcher.ts";

/** Runs a test in a directory of its own. */
export async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Options of {@link CliServer.start}. */
export interface CliServerOptions {
  /** Directives besides `listen`, `pid` and a vhost. */
  more?: string;
  /** Without it a free one is taken. */
  port?: number;
}

/** An origin in a directory, with its pid file `objs/x.pid`. */
export class CliServer implements AsyncDisposable {
  readonly program: Program;
  readonly port: number;
  readonly #directory: string;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.port = port;
    this.program = new Program(programCommand("origin", "-c", "x.conf"), { cwd: directory });
  }

  /** Starts it, without waiting for anything. */
  static async launch(directory: string, options: CliServerOptions = {}): Promise<CliServer> {
    const { more = "srs_log_tank console;", port = freePort() } = options;
    const text =
      `listen 127.0.0.1:${port};\npid objs/x.pid;\nmax_connections 100;\n${more}\nvhost __defaultVhost__ { }\n`;
    await Deno.writeTextFile(`${directory}/x.conf`, text);
    return new CliServer(directory, port);
  }

  /** Starts it and waits until it listens. */
  static async start(directory: string, options: CliServerOptions = {}): Promise<CliServer> {
    const server = await CliServer.launch(directory, options);
    await until(() => isListening(server.port), 15_000, () => `the server to listen; ${server.program.output}`);
    return server;
  }

  /** What the pid file holds, or null when there is none. */
  async pidFile(): Promise<string | null> {
    return await Deno.readTextFile(`${this.#directory}/objs/x.pid`).catch(() => null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
