import { loadConfig, type LoadResult, requireConfig } from "../../../src/config/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { Reloader } from "../../../src/server/reload/reloader.ts";
import { Server } from "../../../src/server/server.ts";
import type { ReloadPart } from "../../../src/server/reload/reload_part.ts";
import type { MachineOptions, MemoryHost } from "./memory_host.ts";
import type { MemoryNetwork } from "./memory_network.ts";
import { TestLog } from "../test_log.ts";

/** Directives of a {@link MemoryServer}'s file. */
export interface MemoryFile {
  /** Addresses of RTMP, by default 1935. */
  listen?: string;
  /** In the block `http_api`. */
  api?: string;
  /** At the top level. */
  root?: string;
  /** In the default vhost. */
  vhost?: string;
  /** In its `http_remux`, which is on. */
  remux?: string;
  /** Other vhosts. */
  vhosts?: string;
}

/** A whole server on one machine of a simulated network: RTMP at 1935, the API at 1985, HTTP at 8080. */
export class MemoryServer {
  readonly log = new TestLog();
  readonly host: MemoryHost;
  readonly server: Server;
  readonly http: HttpServer;
  /** Further parts that a reload reaches. */
  readonly parts: ReloadPart[] = [];
  readonly #network: MemoryNetwork;
  readonly #reloader: Reloader;
  #file: MemoryFile;

  constructor(network: MemoryNetwork, ip: string, file: MemoryFile = {}, machine: MachineOptions = {}) {
    this.#network = network;
    this.#file = file;
    this.host = network.host(ip, machine);
    this.server = new Server(requireConfig(this.#load()), this.log, { world: this.host });
    this.http = new HttpServer(this.server);
    this.server.start();
    this.http.start();
    this.#reloader = new Reloader({ server: this.server, log: this.log, read: () => this.#load(), parts: this.parts });
  }

  /** Reloads with another file. @returns What the log says of the changes: `applied: max_connections`. */
  async reload(file: MemoryFile): Promise<string[]> {
    this.#file = file;
    const from = this.log.lines.length;
    if (!await this.#reloader.reload("test")) throw new Error(this.log.lines.slice(from).join("\n"));
    return this.log.lines.slice(from).flatMap((line) => / reload: (.+)/.exec(line)?.[1] ?? []);
  }

  async stop(): Promise<void> {
    const stopped = Promise.all([this.http.stop(), this.server.stop()]);
    await this.#network.run(3000);
    await stopped;
  }

  #load(): LoadResult {
    const { listen = "1935", api = "", root = "", vhost = "", remux = "", vhosts = "" } = this.#file;
    const http = `http_api { enabled on; listen 1985; ${api} } http_server { enabled on; listen 8080; }`;
    const text =
      `listen ${listen}; ${http} ${root} vhost __defaultVhost__ { http_remux { enabled on; ${remux} } ${vhost} } ${vhosts}`;
    return loadConfig({ path: "t.conf", text });
  }
}
