import { describeError, SrsError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Config, ListenAddress } from "../../config/mod.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import { type ListenWorld, TcpListener } from "../../net/tcp_listener.ts";
import type { PreparedReload, ReloadPart } from "../reload/reload_part.ts";

/** One address of `listen` and its socket. */
interface Bound {
  readonly address: ListenAddress;
  listener: TcpListener;
  /** Settles some time after the close: only then is the port free again. */
  serving: Promise<void>;
}

/** What listeners give on and need. */
export interface RtmpListenersOptions {
  /** What is served, for log lines: `RTMP`. */
  name: string;
  log: Logger;
  /** Where a configuration says to listen. */
  addresses(config: Pick<Config, "listen" | "rtmps">): readonly ListenAddress[];
  world: ListenWorld;
  onConn(tcp: TcpConn): void;
}

/** The sockets that listen on the addresses of `listen`, or of `rtmps`. Those accepted live on whatever becomes of the sockets. */
export class RtmpListeners implements ReloadPart {
  readonly #options: RtmpListenersOptions;
  #bound: Bound[] = [];

  constructor(options: RtmpListenersOptions) {
    this.#options = options;
  }

  /** Ports bound, in the order of the addresses. */
  get ports(): number[] {
    return this.#bound.map(({ listener }) => listener.port);
  }

  /**
   * Binds every address and begins to accept.
   *
   * @throws {SrsError} `SocketListen` if one cannot be bound; none is left open then.
   */
  open(config: Pick<Config, "listen" | "rtmps">): void {
    this.#bound = this.#bindAll(unique(this.#options.addresses(config)), []);
    for (const bound of this.#bound) this.#serve(bound);
  }

  /** Binds the addresses that are new; with the commit, those that are no longer wanted stop accepting. */
  async prepare(config: Pick<Config, "listen" | "rtmps">): Promise<PreparedReload> {
    const wanted = unique(this.#options.addresses(config));
    const isBound = (address: ListenAddress) => this.#bound.some((bound) => isSame(address, bound.address));
    const isCoveredAnew = (address: ListenAddress) => wanted.some((each) => !isBound(each) && covers(each, address));
    const removed = this.#bound.filter(({ address }) =>
      !wanted.some((each) => isSame(each, address)) || isCoveredAnew(address)
    );
    const kept = this.#bound.filter((each) => !removed.includes(each));
    const added = wanted.filter((address) => !kept.some((each) => isSame(address, each.address)));
    // 1.2.3.4:1935 cannot be bound beside 0.0.0.0:1935: that one goes first, and comes back if need be.
    const inTheWay = removed.filter(({ address }) => added.some(({ port }) => port !== 0 && port === address.port));
    for (const { listener } of inTheWay) listener.close();
    await Promise.all(inTheWay.map(({ serving }) => serving));
    let bound: Bound[];
    try {
      bound = this.#bindAll(added, kept);
    } catch (error) {
      this.#restore(inTheWay);
      throw error;
    }
    return {
      commit: () => {
        for (const { address, listener } of removed) {
          listener.close();
          if (wanted.some((each) => isSame(each, address))) continue;
          this.#options.log.info(`${this.#options.name} no longer listens on ${address.text}`);
        }
        const all = [...kept, ...bound];
        this.#bound = wanted.flatMap((address) => all.find((each) => isSame(address, each.address)) ?? []);
        for (const each of bound) this.#serve(each);
      },
      abandon: () => {
        // Nobody waits for connections on these yet: they are closed at once, and do not block those that come back.
        for (const { listener } of bound) listener.close();
        this.#restore(inTheWay);
      },
    };
  }

  /** Accepts no more connections. */
  close(): void {
    for (const { listener } of this.#bound) listener.close();
  }

  /** Settles when all sockets are closed and their ports free again. */
  async closed(): Promise<void> {
    await Promise.all(this.#bound.map(({ serving }) => serving));
  }

  /** @param kept Sockets that stay. */
  #bindAll(addresses: readonly ListenAddress[], kept: readonly Bound[]): Bound[] {
    const bound: Bound[] = [];
    try {
      for (const address of addresses.toSorted((a, b) => Number(covers(b, a)) - Number(covers(a, b)))) {
        const listener = this.#bindBeside(address, [...kept, ...bound]);
        if (listener !== null) bound.push({ address, listener, serving: Promise.resolve() });
      }
      return addresses.flatMap((address) => bound.find((each) => each.address === address) ?? []);
    } catch (error) {
      for (const { listener } of bound) listener.close();
      throw error;
    }
  }

  /**
   * Binds an address, unless the clients of another socket are also those of this one: that of `[::]` takes IPv4 too,
   * where the system does not say otherwise (`net.ipv6.bindv6only`). SRS has both sockets, for it binds `[::]` to IPv6 only.
   */
  #bindBeside(address: ListenAddress, others: readonly Bound[]): TcpListener | null {
    try {
      return this.#bind(address);
    } catch (error) {
      const isInUse = error instanceof SrsError && error.cause instanceof Deno.errors.AddrInUse;
      const cover = others.find((other) => covers(other.address, address));
      if (!isInUse || cover === undefined) throw error;
      this.#options.log.info(`${this.#options.name} listens on ${address.text} through ${cover.address.text}`);
      return null;
    }
  }

  #bind({ host, port }: ListenAddress): TcpListener {
    return TcpListener.listen(this.#options.world, { host: host === "" ? "0.0.0.0" : host, port });
  }

  #serve(bound: Bound): void {
    const { name, log, onConn } = this.#options;
    const { listener } = bound;
    log.info(`${name} listens on ${listener.host}:${listener.port}`);
    bound.serving = listener.serve(onConn, {
      onAcceptError: (error, count) =>
        log.error(`${name}: cannot accept connections (${count} times): ${String(error)}`),
    });
  }

  #restore(closed: readonly Bound[]): void {
    for (const bound of closed) {
      try {
        bound.listener = this.#bind(bound.address);
        this.#serve(bound);
      } catch (error) {
        const { name, log } = this.#options;
        log.error(`${name} stopped listening on ${bound.address.text}: ${describeError(error)}`);
      }
    }
  }
}

/** The addresses without repetitions. */
function unique(addresses: readonly ListenAddress[]): ListenAddress[] {
  return addresses.filter((address, at) => addresses.findIndex((other) => isSame(other, address)) === at);
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  return a.port === b.port && a.host === b.host;
}

/** Whether a socket on `a` can take the clients of another address, `b`. */
function covers(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0 || a.host === b.host) return false;
  return a.host === "::" || (["", "0.0.0.0"].includes(a.host) && !b.host.includes(":"));
}
