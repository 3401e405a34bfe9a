import type { Endpoint } from "../../../src/base/world.ts";
import { LoopTurns } from "../../../src/base/loop_turns.ts";
import { formatHost } from "../../../src/rtmp/url.ts";
import { ManualTimers } from "./manual_timers.ts";
import { type MachineOptions, MemoryHost } from "./memory_host.ts";
import { MemoryListener } from "./memory_listener.ts";
import { type LineModel, steadyLine } from "./memory_pipe.ts";
import { MemorySocket } from "./memory_socket.ts";
import type { SimulatedEngine } from "../engine/simulated_engine.ts";

const FIRST_EPHEMERAL_PORT = 40_000;
/** After this long an attempt to connect is repeated; then after twice the time, and so on, as TCP does. */
const FIRST_REPEAT_MS = 1000;
/** Whoever was accepted is looked after by the kernel: so long after its machine has vanished, its connection ends, whether that is back or not. */
const [KEEP_ALIVE_MS, GIVEN_UP_MS] = [60_000, 120_000];

/** Tells whether nothing passes from one address to another. */
type Cut = (from: Deno.NetAddr, to: Deno.NetAddr) => boolean;

/** How a machine ends: its system ends or breaks its connections, or nobody hears of it. */
export type MachineEnd = "end" | "reset" | "vanish";

/**
 * A clock and a network without the system's: hosts listen on it, dial each other, hang, are cut off from each other, and
 * are killed. A _place_ is an IP address, or `ip:port` for what listens there.
 */
