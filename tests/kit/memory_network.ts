import type { Endpoint } from "../../src/base/world.ts";
import { LoopTurns } from "../../src/base/loop_turns.ts";
import { formatHost } from "../../src/rtmp/url.ts";
import { ManualTimers } from "./manual_timers.ts";
import { MemoryHost } from "./memory_host.ts";
import { MemoryListener } from "./memory_listener.ts";
import { MemorySocket } from "./memory_socket.ts";
import type { SimulatedEngine } from "./simulated_engine.ts";

const FIRST_EPHEMERAL_PORT = 40_000;

/** Tells whether nothing passes between two addresses. */
type Cut = (one: Deno.NetAddr, other: Deno.NetAddr) => boolean;

/**
 * A clock and a network without the system's: hosts listen on it, dial each other, hang, are cut off from each other, and
 * are killed. A _place_ is an IP address, or `ip:port` for what listens there.
 */
export class MemoryNetwork {
  readonly timers = new ManualTimers();
  /** One thread for all machines; work takes no time. */
  readonly turns = new LoopTurns({ nowMs: () => this.timers.nowMs(), next: (fn) => void this.timers.after(0, fn) });
  /** One way, for connections to come. */
  latencyMs = 0;
  /** Engines of directories, by `host:port`. */
  readonly engines: Record<string, SimulatedEngine> = {};
  /** Servers that were dialled, by the names that were used, in order. */
  readonly dialled: string[] = [];
  /** Services of a name, as DNS would have them. */
  readonly services = new Map<string, readonly Endpoint[]>();
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #sockets = new Map<MemorySocket, MemoryHost>();
  readonly #hanging = new Map<string, Cut>();
  readonly #cuts = new Set<Cut>();
  /** Machines there were at an address. */
  readonly #starts = new Map<string, number>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  /** A machine at an address. */
  host(ip: string): MemoryHost {
    const starts = this.#starts.get(ip) ?? 0;
    this.#starts.set(ip, starts + 1);
    return new MemoryHost(this, ip, starts);
  }

  /** Lets so much time pass: every timer at its own moment, and after each whatever follows from it. */
  run(ms: number): Promise<void> {
    return this.timers.run(ms);
  }

  /** Gives a name to addresses. */
  name(host: string, ips: readonly string[]): void {
    this.#names.set(host, ips);
  }

  /** From now on nothing gets through to a place, nor from it, but nothing is lost either. */
  hang(place: string): void {
    this.#hanging.set(place, (one, other) => isAt(one, place) || isAt(other, place));
    this.#holdLines();
  }

  /** What was held up arrives. */
  resume(place: string): void {
    this.#hanging.delete(place);
    this.#holdLines();
  }

  /** Nothing gets through between the two groups of places until this is disposed. */
  partition(ones: readonly string[], others: readonly string[]): Disposable {
    const parts = (a: Deno.NetAddr, b: Deno.NetAddr) =>
      ones.some((place) => isAt(a, place)) && others.some((place) => isAt(b, place));
    const cut: Cut = (one, other) => parts(one, other) || parts(other, one);
    this.#cuts.add(cut);
    this.#holdLines();
    return {
      [Symbol.dispose]: () => {
        this.#cuts.delete(cut);
        this.#holdLines();
      },
    };
  }

  /** A place reads nothing more, and its system has no room left: what is written to it waits. */
  stall(place: string): void {
    for (const [socket] of this.#sockets) if (isAt(socket.localAddr, place)) socket.stall();
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

  async connect(owner: MemoryHost, { host, port }: Endpoint, signal: AbortSignal): Promise<MemorySocket> {
    this.dialled.push(`${formatHost(host)}:${port}`);
    const [ip] = this.resolve(host);
    if (ip === undefined) throw new Deno.errors.NotFound("failed to lookup address information");
    const from = netAddr(owner.ip, this.#nextPort++);
    const to = netAddr(ip, port);
    await this.#path(from, to, signal);
    const listener = this.#listeners.get(`${ip}:${port}`);
    if (listener === undefined) throw new Deno.errors.ConnectionRefused("Connection refused");
    const { timers, latencyMs } = this;
    const [near, far] = MemorySocket.pair({
      from,
      to,
      timers,
      latencyMs,
      onClose: (socket) => this.#sockets.delete(socket),
    });
    this.#sockets.set(near, owner);
    this.#sockets.set(far, listener.owner);
    listener.add(far);
    return near;
  }

  /**
   * A machine loses its power: nothing comes from there any more, and nobody is told. After {@link resume}, another one may
   * stand at its address; what was connected to the old one stays silent.
   */
  vanish(host: MemoryHost): void {
    this.hang(host.ip);
    for (const [address, listener] of this.#listeners) if (listener.owner === host) this.#listeners.delete(address);
    const lost = new Set<string>();
    for (const [{ localAddr, remoteAddr }, owner] of this.#sockets) {
      if (owner === host) lost.add(line(localAddr, remoteAddr)).add(line(remoteAddr, localAddr));
    }
    this.#cuts.add((one, other) => lost.has(line(one, other)));
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

  /** Settles when an answer has come from there; a place that hangs never answers. */
  async #path(from: Deno.NetAddr, to: Deno.NetAddr, signal: AbortSignal): Promise<void> {
    const isCut = this.#isCut(from, to);
    if (!isCut && this.latencyMs === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (!isCut) this.timers.after(2 * this.latencyMs, resolve);
    await promise;
  }

  #isCut(one: Deno.NetAddr, other: Deno.NetAddr): boolean {
    return [...this.#hanging.values(), ...this.#cuts].some((cut) => cut(one, other));
  }

  #holdLines(): void {
    for (const [socket] of this.#sockets) socket.hold(this.#isCut(socket.localAddr, socket.remoteAddr));
  }
}

function isAt({ hostname, port }: Deno.NetAddr, place: string): boolean {
  return place === hostname || place === `${hostname}:${port}`;
}

function line(one: Deno.NetAddr, other: Deno.NetAddr): string {
  return `${one.hostname}:${one.port} ${other.hostname}:${other.port}`;
}

function netAddr(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}
