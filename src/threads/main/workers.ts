import { onBeat, systemTimers, type TimerHandle } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Endpoint } from "../../base/world.ts";
import { endListening, listeningSockets } from "../../net/listening_sockets.ts";
import { shutdownSockets, type SocketAddress } from "../../net/socket_shutdown.ts";
import { SharedListener } from "./shared_listener.ts";
import { SharedTlsListener } from "./shared_tls_listener.ts";
import { denoPaths, FastPaths } from "../../net/fast/fast_paths.ts";
import { listenHere, type ListenSocket, listenWithOthers } from "../../net/tcp_listener.ts";
import { type ListenTls, listenTlsHere, type ThreadAddress } from "../../net/tls/listener.ts";
import type { TlsListenOptions } from "../../base/socket.ts";
import { ThreadHandle, type WorkerLike } from "./thread_handle.ts";

/** Options of {@link Workers}. */
export interface WorkersOptions {
  /** Threads that serve clients, this one among them. */
  readonly threads: number;
  readonly log: Logger;
  /** Which ways to the kernel connections take, in all threads. */
  readonly paths?: FastPaths;
  /** How often threads are asked whether they live; one that leaves ten questions unanswered hangs. */
  readonly tickMs?: number;
  /** Starts one more thread; see `threads/worker/fanout_worker.ts`. */
  spawn?(): WorkerLike;
}

const deno = new FastPaths(denoPaths);
const TICK_MS = 1000;
/** How long what a thread had lent is held after its end: until all its sockets were shut down, at least. */
const DEAD_TICKS = 30;
/** How long after the end of a worker another one takes its place. */
const RESTART_MS = 500;
/** What the others may take to close their ports, when one of them hangs. */
const UNLISTEN_MS = 1000;
/** `workers auto` starts no more than this: one thread directs the others. */
const MOST_BY_ITSELF = 16;

/** The number of threads for `workers`. */
export function threadCount(workers: number | "auto"): number {
  return workers === "auto" ? Math.min(navigator.hardwareConcurrency, MOST_BY_ITSELF) : Math.max(1, workers);
}

/**
 * Further threads that take clients on the same ports (`SO_REUSEPORT`: the kernel shares new connections out) and do
 * what costs most, sending. All that is decided is decided in this thread: a connection of another one is a socket like
 * any other, and players of all threads are sent the same bytes of one log.
 *
 * A thread that ends, or hangs, takes its clients' connections with it; another one takes its place.
 */
export class Workers implements Disposable {
  readonly #log: Logger;
  readonly #paths: FastPaths;
  readonly #spawn: () => WorkerLike;
  readonly #threads = new Map<number, ThreadHandle>();
  readonly #listeners = new Map<number, SharedListener>();
  readonly #tlsOptions = new Map<number, TlsListenOptions>();
  /** Descriptors of this thread's own sockets, by listener; not of those with TLS. */
  readonly #ownSockets = new Map<number, readonly number[]>();
  /** Threads that may still be sending: the memory that they have is held until they surely are not. */
  #dead: { readonly thread: ThreadHandle; ticks: number }[] = [];
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  /** Settles when no port is being taken from a thread that hangs: that goes one after the other. */
  #portsClosed: Promise<void> = Promise.resolve();
  /** Null where this thread is the only one. */
  readonly #timer: TimerHandle | null = null;
  #nextListener = 1;
  #isOver = false;

  constructor({ threads, log, paths = deno, tickMs = TICK_MS, spawn = spawnWorker }: WorkersOptions) {
    this.#log = log;
    this.#paths = paths;
    this.#spawn = spawn;
    if (threads < 2) return;
    const why = reasonForOneThread();
    if (why !== "") {
      log.warn(`only one thread serves clients: ${why}`);
      return;
    }
    for (let number = 1; number < threads; number++) this.#start(number);
    this.#timer = onBeat(systemTimers, tickMs, () => this.#tick());
    log.info(`${threads} threads serve clients`);
  }

