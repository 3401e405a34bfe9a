import type { ListenerSocket, RenewableListener } from "../../../src/base/socket.ts";
import type { OpenEngine } from "../../../src/base/engine.ts";
import type { MemoryDisk } from "./memory_disk.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import type { Endpoint, FileLock, Files, FreshFetch, InterfaceAddress, World } from "../../../src/base/world.ts";
import type { LoopTurns } from "../../../src/base/loop_turns.ts";
import type { TimerHandle } from "../../../src/base/clock.ts";
import { memoryFetch } from "./memory_fetch.ts";
import { openBetween } from "../engine/memory_engine_line.ts";
import type { CallOwner, PendingCall } from "./manual_timers.ts";
import type { MachineEnd, MemoryNetwork } from "./memory_network.ts";
import type { MemorySocket } from "./memory_socket.ts";

/** How one machine differs from others. */
export interface MachineOptions {
  /** Of what it draws; by default its address. */
  readonly seed?: number;
  /** How much later than asked its timers come. */
  readonly lateMs?: number;
  /** Where its files are; by default those of the running process. */
  readonly disk?: MemoryDisk;
  readonly files?: Files;
  readonly process?: World["process"];
}

/** One machine of a {@link MemoryNetwork}, as a server on it sees the world. */
export class MemoryHost implements World, CallOwner {
  /** DNS servers that were asked, in order; null for the system's. */
  readonly nameServers: (Endpoint | null)[] = [];
  readonly ip: string;
  readonly process: World["process"];
  readonly turns: LoopTurns;
  readonly fetch: World["fetch"];
  readonly files: Files;
  readonly openEngine: OpenEngine;
  /** Connections that were made from here, the oldest first; only the last one where the network does not remember. */
  readonly dialled: MemorySocket[] = [];
  /** Told of each request of HTTP. */
  onFetch: (url: string, method: string) => void = () => {};
  /** How far its time of day is ahead. */
  clockAheadMs = 0;
  readonly #network: MemoryNetwork;
  readonly #disk: MemoryDisk | null;
  readonly #lateMs: number;
  #plannedCount = 0;
  #isDead = false;
  /** What came due while it stood still; null while it runs. */
  #due: PendingCall[] | null = null;
  #seed: number;

  constructor(network: MemoryNetwork, ip: string, { seed, lateMs = 0, disk, files, process }: MachineOptions = {}) {
    this.#network = network;
    this.turns = network.turns;
    this.ip = ip;
    // Machines draw different numbers, and the same ones in each run.
    const starts = network.countStart(ip);
    this.#seed = seed ??
      (ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + starts * 0x9e3779b9) >>> 0;
    this.#lateMs = lateMs;
    this.process = process ?? Deno;
    this.fetch = (url, init) => {
      this.onFetch(url, init.method ?? "GET");
      return memoryFetch(this, url, init);
    };
    this.#disk = disk ?? null;
    this.files = files ?? disk?.files ?? Deno;
    this.openEngine = openBetween(this, network);
  }

  nowMs(): number {
    return this.#network.timers.nowMs();
  }

  wallMs(): number {
    return this.#network.timers.wallMs() + this.clockAheadMs;
  }

  /** What a dead machine had planned never happens, and what one had planned that stands still, happens later. */
  after(delayMs: number, fn: () => void): TimerHandle {
    return this.#isDead ? { cancel() {} } : this.#network.timers.plan(Math.max(0, delayMs) + this.#lateMs, fn, this);
  }

  onCount(change: 1 | -1): void {
    this.#plannedCount += change;
  }

  onDue(call: PendingCall): void {
    if (this.#due === null) this.#run(call);
    else this.#due.push(call);
  }

  #run({ isCancelled, fn }: PendingCall): void {
    if (!this.#isDead && !isCancelled) fn();
  }

  /** Calls of this machine that wait to be made. */
  get plannedCount(): number {
    return this.#isDead ? 0 : this.#plannedCount;
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }

  randomBytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    let seed = this.#seed;
    for (let at = 0; at < count; at++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
      bytes[at] = seed >>> 24;
    }
    this.#seed = seed >>> 0;
    return bytes;
  }

  listen({ port }: Endpoint): ListenerSocket {
    return this.#network.listen(this, port);
  }

  listenTls(): RenewableListener {
    throw new Deno.errors.NotSupported("no TLS in memory");
  }

  async connect(endpoint: Endpoint, signal: AbortSignal): Promise<MemorySocket> {
    await Promise.resolve();
    signal.throwIfAborted();
    if (this.#isDead) throw new Deno.errors.ConnectionRefused("this machine is dead");
    const socket = await this.#network.connect(this, endpoint, signal);
    if (!this.#network.remembers) this.dialled.length = 0;
    this.dialled.push(socket);
    return socket;
  }

  startTls(): Promise<never> {
    return Promise.reject(new Deno.errors.NotSupported("no TLS in memory"));
  }

  resolve(host: string, nameServer: Endpoint | null = null): Promise<readonly string[]> {
    if (this.#network.remembers) this.nameServers.push(nameServer);
    return Promise.resolve(this.#network.resolve(host));
  }

  resolveService(name: string): Promise<readonly Endpoint[]> {
    return Promise.resolve(this.#network.services.get(name) ?? []);
  }

  freshFetch(): FreshFetch {
    return { fetch: this.fetch, [Symbol.dispose]() {} };
  }

  interfaces(): readonly InterfaceAddress[] {
    return [{ name: "eth0", family: "IPv4", address: this.ip }];
  }

  lockFile(path: string): Promise<FileLock | null> {
    return this.#disk === null ? systemWorld.lockFile(path) : this.#disk.lock(path, this);
  }

  env(): string {
    return "";
  }

  /** It was killed. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** It stands still. */
  get isFrozen(): boolean {
    return this.#due !== null;
  }

  /**
   * Ends at this moment, as by `kill -9` or a power cut, and nothing planned happens any more.
   *
   * @param how What becomes of each connection.
   */
  kill(how?: (socket: MemorySocket) => MachineEnd): void {
    this.#isDead = true;
    this.#disk?.unlockAll(this);
    this.#network.cutOff(this, how);
  }

  /** Its process stands still, as by `SIGSTOP`. */
  freeze(): void {
    this.#due ??= [];
    this.#network.freeze(this, true);
  }

  /** It goes on: what came due meanwhile comes now. */
  thaw(): void {
    const due = this.#due ?? [];
    this.#due = null;
    this.#network.freeze(this, false);
    for (const planned of due) this.#run(planned);
  }
}
