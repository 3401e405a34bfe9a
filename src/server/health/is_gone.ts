import type { World } from "../../base/world.ts";
import type { ServerAddress } from "../../cluster/directory.ts";

/** A machine that is there refuses at once. */
const TIMEOUT_MS = 300;

/**
 * Whether a server has ended: its machine refuses the connection. One that does not answer may only be cut off from this
 * one, and is not gone. Never rejects.
 */
export async function isGone(
  world: Pick<World, "connect" | "after">,
  { ip, port }: ServerAddress,
): Promise<boolean> {
  const giveUp = new AbortController();
  const { promise: outOfTime, resolve } = Promise.withResolvers<null>();
  const timer = world.after(TIMEOUT_MS, () => resolve(null));
  const dialled = world.connect({ host: ip, port }, giveUp.signal);
  try {
    const socket = await Promise.race([dialled, outOfTime]);
    if (socket === null) dialled.then((late) => late.close(), () => {});
    else socket.close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  } finally {
    timer.cancel();
    giveUp.abort();
  }
}
