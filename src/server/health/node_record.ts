import type { InterfaceAddress } from "../../base/world.ts";
import { mainAddress } from "../../base/local_address.ts";
import { flvAddresses, reachableHost } from "../../cluster/own_address.ts";
import type { NodeFacts } from "../../cluster/health/node_facts.ts";
import type { NodeRecord } from "../../cluster/valkey/node_record.ts";
import type { Config } from "../../config/mod.ts";

const noLoad = { streams: 0, viewers: 0, recvKbps: 0, sendKbps: 0, cpuPercent: 0, memoryBytes: 0 };

/** What the other servers are told of this one by an engine: where it is, and how it is. */
export function nodeRecordOf(
  config: Config,
  { role, software, api, startedMs, isDraining, load }: NodeFacts,
  interfaces: readonly InterfaceAddress[],
): Omit<NodeRecord, "region"> {
  const { listen: [rtmp], advertise, vhosts } = config;
  // One that listens on its own machine only is part of a cluster on that machine.
  const fallback = (bound: string) => bound === "127.0.0.1" ? bound : mainAddress(interfaces);
  const { http = "", https = "" } = flvAddresses(config, vhosts, fallback);
  return {
    rtmp: { ip: reachableHost(config, rtmp, fallback), port: advertise?.port ?? rtmp?.port ?? 1935 },
    http,
    https,
    api,
    role: role === "unknown" ? "origin" : role,
    software,
    startedMs: startedMs ?? 0,
    isDraining,
    load: load ?? noLoad,
  };
}
