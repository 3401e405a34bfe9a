import type { World } from "../../base/world.ts";
import { VERSION } from "../../base/version.ts";
import { type Metric, single } from "./table.ts";
import type { MetricFacts } from "./facts.ts";
import type { ApiContext } from "../api/route.ts";

/** SRS's metrics, by its names. Source: SRS 7 `SrsGoApiMetrics`. */
export const srsMetrics: readonly Metric[] = [
  {
    name: "srs_node_uname_info",
    type: "gauge",
    help: "Operating system and machine.",
    labels: ["sysname", "nodename", "release", "version", "machine"],
    read: ({ server }) => [[uname(server.world), 1]],
  },
  {
    name: "srs_build_info",
    type: "gauge",
    help: "Identity and version of this server.",
    labels: ["server", "service", "pid", "build_date", "major", "version", "code", "label", "tag"],
    read: ({ server }) => [[buildInfo(server), 1]],
  },
  // In the API the same number is a fraction.
  single(
    "srs_cpu_percent",
    "gauge",
    "CPU time used by this process, percent of one core.",
    ({ system }) => Math.round(system.latest.selfPercent * 100),
  ),
  single("srs_memory", "gauge", "Resident memory of this process, KB.", ({ system }) => system.latest.status("VmRSS")),
  single("srs_send_bytes_total", "counter", "Bytes sent to clients.", (facts) => moved(facts, "bytesOut")),
  single(
    "srs_receive_bytes_total",
    "counter",
    "Bytes received from clients and other servers.",
    (facts) => moved(facts, "bytesIn"),
  ),
  single(
    "srs_streams",
    "gauge",
    "Streams that have a publisher or players.",
    ({ server }) => server.registry.streams().size,
  ),
  single("srs_clients", "gauge", "Publishers and players.", ({ server }) => server.registry.clientCount),
  single(
    "srs_clients_total",
    "counter",
    "Publishers and players since the server started.",
    ({ server }) => server.registry.totalClients,
  ),
  single("srs_clients_errs_total", "counter", "Connections refused or ended by an error since the server started.", ({
    server,
  }) => server.registry.totalErrors),
];

function uname({ process, files }: World): Record<string, string> {
  const { os, arch } = process.build;
  return {
    sysname: os === "linux" ? "Linux" : os,
    nodename: process.hostname(),
    release: process.osRelease(),
    version: kernelVersion(files),
    machine: arch,
  };
}

function kernelVersion(files: World["files"]): string {
  try {
    return files.readTextFileSync("/proc/sys/kernel/version").trim();
  } catch {
    // Not Linux, or not permitted.
    return "";
  }
}

function buildInfo({ identity, config }: ApiContext["server"]): Record<string, string> {
  const { serverId, serviceId, pid } = identity;
  const { label, tag } = config.exporter;
  return {
    server: serverId,
    service: serviceId,
    pid: String(pid),
    build_date: "",
    major: VERSION.split(".")[0]!,
    version: VERSION,
    code: "srs-ts",
    ...(label === "" ? {} : { label }),
    ...(tag === "" ? {} : { tag }),
  };
}

/** Over all vhosts: they keep what clients moved that have left. */
function moved({ server, totals }: MetricFacts, what: "bytesIn" | "bytesOut"): number {
  let sum = 0;
  for (const vhost of server.registry.vhosts().values()) sum += totals.get(vhost)?.[what] ?? 0;
  return sum;
}
