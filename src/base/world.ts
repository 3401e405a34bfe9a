import type { Timers, WallClock } from "./clock.ts";
import type { OpenEngine } from "./engine.ts";
import type { LogMemory } from "./log_memory.ts";
import type { LoopTurns } from "./loop_turns.ts";
import type { ListenerSocket, RenewableListener, SecureSocket, Socket, TlsListenOptions } from "./socket.ts";

/** Where to listen, or what to connect to: an IP address or a host name, IPv6 without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What is needed of the global `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** `fetch` with a new connection for each request; disposing it ends what is left of requests. */
export type FreshFetch = Disposable & { readonly fetch: Fetch };

/** One address of this machine. */
export interface InterfaceAddress {
  readonly name: string;
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/** The part of `Deno` that reads and writes files. */
export type Files = Pick<
  typeof Deno,
  | "lstat"
  | "mkdir"
  | "open"
  | "readDir"
  | "readFile"
  | "readTextFile"
  | "readTextFileSync"
  | "realPath"
  | "remove"
  | "removeSync"
  | "rename"
  | "stat"
  | "writeTextFile"
>;

/** The part of `Deno` that tells of the process and its machine. */
export type ProcessFacts = Pick<
  typeof Deno,
  "args" | "build" | "cwd" | "hostname" | "osRelease" | "pid" | "ppid" | "version"
>;

/** A file that nobody else may lock until this is disposed of, or the process has ended. */
export type FileLock = Disposable & {
  /** Whether its path still leads to this file: another one may have renamed or removed it before. */
  isCurrent(): Promise<boolean>;
};

/**
 * Everything outside the program that a server has to do with. All rooms take it from here and never from a global, so
 * that a whole server, or a whole cluster, runs on simulated time and network.
 *
 * What ends a connection is thrown as Deno's own errors, in every world.
 */
export interface World extends Timers, WallClock {
  /** Bytes that nobody can guess. */
  randomBytes(count: number): Uint8Array<ArrayBuffer>;
  /** From 0 up to, not including, 1: to spread pauses, never for secrets. */
  random(): number;
  /** How connections share the thread. */
  readonly turns: LoopTurns;
  /** Memory for logs of streams; default: memory that all threads share. */
  readonly logMemory?: LogMemory;
  /** Which ways to the kernel connections take: how publishers are read, and players sent to; default: the usual ones. */
  readonly paths?: { readonly recv: string; readonly send: string };
  /** Opens a listening socket. @throws What `Deno.listen` throws. */
  listen(endpoint: Endpoint): ListenerSocket;
  /** The same with TLS. @throws What `Deno.listenTls` throws. */
  listenTls(options: TlsListenOptions): RenewableListener;
  /**
   * Connects. Rejects with what `Deno.connect` throws, or some time after the signal aborts; a connection that comes
   * about meanwhile is the caller's.
   */
  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket>;
  /**
   * Begins to speak TLS on a connection that {@link connect} made, and takes it over.
   *
   * @param tls The name that the certificate must have, and authorities, PEM, trusted besides the public ones.
   */
  startTls(socket: Socket, tls: { readonly host: string; readonly caCerts: readonly string[] }): Promise<SecureSocket>;
  /**
   * Addresses of a host name; none for a name that is unknown, or that no DNS server answers for.
   *
   * @param nameServer DNS server to ask; by default the system's.
   */
  resolve(host: string, nameServer?: Endpoint | null): Promise<readonly string[]>;
  /** Services of a name, as SRV records of DNS have them, the preferred ones first; none as with {@link resolve}. */
  resolveService(name: string, nameServer?: Endpoint | null): Promise<readonly Endpoint[]>;
  readonly fetch: Fetch;
  /** @param caCerts Authorities, PEM, that are trusted besides the public ones; asked for each request. */
  freshFetch(caCerts: () => readonly string[]): FreshFetch;
  readonly openEngine: OpenEngine;
  readonly files: Files;
  /**
   * Locks a file against whoever locks it so, on any machine that shares the disk; reads and writes are not hindered. Never
   * waits.
   *
   * @returns Null while somebody else has locked it.
   * @throws `NotFound` without the file; `NotSupported` and what the disk says where files cannot be locked.
   */
  lockFile(path: string): Promise<FileLock | null>;
  /** Addresses of this machine; none where the system does not tell. */
  interfaces(): readonly InterfaceAddress[];
  /** An environment variable; empty where it is not set. */
  env(name: string): string;
  /** This process and its machine. */
  readonly process: ProcessFacts;
}
