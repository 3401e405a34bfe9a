import type { Logger, LogLevel } from "../../../src/base/log.ts";
import { stopGracefully, stopServer } from "../../../src/cli/serve/stop.ts";
import { loadConfig, type LoadResult, requireConfig } from "../../../src/config/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { Reloader } from "../../../src/server/reload/reloader.ts";
import { Server } from "../../../src/server/server.ts";
import { MemoryHost } from "../../kit/memory/memory_host.ts";
import type { MachineEnd, MemoryNetwork } from "../../kit/memory/memory_network.ts";
import type { Random } from "../random.ts";
import type { SimLog } from "../sim_log.ts";
import { noFiles, processFacts } from "./machine.ts";

/** What a server is made of. */
export interface SimServerOptions {
  readonly name: string;
  readonly ip: string;
  /** Its configuration. */
  readonly text: string;
  readonly network: MemoryNetwork;
  readonly log: SimLog;
  readonly random: Random;
}

const never = new Promise<never>(() => {});

/** A machine that runs an origin or edge: RTMP at 1935, the API at 1985, HTTP at 8080. It can end, and start again. */
export class SimServer {
  readonly name: string;
  readonly ip: string;
  readonly isEdge: boolean;
  readonly #options: SimServerOptions;
  /** Null while it is down. */
  running: { readonly host: MemoryHost; readonly server: Server; readonly http: HttpServer } | null = null;
  /** Of all its starts. */
  readonly hosts: MemoryHost[] = [];
  /** Told of each request of HTTP that it makes. */
  onFetch: (url: string, method: string) => void = () => {};
  /** Told when a drain is over that somebody has asked for by the API. */
  onDrainedByApi = () => {};
  #isDraining = false;
  #drained = Promise.resolve(false);
  text: string;

  constructor(options: SimServerOptions) {
    this.#options = options;
    this.name = options.name;
    this.ip = options.ip;
    this.text = options.text;
    this.isEdge = options.text.includes("mode remote");
  }

  /** It runs, and is not about to stop. */
  get isUp(): boolean {
    return this.running !== null && !this.#isDraining;
  }

  get starts(): number {
    return this.hosts.length;
  }

  /** `host:port` of RTMP. */
  get rtmp(): string {
    return `${this.ip}:1935`;
  }

  /** Starts its process. Does nothing while it runs. */
  start(): void {
    if (this.running !== null) return;
    const { network, ip, random, log, name } = this.#options;
    log.add(name, "starts");
    const host = new MemoryHost(network, ip, {
      seed: random.next(),
      lateMs: random.fraction(),
      files: noFiles,
      process: processFacts,
    });
    host.onFetch = (url, method) => this.onFetch(url, method);
    this.hosts.push(host);
    const server = new Server(requireConfig(this.#load()), new ServerLog(log, name, ""), { world: host });
    const http = new HttpServer(server, { drain: () => void this.#drainByApi() });
    server.start();
    http.start();
    this.running = { host, server, http };
  }

  /** Ends it at this moment. @param how What becomes of each connection. */
  kill(how: () => MachineEnd): void {
    if (this.running === null) return;
    this.#options.log.add(this.name, "is killed");
    const { host, server } = this.running;
    this.running = null;
    this.#isDraining = false;
    host.kill(how);
    server.engine?.[Symbol.dispose]();
  }

  /** Ends it as `SIGQUIT` does. Settles when it is gone: whether it came to that, and was not killed before. */
  drain(): Promise<boolean> {
    const { running } = this;
    if (running !== null && !this.#isDraining) this.#drained = this.#drain(running);
    return this.#drained;
  }

  async #drain(running: NonNullable<SimServer["running"]>): Promise<boolean> {
    this.#isDraining = true;
    this.#options.log.add(this.name, "drains");
    await stopGracefully(running, "SIGQUIT", never);
    const hasEnded = await this.#end(running);
    // With the process goes what it left, as a question that somebody else does not answer.
    running.host.kill(() => "end");
    return hasEnded;
  }

  async #drainByApi(): Promise<void> {
    if (await this.drain()) this.onDrainedByApi();
  }

  /** Ends it as `SIGTERM` does. Settles when it is gone. */
  async stop(): Promise<void> {
    if (this.running !== null) await this.#end(this.running);
  }

  /** Puts a configuration into force while it runs. */
  async reload(text: string): Promise<void> {
    const { running } = this;
    // A file stays changed.
    this.text = text;
    if (running === null) return;
    const log = new ServerLog(this.#options.log, this.name, "");
    await new Reloader({ server: running.server, log, read: () => this.#load(), parts: [] }).reload("an operator");
  }

  async #end(running: NonNullable<SimServer["running"]>): Promise<boolean> {
    await stopServer(running);
    if (this.running !== running) return false;
    this.#options.log.add(this.name, "has ended");
    this.running = null;
    this.#isDraining = false;
    return true;
  }

  #load(): LoadResult {
    return loadConfig({ path: `${this.name}.conf`, text: this.text });
  }
}

/** Lines of one server in the log of all. */
class ServerLog implements Logger {
  readonly cid: string;
  readonly #log: SimLog;
  readonly #name: string;

  constructor(log: SimLog, name: string, cid: string) {
    this.#log = log;
    this.#name = name;
    this.cid = cid;
  }

  trace(text: string): void {
    this.#add("trace", text);
  }
  debug(text: string): void {
    this.#add("debug", text);
  }
  info(text: string): void {
    this.#add("info", text);
  }
  warn(text: string): void {
    this.#add("warn", text);
  }
  error(text: string): void {
    this.#add("error", text);
  }
  withCid(cid: string): Logger {
    return new ServerLog(this.#log, this.#name, cid);
  }

  #add(level: LogLevel, text: string): void {
    this.#log.add(this.#name, `${level} [${this.cid}] ${text}`);
  }
}
