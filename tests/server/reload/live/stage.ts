import { MemoryDisk } from "../../../kit/memory/memory_disk.ts";
import type { MachineOptions, MemoryHost } from "../../../kit/memory/memory_host.ts";
import { MemoryNetwork } from "../../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer, type PeerWords } from "../../../kit/memory/memory_peers.ts";
import { type MemoryFile, MemoryServer } from "../../../kit/memory/memory_server.ts";

/** What is seen of a running server, its clients or its streams; called once, with the row as it was or reloaded. */
export type Look = () => unknown;

/** A row of the schema at work in a running server. */
export interface LiveRow {
  readonly before: MemoryFile;
  readonly after: MemoryFile;
  /** Brings clients and streams into the state in which the row counts. */
  begin(stage: Stage): Promise<Look> | Look;
  /** Whether the server has a disk of its own, in memory. */
  readonly hasDisk?: boolean;
  /** What is seen without the reload, and with it. */
  readonly seen: readonly [before: unknown, after: unknown];
}

/** Rows by their path, as `listRows()` has it. */
export type LiveRows = Readonly<Record<string, LiveRow>>;

/** A simulated network with the server that is reloaded, at 10.0.0.1. */
export class Stage implements AsyncDisposable {
  readonly network = new MemoryNetwork();
  readonly disk = new MemoryDisk(this.network.timers);
  readonly server: MemoryServer;
  readonly #servers: MemoryServer[] = [];
  #hosts = 0;

  constructor(file: MemoryFile, hasDisk = false) {
    this.server = this.serve(1, file, hasDisk ? { disk: this.disk } : {});
  }

  /** Starts another server, at 10.0.0.`number`. */
  serve(number: number, file: MemoryFile, machine: MachineOptions = {}): MemoryServer {
    const server = new MemoryServer(this.network, `10.0.0.${number}`, file, machine);
    this.#servers.push(server);
    return server;
  }

  /** A machine for a client. */
  host(): MemoryHost {
    return this.network.host(`10.0.2.${++this.#hosts}`);
  }

  run(ms: number): Promise<void> {
    return this.network.run(ms);
  }

  /** @param at Number of the server. */
  async publish(stream = "s", { at = 1, ...words }: PeerWords & { at?: number; fromMs?: number } = {}) {
    const publisher = await MemoryPublisher.start(this.host(), `10.0.0.${at}:1935`, stream, 10, words);
    await this.run(500);
    return publisher;
  }

  /** @param at Number of the server. */
  async play(stream = "s", { at = 1, ...words }: PeerWords & { at?: number } = {}): Promise<MemoryViewer> {
    const viewer = await MemoryViewer.start(this.host(), `10.0.0.${at}:1935`, stream, words);
    await this.run(500);
    return viewer;
  }

  /** How long it takes until the condition holds, in steps of 100 ms; `limitMs` if it does not. */
  async until(condition: () => boolean, limitMs = 20_000): Promise<number> {
    let ms = 0;
    for (; !condition() && ms < limitMs; ms += 100) await this.run(100);
    return ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.stop();
  }
}

/** Two files that differ in a block of the vhost. */
export function inVhost(block: string, before: string, after: string): Pick<LiveRow, "before" | "after"> {
  const file = (directives: string) => ({ vhost: block === "" ? directives : `${block} { ${directives} }` });
  return { before: file(before), after: file(after) };
}

/** Two files that differ at the top level. */
export function atRoot(before: string, after: string): Pick<LiveRow, "before" | "after"> {
  return { before: { root: before }, after: { root: after } };
}
