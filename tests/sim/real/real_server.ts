import { isListening, Program, programCommand, until } from "../../kit/launcher.ts";
import type { Configuration } from "../world/configurations.ts";
import type { OwnServerView, ServerPorts } from "../world/cluster_view.ts";
import type { SimLog } from "../sim_log.ts";

/** What a server's process has to do with. */
export interface RealServerOptions extends Configuration {
  readonly ports: ServerPorts;
  /** Its configuration and its pid file lie here. */
  readonly directory: string;
  readonly log: SimLog;
  onFault(who: string, text: string): void;
}

/** Seven of them on a busy machine take half a minute. */
const START_MS = 90_000;
/** After `SIGTERM`. */
const STOP_MS = 5000;
/** After `SIGQUIT`: `grace_start_wait`, `grace_final_wait`, and what a busy machine takes. */
const DRAIN_MS = 12_000;

/** A process that is an origin or an edge, at an address of its own of this machine. */
export class RealServer implements OwnServerView {
  readonly name: string;
  readonly ip: string;
  readonly isEdge: boolean;
  text: string;
  starts = 0;
  readonly #options: RealServerOptions;
  #program: Program | null = null;
  #starting: Promise<void> | null = null;
  /** Those that were told to end. */
  readonly #ending = new WeakSet<Program>();

  constructor(options: RealServerOptions) {
    this.#options = options;
    this.name = options.name;
    this.ip = options.ip;
    this.text = options.text;
    this.isEdge = options.text.includes("mode remote");
  }

  get rtmp(): string {
    return `${this.ip}:${this.#options.ports.rtmp}`;
  }

  /** Settles when it listens. Does nothing while it runs. */
  start(): Promise<void> {
    if (this.#program !== null) return this.#starting ?? Promise.resolve();
    return this.#starting = this.#start().finally(() => this.#starting = null);
  }

  /** Ends it at this moment, as by `kill -9`. */
  async kill(): Promise<void> {
    const program = this.#program;
    if (program === null) return;
    this.#options.log.add(this.name, "is killed");
    this.#ending.add(program);
    await program[Symbol.asyncDispose]();
    if (this.#program === program) this.#program = null;
  }

  /** `SIGSTOP`, or `SIGCONT`. */
  freeze(isFrozen: boolean): void {
    this.#program?.kill(isFrozen ? "SIGSTOP" : "SIGCONT");
  }

  /** Ends it gracefully, by `SIGQUIT`. */
  async drain(): Promise<void> {
    this.#options.log.add(this.name, "drains");
    this.#program?.kill("SIGQUIT");
    await this.drained();
  }

  /** Somebody drains it. Settles when it has ended, or does not end. */
  async drained(): Promise<void> {
    const program = this.#program;
    if (program === null) return;
    this.#ending.add(program);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, DRAIN_MS));
    await Promise.race([program.ended, late]);
    clearTimeout(timer);
  }

  async reload(text: string): Promise<void> {
    this.text = text;
    await Deno.writeTextFile(this.#path, text);
    this.#program?.kill("SIGHUP");
  }

  /** Ends it as operators do at the end of a day. */
  async stop(): Promise<void> {
    const program = this.#program;
    if (program === null) return;
    this.#ending.add(program);
    program.kill("SIGTERM");
    const { code, signal } = await program.status(STOP_MS);
    if (signal === "SIGKILL") this.#options.onFault(this.name, `does not stop within ${STOP_MS} ms`);
    else if (code !== 0) this.#options.onFault(this.name, `ends with code ${code}`);
  }

  get #path(): string {
    return `${this.#options.directory}/${this.name}.conf`;
  }

  async #start(): Promise<void> {
    const { log, directory, ports, onFault } = this.#options;
    log.add(this.name, "starts");
    this.starts++;
    const program = this.#program = new Program(programCommand(this.isEdge ? "edge" : "origin", "-c", this.#path), {
      cwd: directory,
    });
    program.onOutput = (text) => this.#note(text);
    void program.ended.then(async () => {
      if (this.#program === program) this.#program = null;
      const { code, signal } = await program.status(0);
      log.add(this.name, "has ended");
      if (!this.#ending.has(program)) onFault(this.name, `has ended by itself: ${signal ?? `code ${code}`}`);
    });
    for (const port of Object.values(ports)) {
      const isReady = async () => program.hasEnded || await isListening(port, this.ip);
      await until(isReady, START_MS, () => `${this.name} at ${port}:\n${program.output}`);
    }
  }

  /** Its configuration, as it is when it starts first. */
  async write(): Promise<void> {
    await Deno.writeTextFile(this.#path, this.text);
  }

  /** Lines of its log, without what all of them begin with. */
  #note(text: string): void {
    for (const line of text.split("\n")) {
      const [, level = "", cid = "", words = line] = /^\[[^\]]*\]\[(\w+)\]\[\d+\]\[(\w*)\] (.*)$/.exec(line) ?? [];
      if (words !== "") {
        this.#options.log.add(this.name, level === "" ? words : `${level.toLowerCase()} [${cid}] ${words}`);
      }
    }
  }
}
