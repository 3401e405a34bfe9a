import type { Following, FollowSink, LiveTail } from "./live_tail.ts";

/** One end of a connection: an IP address and a port. */
export interface NetAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * What a connection is made of: a `Deno.TcpConn`, one with TLS, one of another thread, or one in memory. Reads and writes
 * fail with Deno's errors.
 */
export interface Socket {
  readonly localAddr: NetAddress;
  readonly remoteAddr: NetAddress;
  /** TLS is spoken on it. */
  readonly isEncrypted?: boolean;
  /** What both sides agreed upon to speak inside of TLS (ALPN); empty or absent for nothing. */
  readonly protocol?: string;
  /** @returns Bytes put into `buffer`, at least one; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** @returns Bytes taken, at least one. */
  write(view: Uint8Array): Promise<number>;
  /**
   * Writes what there is room for, without waiting; nothing else may be under way.
   *
   * @param isMore More follows at once: it may leave together with that.
   * @returns Bytes taken; 0 where that cannot be, for whatever reason: {@link write} knows.
   */
  writeNow?(view: Uint8Array, isMore?: boolean): number;
  /** Ends the sending side. */
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay(on?: boolean): void;
  /**
   * From now on a read that waits ends once about so many bytes have come, or the peer has ended; at once if they are
   * there. 1, as at first: with the first byte.
   */
  gather?(bytes: number): void;
  /** Sends a tail from its live end on, by itself; nothing else may be written meanwhile. */
  follow?<Place>(tail: LiveTail<Place>, sink: FollowSink<Place>): Following;
}

/** A socket that speaks TLS. */
export interface SecureSocket extends Socket {
  /** Settles once the handshake is done. Rejects with the reason it failed. */
  handshake(): Promise<void>;
}

/** A listening socket. */
export interface ListenerSocket {
  readonly addr: NetAddress;
  accept(): Promise<Socket>;
  close(): void;
}

/** A certificate with its chain, and its key, in PEM. */
export interface TlsKeys {
  readonly cert: string;
  readonly key: string;
}

/** Where to listen with TLS, and how. */
export interface TlsListenOptions {
  readonly host: string;
  readonly port: number;
  readonly keys: TlsKeys;
  /** What may be spoken inside (ALPN), the preferred first; by default that is not talked about. */
  readonly protocols?: readonly string[];
  /** Told of each handshake that came to nothing; `reason` is in words, empty where the peer only left. */
  onHandshakeError(remoteIp: string, reason: string): void;
}

/** A listening socket whose certificate can change. */
export interface RenewableListener extends ListenerSocket {
  readonly isClosed: boolean;
  /** From here on handshakes show another certificate. Connections, and handshakes under way, go on as they are. */
  renew(keys: TlsKeys): void;
}
