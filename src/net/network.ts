import type { TcpConn } from "./tcp_conn.ts";
import { dial, type DialOptions } from "./tls/dial.ts";

/** What those who connect to servers need of the world outside; a test or a simulation has one of its own. */
export interface Network {
  /**
   * Connects to a server and, if asked to, speaks TLS with it.
   *
   * @throws {UpstreamError} `StConnect`, with the address and the reason in words.
   */
  dial(options: DialOptions): Promise<TcpConn>;
  /** Random bytes for handshakes. */
  randomBytes(count: number): Uint8Array;
  /** 0 to below 1, for pauses that are not to be in step. */
  random(): number;
}

/** The network of the running process. */
export const systemNetwork: Network = {
  dial,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  random: () => Math.random(),
};
