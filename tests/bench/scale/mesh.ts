import process from "node:process";
import type { StreamRef } from "../../../src/cluster/directory.ts";
import { loadConfig, requireConfig, VhostHandle } from "../../../src/config/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { Server } from "../../../src/server/server.ts";
import { sourceOptions } from "../../../src/server/source_options.ts";
import { freePort } from "../../kit/launcher.ts";
import { TestLog } from "../../kit/test_log.ts";

/** How many origins ask each other. */
const SIZES = [2, 5, 10, 20, 40];
const LOOK_UPS = 200;
/** The list of coworkers is asked for who they are before the first look-up. */
const SETTLE_MS = 3000;

/** What a look-up costs, where so many origins ask each other. */
export interface MeshCost {
  readonly origins: number;
  readonly questions: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all of them together, for one look-up. */
  readonly cpuMs: number;
}

/** Origins of one mesh, in this process, over HTTP on this machine. */
class Mesh implements AsyncDisposable {
  readonly servers: Server[] = [];
  readonly #https: HttpServer[] = [];

  constructor(count: number) {
    const apis = Array.from({ length: count }, freePort);
    const coworkers = apis.map((port) => `127.0.0.1:${port}`).join(" ");
    for (const api of apis) {
      const text = `listen 127.0.0.1:${freePort()}; http_api { enabled on; listen 127.0.0.1:${api}; }
        vhost __defaultVhost__ { cluster { origin_cluster on; coworkers ${coworkers}; } }`;
      const server = new Server(requireConfig(loadConfig({ path: "mesh.conf", text })), new TestLog());
      const http = new HttpServer(server);
      server.start();
      http.start();
      this.servers.push(server);
      this.#https.push(http);
    }
  }

  /** Questions that all have put so far. */
  get questions(): number {
    const tables = this.servers.flatMap(({ mesh }) => [...mesh.coworkers.table()]);
    return tables.reduce((sum, { questions }) => sum + questions, 0);
  }

  stream(name: string): StreamRef {
    const [server] = this.servers;
    const url = { key: `/live/${name}`, app: "live", stream: name, host: "127.0.0.1" };
    return { vhost: new VhostHandle(server!, server!.config.vhosts[0]!), url };
  }

  /** Lets each origin publish a stream of its own. */
  async publish(): Promise<void> {
    for (const [at, server] of this.servers.entries()) {
      server.sources.findOrCreate(`/live/s${at}`, () => sourceOptions(server.config.vhosts[0]!)).startPublish("client");
      const outcome = await server.mesh.claim(this.stream(`s${at}`), { mode: () => "first", onLost() {} });
      if ("claim" in outcome) outcome.claim.announce();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#https.map((http) => http.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** Measures one size after the other. */
export async function* measureMesh(): AsyncGenerator<MeshCost> {
  for (const size of SIZES) {
    await using mesh = new Mesh(size);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await mesh.publish();
    const before = mesh.questions;
    const cpu = process.cpuUsage();
    const times: number[] = [];
    for (let i = 0; i < LOOK_UPS; i++) {
      const asker = mesh.servers[i % size]!;
      const startedMs = performance.now();
      const [owner] = await asker.mesh.find(mesh.stream(`s${(i + 1) % size}`), { fresh: true });
      times.push(performance.now() - startedMs);
      if (owner === undefined) throw new Error(`${size} origins: nobody has s${(i + 1) % size}`);
    }
    const { user, system } = process.cpuUsage(cpu);
    const sorted = times.toSorted((a, b) => a - b);
    yield {
      origins: size,
      questions: (mesh.questions - before) / LOOK_UPS,
      p50Ms: sorted[LOOK_UPS / 2]!,
      p99Ms: sorted[Math.floor(LOOK_UPS * 0.99)]!,
      cpuMs: (user + system) / 1000 / LOOK_UPS,
    };
  }
}
