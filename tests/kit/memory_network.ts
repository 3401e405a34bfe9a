import { setImmediate } from "node:timers";
import type { ListenerSocket, RenewableListener } from "../../src/base/socket.ts";
import type { Endpoint, Files, FreshFetch, InterfaceAddress, World } from "../../src/base/world.ts";
import { LoopTurns } from "../../src/base/loop_turns.ts";
import type { TimerHandle } from "../../src/base/clock.ts";
import { memoryFetch } from "./memory_fetch.ts";
import { MemorySocket } from "./memory_socket.ts";
import { ManualTimers } from "./manual_timers.ts";

const FIRST_EPHEMERAL_PORT = 40_000;

/** A clock and a network without the system's: hosts listen on it, dial each other, and are killed. */
export class MemoryNetwork {
  readonly timers = new ManualTimers();
  /** One thread for all machines; work takes no time. */
  readonly turns = new LoopTurns({ nowMs: () => this.timers.nowMs(), next: (fn) => void this.timers.after(0, fn) });
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #sockets = new Map<MemorySocket, MemoryHost>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  /** A machine at an address. */
  host(ip: string): MemoryHost {
    return new MemoryHost(this, ip);
  }

  /** Lets so much time pass: every timer at its own moment, and after each whatever follows from it. */
  async run(ms: number): Promise<void> {
    const untilMs = this.timers.nowMs() + ms;
    await settle();
    for (let dueMs = this.timers.nextDueMs; dueMs <= untilMs; dueMs = this.timers.nextDueMs) {
      this.timers.advance(Math.max(0, dueMs - this.timers.nowMs()));
      await settle();
    }
    this.timers.advance(untilMs - this.timers.nowMs());
    await settle();
  }

  /** Gives a name to addresses. */
  name(host: string, ips: readonly string[]): void {
    this.#names.set(host, ips);
  }

  resolve(host: string): readonly string[] {
    return /^[\d.]+$/.test(host) ? [host] : this.#names.get(host) ?? [];
  }

  listen(owner: MemoryHost, port: number): MemoryListener {
    const taken = port === 0 ? this.#nextPort++ : port;
    const address = `${owner.ip}:${taken}`;
    if (this.#listeners.has(address)) throw new Deno.errors.AddrInUse(address);
    const listener = new MemoryListener(netAddr(owner.ip, taken), owner, () => this.#listeners.delete(address));
    this.#listeners.set(address, listener);
    return listener;
  }

  connect(owner: MemoryHost, { host, port }: Endpoint): MemorySocket {
    const [ip] = this.resolve(host);
    if (ip === undefined) throw new Deno.errors.NotFound("failed to lookup address information");
    const listener = this.#listeners.get(`${ip}:${port}`);
    if (listener === undefined) throw new Deno.errors.ConnectionRefused("Connection refused");
    const forget = (socket: MemorySocket) => this.#sockets.delete(socket);
    const [near, far] = MemorySocket.pair(netAddr(owner.ip, this.#nextPort++), netAddr(ip, port), forget);
    this.#sockets.set(near, owner);
    this.#sockets.set(far, listener.owner);
    listener.add(far);
    return near;
  }

  /** Sockets that are open, of all hosts. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Breaks every connection of a host and frees its ports. */
  cutOff(host: MemoryHost): void {
    for (const [address, listener] of this.#listeners) {
      if (listener.owner !== host) continue;
      this.#listeners.delete(address);
      listener.close();
    }
    for (const [socket, owner] of [...this.#sockets]) if (owner === host) socket.reset();
  }
}

/** Everything has happened that waits for promises only. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One machine of a {@link MemoryNetwork}, as a server on it sees the world. */
export class MemoryHost implements World {
  readonly ip: string;
  readonly process = Deno;
  readonly turns: LoopTurns;
  readonly fetch: World["fetch"];
  readonly files: Files;
  /** Connections that were made from here, the oldest first. */
  readonly dialled: MemorySocket[] = [];
  readonly #network: MemoryNetwork;
  #isDead = false;
  #seed: number;

  constructor(network: MemoryNetwork, ip: string) {
    this.#network = network;
    this.turns = network.turns;
    this.ip = ip;
    // Machines draw different numbers, and the same ones in each run.
    this.#seed = ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) >>> 0;
    this.fetch = (url, init) => memoryFetch(this, url, init);
    this.files = Deno;
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
    const socket = this.#network.connect(this, endpoint);
    this.dialled.push(socket);
    return socket;
  }

  startTls(): Promise<never> {
    return Promise.reject(new Deno.errors.NotSupported("no TLS in memory"));
  }

  resolve(host: string): Promise<readonly string[]> {
    return Promise.resolve(this.#network.resolve(host));
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
}

/** A listening port in memory. */
class MemoryListener implements ListenerSocket {
  readonly addr: Deno.NetAddr;
  readonly owner: MemoryHost;
  readonly #arrived: MemorySocket[] = [];
  readonly #onClose: () => void;
  #waiting: PromiseWithResolvers<MemorySocket> | null = null;
  #closed = false;

  constructor(addr: Deno.NetAddr, owner: MemoryHost, onClose: () => void) {
    this.addr = addr;
    this.owner = owner;
    this.#onClose = onClose;
  }

  add(socket: MemorySocket): void {
    if (this.#waiting === null) this.#arrived.push(socket);
    else this.#waiting.resolve(socket);
    this.#waiting = null;
  }

  accept(): Promise<MemorySocket> {
    if (this.#closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    for (const socket of this.#arrived.splice(0)) socket.reset();
    this.#waiting?.reject(new Deno.errors.BadResource("closed"));
  }
}

function netAddr(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}
