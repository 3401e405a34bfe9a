import type { ListenerSocket, RenewableListener } from "../../src/base/socket.ts";
import type { OpenEngine } from "../../src/base/engine.ts";
import type { Endpoint, Files, FreshFetch, InterfaceAddress, World } from "../../src/base/world.ts";
import type { LoopTurns } from "../../src/base/loop_turns.ts";
import type { TimerHandle } from "../../src/base/clock.ts";
import { memoryFetch } from "./memory_fetch.ts";
import type { MemoryNetwork } from "./memory_network.ts";
import type { MemorySocket } from "./memory_socket.ts";
import { openSimulated } from "./simulated_engine.ts";

/** One machine of a {@link MemoryNetwork}, as a server on it sees the world. */
export class MemoryHost implements World {
  /** DNS servers that were asked, in order; null for the system's. */
  readonly nameServers: (Endpoint | null)[] = [];
  readonly ip: string;
  readonly process = Deno;
  readonly turns: LoopTurns;
  readonly fetch: World["fetch"];
  readonly files: Files;
  readonly openEngine: OpenEngine;
  /** Connections that were made from here, the oldest first. */
  readonly dialled: MemorySocket[] = [];
  readonly #network: MemoryNetwork;
  #isDead = false;
  #seed: number;

  /** @param starts How many there were at the address before. */
  constructor(network: MemoryNetwork, ip: string, starts = 0) {
    this.#network = network;
    this.turns = network.turns;
    this.ip = ip;
    // Machines draw different numbers, and the same ones in each run.
    this.#seed = (ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + starts * 0x9e3779b9) >>> 0;
    this.fetch = (url, init) => memoryFetch(this, url, init);
    this.files = Deno;
    this.openEngine = (...args) => openSimulated(network.engines)(...args);
  }

  nowMs(): number {
    return this.#network.timers.nowMs();
  }

  wallMs(): number {
    return this.nowMs();
  }

  /** What a dead machine had planned never happens. */
  after(delayMs: number, fn: () => void): TimerHandle {
    return this.#network.timers.after(delayMs, () => {
      if (!this.#isDead) fn();
    });
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }

  randomBytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256));
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
    this.dialled.push(socket);
    return socket;
  }

  startTls(): Promise<never> {
    return Promise.reject(new Deno.errors.NotSupported("no TLS in memory"));
  }

  resolve(host: string, nameServer: Endpoint | null = null): Promise<readonly string[]> {
    this.nameServers.push(nameServer);
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

  env(): string {
    return "";
  }

  /** Ends at this moment, as by `kill -9`: peers see their connections break, and nothing planned happens any more. */
  kill(): void {
    this.#isDead = true;
    this.#network.cutOff(this);
  }

  /** Loses its power at this moment: as {@link kill}, but nobody is told. */
  vanish(): void {
    this.#isDead = true;
    this.#network.vanish(this);
  }
}
