import type { EngineEvents, EngineLink, OpenEngine } from "../../../src/base/engine.ts";
import type { MemoryNetwork } from "../memory/memory_network.ts";
import { openSimulated } from "./simulated_engine.ts";

/** What is needed of the machine. */
interface EngineClient {
  readonly ip: string;
  readonly isFrozen: boolean;
  readonly isDead: boolean;
}

/** How often a line that is cut is tried again. */
const REPEAT_MS = 50;

/** The way from a machine to the engines of a network: what cuts the network cuts it too, and nothing is lost. */
export function openBetween(host: EngineClient, network: MemoryNetwork): OpenEngine {
  return async (endpoint, events, signal) => {
    const passage = () => passageTo(endpoint.host);
    const passageTo = async (engineIp: string) => {
      const isOpen = () => network.isOpen(host.ip, engineIp) && network.isOpen(engineIp, host.ip) && !host.isFrozen;
      while (!isOpen()) await new Promise<void>((resolve) => network.timers.after(REPEAT_MS, resolve));
    };
    const opened = openSimulated(network.engines)(endpoint, behind(passage, events, host), signal);
    const link = await opened;
    return {
      call: async (command) => {
        await passage();
        const reply = await link.call(command);
        await passage();
        return reply;
      },
      [Symbol.dispose]: () => link[Symbol.dispose](),
    } satisfies EngineLink;
  };
}

function behind(passage: () => Promise<void>, events: EngineEvents, host: EngineClient): EngineEvents {
  const later = (tell: () => void) => void passage().then(() => host.isDead ? undefined : tell());
  return {
    onChanged: (keys) => later(() => events.onChanged(keys)),
    onEnd: (reason) => later(() => events.onEnd(reason)),
  };
}
