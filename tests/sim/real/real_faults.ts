import { changeSetting, drainByApi, kickClient } from "../faults/operators.ts";
import { Random } from "../random.ts";
import type { FaultPlan } from "../scenario.ts";
import type { RealCluster } from "./real_cluster.ts";

/** An engine that hangs does not answer us either. */
const ENGINE_MS = 2000;

/**
 * Lets something go wrong with a process. Settles when it has.
 *
 * @returns Mends it; settles when all is whole again.
 */
export async function applyToProcess(
  fault: FaultPlan,
  cluster: RealCluster,
  seed: number,
): Promise<() => Promise<void>> {
  const { engine, timers } = cluster;
  const server = cluster.servers.get(fault.server);
  const nothing = () => Promise.resolve();
  const askEngine = async (...command: string[]) => {
    const answer = engine?.call(...command).catch((error) => cluster.log.add("engine", String(error)));
    if (answer !== undefined) await timers.within(ENGINE_MS, answer);
  };
  switch (fault.kind) {
    case "kill":
    case "powerCut":
      await server?.kill();
      return () => cluster.restart(fault.server);
    case "drain": {
      const drained = server?.drain();
      return async () => {
        await drained;
        await cluster.restart(fault.server);
      };
    }
    case "apiDrain": {
      const drained = server?.drained();
      if (server !== undefined) void drainByApi(cluster, server);
      return async () => {
        await drained;
        await cluster.restart(fault.server);
      };
    }
    case "freeze":
      server?.freeze(true);
      return () => {
        server?.freeze(false);
        return Promise.resolve();
      };
    case "reload": {
      const mend = server === undefined ? () => {} : changeSetting(fault, server, cluster);
      return () => Promise.resolve(mend());
    }
    case "kick":
      if (server !== undefined) await kickClient(cluster, server, Random.of(seed, fault.name));
      return nothing;
    case "join":
      await cluster.join(fault.server);
      return nothing;
    case "engineDown":
      await engine?.kill();
      return async () => await engine?.restart();
    case "engineHang":
      engine?.freeze();
      return () => {
        engine?.thaw();
        return Promise.resolve();
      };
    case "engineFlush":
      await askEngine("FLUSHALL");
      return nothing;
    case "engineReadOnly":
      // A replica whose primary is not there.
      await askEngine("REPLICAOF", "127.0.0.1", "1");
      return () => askEngine("REPLICAOF", "NO", "ONE");
    case "partition":
    case "oneWay":
    case "clock":
    case "dnsDown":
      throw new TypeError(`${fault.kind} is not for processes`);
  }
}
