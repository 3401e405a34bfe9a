import type { MachineEnd } from "../../kit/memory/memory_network.ts";
import { Random } from "../random.ts";
import type { FaultPlan } from "../scenario.ts";
import { changeSetting, drainByApi, kickClient } from "./operators.ts";
import { ENGINE_IP, type SimCluster } from "../world/cluster.ts";
import type { SimServer } from "../world/sim_server.ts";

/** Lets something go wrong. @returns Mends it. */
export function applyFault(fault: FaultPlan, cluster: SimCluster, seed: number): () => void {
  const server = cluster.servers.get(fault.server);
  const { engine, network } = cluster;
  switch (fault.kind) {
    case "kill": {
      const random = Random.of(seed, fault.name);
      server?.kill(() => random.pick<MachineEnd>(["end", "reset"]));
      return () => cluster.restart(fault.server);
    }
    case "powerCut":
      server?.kill(() => "vanish");
      return () => cluster.restart(fault.server);
    case "drain": {
      const drained = server?.drain();
      return () => void drained?.then(() => cluster.restart(fault.server));
    }
    case "freeze": {
      const host = server?.running?.host;
      host?.freeze();
      return () => host?.thaw();
    }
    case "partition":
    case "oneWay": {
      const ipOf = (name: string) => name === "engine" ? ENGINE_IP : cluster.servers.get(name)?.ip ?? "";
      const cut = network.partition([ipOf(fault.server)], fault.others.map(ipOf), {
        isOneWay: fault.kind === "oneWay",
      });
      return () => cut[Symbol.dispose]();
    }
    case "clock": {
      const host = server?.running?.host;
      if (host !== undefined) host.clockAheadMs += fault.aheadMs;
      return () => {
        if (host !== undefined) host.clockAheadMs -= fault.aheadMs;
      };
    }
    case "reload":
      return server === undefined ? () => {} : changeSetting(fault, server, cluster);
    case "kick":
      if (server !== undefined) void kickClient(cluster, server, Random.of(seed, fault.name));
      return () => {};
    case "apiDrain":
      return server === undefined ? () => {} : drainAndRestart(server, cluster);
    case "join":
      cluster.join(fault.server);
      return () => {};
    case "dnsDown":
      cluster.isDnsDown = true;
      return () => {
        cluster.isDnsDown = false;
      };
    case "engineDown":
      engine?.die();
      return () => {
        if (engine !== null) engine.isDown = false;
      };
    case "engineHang":
      engine?.hang();
      return () => engine?.resume();
    case "engineFlush":
      engine?.flush();
      return () => {};
    case "engineReadOnly":
      if (engine !== null) engine.isReadOnly = true;
      return () => {
        if (engine !== null) engine.isReadOnly = false;
      };
  }
}

/** An operator has a server drain, and starts it again once it is gone: his call may come late, where the way was cut. */
function drainAndRestart(server: SimServer, cluster: SimCluster): () => void {
  let [isOver, hasEnded] = [false, false];
  server.onDrainedByApi = () => {
    hasEnded = true;
    if (isOver) cluster.restart(server.name);
  };
  void drainByApi(cluster, server);
  return () => {
    isOver = true;
    if (hasEnded) cluster.restart(server.name);
  };
}

/** In a line, for the story of a day. */
export function describeFault({ kind, server, others, lastsMs, aheadMs, setting }: FaultPlan): string {
  const whom = others.length === 0 ? server : `${server} ${kind === "oneWay" ? "to" : "and"} ${others.join(", ")}`;
  if (kind === "reload") {
    return `reload of ${server} with another ${setting} for ${lastsMs} ms${
      others.length > 0 ? `, without ${others}` : ""
    }`;
  }
  return kind === "clock"
    ? `clock of ${whom} jumps by ${aheadMs} ms for ${lastsMs} ms`
    : `${kind} of ${whom} for ${lastsMs} ms`;
}
