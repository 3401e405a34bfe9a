import type { World } from "../base/world.ts";
import type { TcpConn } from "./tcp_conn.ts";
import { dial, type DialOptions, type DialWorld } from "./tls/dial.ts";

/** What those who connect to servers need of the world. */
export interface Network extends Pick<World, "randomBytes" | "random"> {
  /**
   * Connects to a server and, if asked to, speaks TLS with it.
   *
   * @throws {UpstreamError} `StConnect`, with the address and the reason in words.
   */
  dial(options: DialOptions): Promise<TcpConn>;
}

/** The network of a world. */
export function networkOf(world: DialWorld & Pick<World, "randomBytes" | "random">): Network {
  return {
    dial: (options) => dial(world, options),
    randomBytes: (count) => world.randomBytes(count),
    random: () => world.random(),
  };
}
