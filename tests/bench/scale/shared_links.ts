import type { EngineEvents, EngineLink, OpenEngine } from "../../../src/base/engine.ts";

interface Slot {
  link: Promise<EngineLink> | null;
  readonly users: Set<EngineEvents>;
}

/**
 * Lets many nodes share some connections: one process has not the time for ten thousand sockets with little on each.
 * Nodes on the same connection do not hear of each other's writes, as a node does not hear of its own.
 *
 * @param onCall Told of each command that is really put.
 */
export function sharedLinks(
  open: OpenEngine,
  count: number,
  onCall: (command: readonly string[]) => void,
): OpenEngine {
  const slots = Array.from({ length: count }, (): Slot => ({ link: null, users: new Set() }));
  let turn = 0;
  return async (endpoint, events, signal) => {
    const slot = slots[turn++ % count]!;
    const connect = () =>
      open(endpoint, {
        onChanged: (keys) => slot.users.forEach((user) => user.onChanged(keys)),
        onEnd: (reason) => {
          slot.link = null;
          const users = [...slot.users];
          slot.users.clear();
          for (const user of users) user.onEnd(reason);
        },
      }, AbortSignal.timeout(5000));
    const link = await (slot.link ??= connect().catch((error) => {
      slot.link = null;
      throw error;
    }));
    signal.throwIfAborted();
    slot.users.add(events);
    const call = (command: readonly string[]) => {
      onCall(command);
      return link.call(command);
    };
    return { call, [Symbol.dispose]: () => void slot.users.delete(events) };
  };
}