export class MemoryNetwork {
  readonly timers = new ManualTimers();
  /** One thread for all machines; work takes no time. */
  readonly turns = new LoopTurns({ nowMs: () => this.timers.nowMs(), next: (fn) => void this.timers.after(0, fn) });
  /** One way, for connections to come, unless {@link lineModel} says something else. */
  latencyMs = 0;
  /** Whether it keeps who was dialled and what was said at first, for a test to look at. */
  remembers = true;
  /** Whether systems can let input gather, as Linux can. */
  gathers = false;
  /** How bytes travel from one end of a connection to come to the other. */
  lineModel: (from: Deno.NetAddr, to: Deno.NetAddr) => LineModel = () => steadyLine(this.latencyMs);
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
  /** Connections of machines that stand still, those among them that have broken meanwhile. */
  readonly #frozen = new Map<MemoryHost, Set<MemorySocket>>();
  /** Peers of machines that vanished, by the IP addresses of these. */
  readonly #widowed = new Map<string, MemorySocket[]>();
  readonly #accepted = new WeakSet<MemorySocket>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  /** A machine at an address. */
  host(ip: string, options: MachineOptions = {}): MemoryHost {
    return new MemoryHost(this, ip, options);
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

  /** Nothing gets through between the two groups of places, or from the first to the second, until this is disposed. */
  partition(ones: readonly string[], others: readonly string[], { isOneWay = false } = {}): Disposable {
    const parts = (a: Deno.NetAddr, b: Deno.NetAddr) =>
      ones.some((place) => isAt(a, place)) && others.some((place) => isAt(b, place));
    const cut: Cut = (from, to) => parts(from, to) || (!isOneWay && parts(to, from));
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
    for (const socket of this.#widowed.get(owner.ip) ?? []) socket.peerIsBack();
    this.#widowed.delete(owner.ip);
    return listener;
  }

  async connect(owner: MemoryHost, { host, port }: Endpoint, signal: AbortSignal): Promise<MemorySocket> {
    if (this.remembers) this.dialled.push(`${formatHost(host)}:${port}`);
    const [ip] = this.resolve(host);
    if (ip === undefined) throw new Deno.errors.NotFound("failed to lookup address information");
    const from = netAddr(owner.ip, this.#nextPort++);
    const to = netAddr(ip, port);
    const there = this.lineModel(from, to);
    const back = this.lineModel(to, from);
    await this.#path(from, to, { delayMs: there.delayMs(0) + back.delayMs(0), signal });
    // With its process ends what it was about to open.
    if (owner.isDead) throw new Deno.errors.ConnectionAborted("this machine is dead");
    const listener = this.#listeners.get(`${ip}:${port}`);
    if (listener === undefined) throw new Deno.errors.ConnectionRefused("Connection refused");
    const { timers, remembers: keepsText } = this;
    const onClose = (socket: MemorySocket) => this.#sockets.delete(socket);
    const [near, far] = MemorySocket.pair({ from, to, timers, keepsText, there, back, onClose, gathers: this.gathers });
    this.#sockets.set(near, owner);
    this.#sockets.set(far, listener.owner);
    this.#accepted.add(far);
    this.#holdLine(near);
    this.#holdLine(far);
    if (listener.owner.isFrozen) {
      far.freeze(true);
      this.#frozen.get(listener.owner)?.add(far);
    }
    listener.add(far);
    return near;
  }

  /** Counts another machine at an address. @returns How many there were before. */
  countStart(ip: string): number {
    const starts = this.#starts.get(ip) ?? 0;
    this.#starts.set(ip, starts + 1);
    return starts;
  }

  /** Sockets that are open, of all hosts. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Connections of a machine that are open. */
  socketsOf(host: MemoryHost): MemorySocket[] {
    const found: MemorySocket[] = [];
    for (const [socket, owner] of this.#sockets) if (owner === host) found.push(socket);
    return found;
  }

  /** Ends every connection of a host and frees its ports. */
  cutOff(host: MemoryHost, how: (socket: MemorySocket) => MachineEnd = () => "reset"): void {
    const sockets = this.socketsOf(host);
    for (const [address, listener] of this.#listeners) {
      if (listener.owner !== host) continue;
      this.#listeners.delete(address);
      listener.close();
    }
    for (const socket of sockets) {
      const end = how(socket);
      if (end === "vanish") this.#widow(host, socket);
      else if (end === "reset") socket.reset();
      else socket.close();
    }
  }

  /** The process on a machine stands still, or goes on; its system takes connections and bytes meanwhile. */
  freeze(host: MemoryHost, isFrozen: boolean): void {
    for (const listener of this.#listeners.values()) if (listener.owner === host) listener.isFrozen = isFrozen;
    const sockets = new Set([...this.#frozen.get(host) ?? [], ...this.socketsOf(host)]);
    if (isFrozen) this.#frozen.set(host, sockets);
    else this.#frozen.delete(host);
    for (const socket of sockets) socket.freeze(isFrozen);
  }

  /** Whether something that is sent now arrives. */
  isOpen(fromIp: string, toIp: string): boolean {
    return !this.#isCut(netAddr(fromIp, 0), netAddr(toIp, 0));
  }

  #widow(host: MemoryHost, socket: MemorySocket): void {
    const { remoteAddr: { hostname, port } } = socket;
    const peer = [...this.#sockets.keys()].find(({ localAddr, remoteAddr }) =>
      localAddr.port === port && localAddr.hostname === hostname && remoteAddr.port === socket.localAddr.port
    );
    socket.vanish();
    const widowed = this.#widowed.get(host.ip) ?? [];
    this.#widowed.set(host.ip, widowed);
    if (peer === undefined) return;
    widowed.push(peer);
    if (!this.#accepted.has(peer)) return;
    const isBack = () => !this.#widowed.get(host.ip)?.includes(peer);
    this.timers.after(KEEP_ALIVE_MS, () => isBack() ? peer.peerIsGone() : undefined);
    this.timers.after(GIVEN_UP_MS, () => peer.peerIsGone());
  }

  /** Settles when an answer has come from there; where nothing gets through, it tries again until it is told to stop. */
  async #path(
    from: Deno.NetAddr,
    to: Deno.NetAddr,
    { delayMs, signal }: { delayMs: number; signal: AbortSignal },
  ): Promise<void> {
    for (let pauseMs = FIRST_REPEAT_MS; this.#isLostBetween(from, to); pauseMs *= 2) await this.#pause(pauseMs, signal);
    if (delayMs > 0) await this.#pause(delayMs, signal);
  }

  #isLostBetween(from: Deno.NetAddr, to: Deno.NetAddr): boolean {
    return this.#isCut(from, to) || this.#isCut(to, from) || this.#widowed.has(to.hostname);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal.throwIfAborted();
    const timer = this.timers.after(ms, resolve);
    const onAbort = () => {
      timer.cancel();
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    await promise;
    signal.removeEventListener("abort", onAbort);
  }

  #isCut(from: Deno.NetAddr, to: Deno.NetAddr): boolean {
    if (this.#hanging.size === 0 && this.#cuts.size === 0) return false;
    return [...this.#hanging.values(), ...this.#cuts].some((cut) => cut(from, to));
  }

  #holdLines(): void {
    for (const [socket] of this.#sockets) this.#holdLine(socket);
  }

  #holdLine(socket: MemorySocket): void {
    socket.hold(this.#isCut(socket.remoteAddr, socket.localAddr));
  }
}

function isAt({ hostname, port }: Deno.NetAddr, place: string): boolean {
  return place === hostname || place === `${hostname}:${port}`;
}

function netAddr(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}
