import { block, blocks, directive } from "./row.ts";
import { advertisedAddress, listenAddresses } from "../values/address.ts";
import { bytes, integer, milliseconds } from "../values/number.ts";
import { text } from "../values/type.ts";
import { workerCount } from "../values/workers.ts";
import { exporterRows } from "./exporter.ts";
import { foreignRootRows } from "./foreign.ts";
import { heartbeatRows } from "./heartbeat.ts";
import { httpApiRows } from "./http_api.ts";
import { httpServerRows } from "./http_server.ts";
import { logRows, processRows } from "./process.ts";
import { rtmpsRows } from "./rtmps.ts";
import { statsRows } from "./stats.ts";
import { vhostRows } from "./vhost.ts";

/** Directives at the top level of a file: the whole language hangs from here. */
export const rootRows = {
  listen: directive("listen", listenAddresses(), {
    default: [],
    reload: "live",
    env: ["SRS_LISTEN", "SRS_RTMP_LISTEN"],
    doc: "Addresses of RTMP; in newer versions of SRS 7, as `chunk_size`, in a block `rtmp`, which is read too.",
  }),
  maxConnections: directive("max_connections", integer({ min: 1, outside: "error" }), {
    default: 1000,
    reload: "live",
    doc: "Most connections at one time, RTMP and HTTP together.",
  }),
  chunkSizeBytes: directive("chunk_size", bytes({ min: 128, max: 65536 }), {
    default: 60_000,
    reload: "newClients",
    env: ["SRS_VHOST_CHUNK_SIZE", "SRS_CHUNK_SIZE", "SRS_RTMP_CHUNK_SIZE"],
    doc: "Chunk size of what is sent, for vhosts without their own.",
  }),
  ...processRows,
  ...logRows,
  rtmps: block("rtmps", rtmpsRows, {
    doc: "RTMP over TLS, in SRS since 7.0.56.",
  }),
  httpApi: block("http_api", httpApiRows, { doc: "The HTTP API, which coworkers ask too." }),
  httpServer: block("http_server", httpServerRows, { doc: "Files and streams over HTTP." }),
  heartbeat: block("heartbeat", heartbeatRows, { doc: "Reports to a server of yours." }),
  stats: block("stats", statsRows, { doc: "What the summaries of the API count, and the address in reports." }),
  exporter: block("exporter", exporterRows, { doc: "Metrics for Prometheus." }),
  vhosts: blocks("vhost", vhostRows, { doc: "The rules for one host name; `__defaultVhost__` for all others." }),
  ...foreignRootRows,
  workers: directive("workers", workerCount(), {
    default: "auto",
    extension: true,
    doc: "Threads that take clients and send to them; `auto` is one a core. Linux only, elsewhere there is one.",
  }),
  maxConnectionsPerIp: directive("max_connections_per_ip", integer(), {
    default: 0,
    reload: "live",
    extension: true,
    doc:
      "Most connections at one time from one address (IPv6: one /64 network), of RTMP and HTTP viewers; 0: no limit.",
  }),
  connectRatePerIp: directive("connect_rate_per_ip", integer(), {
    default: 0,
    reload: "live",
    extension: true,
    doc: "Most new connections a second from one address (IPv6: one /64 network), counted over 10 s; 0: no limit.",
  }),
  clientTimeoutMs: directive("client_timeout", milliseconds({ min: 1 }), {
    default: 10_000,
    reload: "newClients",
    extension: true,
    doc: "Time within which a client must shake hands, connect and begin to publish or play.",
  }),
  tlsCaFile: directive("tls_ca_file", text(), {
    default: "",
    reload: "live",
    extension: true,
    doc: "Certificates of authorities, PEM, that servers reached over TLS may be signed by, besides the public ones.",
  }),
  advertise: directive("advertise", advertisedAddress(), {
    default: null,
    reload: "live",
    extension: true,
    doc: "RTMP address given to coworkers as ours, ip or ip:port; without it SRS's rules decide.",
  }),
};
