import type { HlsPlan, Scenario } from "../scenario.ts";
import type { ServerPorts } from "./cluster_view.ts";

/** What a configuration needs to know of where it is. */
export interface Surroundings {
  readonly ports: ServerPorts;
  /** Of the n-th origin or edge, from 1 on. */
  ipOf(kind: "origin" | "edge" | "srs", number: number): string;
  /** Of the directory, where the scenario has one. */
  readonly engineUrl: string;
  /** What origins are called in DNS. */
  readonly originsName: string;
  /** What else origins are told of their cluster. */
  readonly ofCluster?: string;
  /** What else each server is told. */
  more?(ip: string, name: string): string;
}

/** The configuration file of one server. */
export interface Configuration {
  readonly name: string;
  readonly ip: string;
  readonly text: string;
}

/** Addresses and configuration files of all servers. */
export function configurations(scenario: Scenario, where: Surroundings): Configuration[] {
  const { origins, edges, directory, onConflict, srs, discovery, latecomers, hls } = scenario;
  const { ports, ipOf, engineUrl, originsName, ofCluster = "", more = () => "" } = where;
  const named = (kind: "origin" | "edge", count: number) =>
    Array.from({ length: count }, (_, at) => ({ name: `${kind}-${at + 1}`, ip: ipOf(kind, at + 1) }));
  const text = ({ name, ip }: Pick<Configuration, "name" | "ip">, vhost: string) => `
    listen ${ip}:${ports.rtmp}; advertise ${ip}; ${more(ip, name)}
    http_api { enabled on; listen ${ip}:${ports.api}; remote_control all; }
    http_server { enabled on; listen ${ip}:${ports.http}; }
    ${directory === "engine" ? `directory { enabled on; url ${engineUrl}; node_ttl 6000; }` : ""}
    vhost __defaultVhost__ { http_remux { enabled on; } play { gop_cache on; mw_latency 350; } ${vhost} ${
    hlsOf(hls)
  } }`;
  const origin = named("origin", origins);
  const apis = [...origin.map(({ ip }) => ip), ...srs.map((_, at) => ipOf("srs", at + 1))]
    .map((ip) => `${ip}:${ports.api}`);
  const coworkers = discovery === "dns" ? `dns+http://${originsName}:${ports.api}` : apis.join(" ");
  const rtmp = origin.slice(0, origins - latecomers).map(({ ip }) => `${ip}:${ports.rtmp}`).join(" ");
  const cluster = discovery === "engine" ? "" : `cluster { origin_cluster on; coworkers ${coworkers}; ${ofCluster} }`;
  const originVhost = `publish { on_conflict ${onConflict}; } ${cluster}`;
  return [
    ...origin.map((server) => ({ ...server, text: text(server, originVhost) })),
    ...named("edge", edges).map((server) => ({
      ...server,
      text: text(server, `cluster { mode remote; origin ${rtmp}; }`),
    })),
  ];
}

function hlsOf(plan: HlsPlan | null): string {
  if (plan === null) return "";
  const { fragmentMs, windowMs, isFmp4 } = plan;
  // A session would be a viewer, counted where its requests come.
  return `hls { enabled on; hls_ctx off; hls_fragment ${fragmentMs / 1000}; hls_window ${windowMs / 1000}; ${
    isFmp4 ? "hls_use_fmp4 on; " : ""
  }}`;
}