  /** Connections that each further thread holds. */
  get socketCounts(): number[] {
    return [...this.#threads.values()].map(({ socketCount }) => socketCount);
  }

  /** Opens a port in all threads. */
  readonly listen: ListenSocket = (options) => {
    if (this.#timer === null) return this.#paths.over(listenHere(options));
    const own = listenWithOthers({ host: options.host, port: unusedPort(options) });
    const id = this.#nextListener++;
    return this.#share(id, new SharedListener(this.#paths.over(own), () => this.#unlisten(id)));
  };

  /** Opens a port in all threads that speaks TLS. */
  readonly listenTls: ListenTls = (options) => {
    if (this.#timer === null) return listenTlsHere(options);
    const own = listenTlsHere({ ...options, port: unusedPort(options), isShared: true });
    const id = this.#nextListener++;
    this.#tlsOptions.set(id, options);
    return this.#share(
      id,
      new SharedTlsListener(own, options, {
        onClose: () => this.#unlisten(id),
        onRenew: (keys) => this.#threads.forEach((thread) => thread.renew(id, keys)),
      }),
    );
  };

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const restart of this.#restarts) clearTimeout(restart);
    for (const thread of this.#threads.values()) thread.stop();
    this.#threads.clear();
  }

  #share<L extends SharedListener>(id: number, listener: L): L {
    this.#listeners.set(id, listener);
    // No other thread has a socket on it yet.
    if (!this.#tlsOptions.has(id)) this.#ownSockets.set(id, listeningSockets(listener.addr));
    for (const thread of this.#threads.values()) thread.listen(id, this.#addressOf(listener));
    return listener;
  }

  #start(number: number): void {
    const thread = new ThreadHandle(this.#spawn(), {
      onAccepted: (listener, socket) => {
        const found = this.#listeners.get(listener);
        if (found === undefined) socket.close();
        else found.add(socket);
      },
      onHandshakeError: (listener, ip, reason) => this.#tlsOptions.get(listener)?.onHandshakeError(ip, reason),
      onTrouble: (text) => this.#log.error(`thread ${number}: ${text}`),
      onDead: (reason, held) => this.#onDead(number, thread, { reason, held }),
    });
    this.#threads.set(number, thread);
    for (const [id, listener] of this.#listeners) thread.listen(id, this.#addressOf(listener));
  }

  async #onDead(
    number: number,
    thread: ThreadHandle,
    { reason, held }: { reason: string; held: readonly SocketAddress[] | null },
  ): Promise<void> {
    if (this.#threads.get(number) !== thread) return;
    this.#threads.delete(number);
    this.#dead.push({ thread, ticks: DEAD_TICKS });
    this.#log.error(
      `thread ${number} died: ${reason}; its clients are disconnected, a new thread takes its place`,
    );
    // Deno 2.9.6 cannot end a thread that computes or waits without end: its sockets would stay open for ever.
    if (held !== null) {
      shutdownSockets(held);
      await (this.#portsClosed = this.#portsClosed.then(() => this.#closePorts()));
    }
    if (this.#isOver) return;
    const restart = setTimeout(async () => {
      this.#restarts.delete(restart);
      await this.#portsClosed;
      if (!this.#isOver) this.#start(number);
    }, RESTART_MS);
    this.#restarts.add(restart);
  }

  /**
   * Takes the ports from a thread that hangs: Linux would go on giving it a share of the new clients, which would wait in
   * vain. Which sockets are its own only shows while the other threads have none. With TLS this thread opens its own
   * again, too: a renewal may have given it another number.
   */
  async #closePorts(): Promise<void> {
    const ids = [...this.#listeners.keys()].filter((id) =>
      this.#tlsOptions.has(id) || this.#ownSockets.get(id)?.length === 1
    );
    const others = [...this.#threads.values()];
    const closed = Promise.all(others.flatMap((thread) => ids.map((id) => thread.unlisten(id))));
    const { promise: outOfTime, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, UNLISTEN_MS);
    await Promise.race([closed, outOfTime]);
    clearTimeout(timer);
    for (const id of ids) {
      const listener = this.#listeners.get(id);
      if (listener === undefined) continue;
      const own = this.#ownSockets.get(id) ?? [];
      if (listener instanceof SharedTlsListener) listener.reopen();
      endListening(listeningSockets(listener.addr).filter((descriptor) => !own.includes(descriptor)));
      for (const thread of others) thread.listen(id, this.#addressOf(listener));
    }
  }

  #addressOf(listener: SharedListener): ThreadAddress {
    if (listener instanceof SharedTlsListener) return listener.address;
    const { addr: { hostname, port } } = listener;
    return { host: hostname, port, paths: this.#paths.wanted };
  }

  async #unlisten(id: number): Promise<void> {
    this.#listeners.delete(id);
    this.#ownSockets.delete(id);
    this.#tlsOptions.delete(id);
    await Promise.all([...this.#threads.values()].map((thread) => thread.unlisten(id)));
  }

  #tick(): void {
    this.#dead = this.#dead.filter((each) => --each.ticks > 0);
    for (const thread of [...this.#threads.values()]) thread.tick();
  }
}

function reasonForOneThread(): string {
  if (Deno.build.os !== "linux") return `${Deno.build.os} does not spread connections over threads`;
  // Asked for SO_REUSEPORT without that flag, Deno would end the program.
  return "listenDatagram" in Deno ? "" : 'Deno was started without --unstable-net ("unstable": ["net"] in deno.json)';
}

function spawnWorker(): WorkerLike {
  return new Worker(new URL("../worker/fanout_worker.ts", import.meta.url), { type: "module" });
}

/** With SO_REUSEPORT a second server would be let in beside this one: without, it is told that the port is taken. */
function unusedPort({ host, port }: Endpoint): number {
  const probe = listenHere({ host, port });
  probe.close();
  return probe.addr.port;
}
