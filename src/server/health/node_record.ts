import type { InterfaceAddress } from "../../base/world.ts";
import { mainAddress } from "../../base/local_address.ts";
import type { NodeFacts } from "../../cluster/health/node_facts.ts";
import type { NodeRecord } from "../../cluster/valkey/node_record.ts";
import type { Config, ListenAddress } from "../../config/mod.ts";
import { formatHost } from "../../rtmp/url.ts";

const noLoad = { streams: 0, viewers: 0, recvKbps: 0, sendKbps: 0, cpuPercent: 0, memoryBytes: 0 };

/** What the other servers are told of this one by an engine: where it is, and how it is. */
export function nodeRecordOf(
  config: Config,
  { role, software, api, startedMs, isDraining, load }: NodeFacts,
  interfaces: readonly InterfaceAddress[],
): Omit<NodeRecord, "region"> {
  const { listen: [rtmp], httpServer, advertise, vhosts } = config;
  const servesFlv = httpServer.enabled &&
    vhosts.some(({ httpRemux }) => httpRemux.enabled && httpRemux.mount.endsWith(".flv"));
  const at = (listen: ListenAddress | undefined) => hostOf(config, listen, interfaces);
  const name = advertise?.host ?? "";
  const isNamed = /[a-z]/i.test(name) && !name.includes(":");
  return {
    rtmp: { ip: at(rtmp), port: advertise?.port ?? rtmp?.port ?? 1935 },
    http: servesFlv ? `${formatHost(at(httpServer.listen))}:${httpServer.listen.port}` : "",
    https: servesFlv && httpServer.https.enabled && isNamed ? `${name}:${httpServer.https.listen.port}` : "",
    api,
    role: role === "unknown" ? "origin" : role,
    software,
    startedMs: startedMs ?? 0,
    isDraining,
    load: load ?? noLoad,
  };
}

/** Where others reach what listens there. */
function hostOf(
  { advertise }: Config,
  listen: ListenAddress | undefined,
  interfaces: readonly InterfaceAddress[],
): string {
  const bound = listen?.host ?? "";
  return advertise?.host ?? (["", "0.0.0.0", "::"].includes(bound) ? mainAddress(interfaces) : bound);
}
