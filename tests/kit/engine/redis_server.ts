import { openEngine } from "../../../src/net/engine_client.ts";
import type { EngineLink, EngineReply } from "../../../src/base/engine.ts";
import { freePort, isListening, Program, until } from "../launcher.ts";

/** Debian's `redis-server` on a free port of this machine; it keeps nothing on a disk, and ends with the test. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #args: readonly string[];
  #program: Program;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#program = this.#spawn();
  }

  /** Starts it and waits until it listens. @param args Further words of its command line. */
  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(freePort(), args);
    await server.#listens();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** `SIGSTOP`: it listens, and does nothing. */
  freeze(): void {
    this.#program.kill("SIGSTOP");
  }

  thaw(): void {
    this.#program.kill("SIGCONT");
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }

  /** Starts it again on its port, empty. */
  async restart(): Promise<void> {
    await this.kill();
    this.#program = this.#spawn();
    await this.#listens();
  }

  /** Puts one command. */
  async call(...command: string[]): Promise<EngineReply> {
    using link = await this.open();
    return await link.call(command);
  }

  /** A connection of the test's own. */
  async open(): Promise<EngineLink> {
    const endpoint = {
      host: "127.0.0.1",
      port: this.port,
      tls: null,
      username: "",
      password: "",
      database: 0,
      clientName: "test",
      isTracked: true,
    };
    return await openEngine(endpoint, { onChanged() {}, onEnd() {} }, AbortSignal.timeout(5000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #spawn(): Program {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    return new Program(["redis-server", ...own, "--maxclients", "18000", "--dir", "/tmp", ...this.#args]);
  }

  async #listens(): Promise<void> {
    await until(() => isListening(this.port), 10_000, () => `redis-server:\n${this.#program.output}`);
  }
}
