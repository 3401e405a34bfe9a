import { block, blocks, directive } from "./row.ts";
import { advertisedAddress, listenAddresses, nameServer } from "../values/address.ts";
import { bytes, integer, milliseconds } from "../values/number.ts";
import { networks } from "../values/network.ts";
import { oneOf, text } from "../values/type.ts";
import { workerCount } from "../values/workers.ts";
import { directoryRows } from "./directory.ts";
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
    doc: "RTMP listen addresses. Newer versions of SRS 7 put this and `chunk_size` into a block `rtmp`, which works " +
      "here too.",
  }),
  maxConnections: directive("max_connections", integer({ min: 1, outside: "error" }), {
    default: 1000,
    reload: "live",
    doc: "Maximum number of clients at one time: RTMP connections and HTTP viewers together.",
  }),
  chunkSizeBytes: directive("chunk_size", bytes({ min: 128, max: 65536 }), {
    default: 60_000,
    reload: "newClients",
    env: ["SRS_VHOST_CHUNK_SIZE", "SRS_CHUNK_SIZE", "SRS_RTMP_CHUNK_SIZE"],
    doc: "Chunk size of outgoing RTMP, for vhosts that do not set their own.",
  }),
  ...processRows,
  ...logRows,
  rtmps: block("rtmps", rtmpsRows, {
    doc: "RTMP over TLS; in SRS since 7.0.56.",
  }),
  httpApi: block("http_api", httpApiRows, { doc: "The HTTP API, which coworkers use too." }),
  httpServer: block("http_server", httpServerRows, { doc: "Files and streams over HTTP." }),
  heartbeat: block("heartbeat", heartbeatRows, { doc: "Periodic reports to a server of yours." }),
  stats: block("stats", statsRows, { doc: "What the API's summaries count, and the address in reports." }),
  exporter: block("exporter", exporterRows, { doc: "Metrics for Prometheus." }),
  directory: block("directory", directoryRows, {
    extension: true,
    doc: "An engine (Valkey, or Redis from 6.2 on) through which servers tell each other who has which stream.",
  }),
  vhosts: blocks("vhost", vhostRows, {
    doc: "Settings for one host name; `__defaultVhost__` applies to all other names.",
  }),
  ...foreignRootRows,
  workers: directive("workers", workerCount(), {
    default: "auto",
    extension: true,
    doc: "Threads that accept clients and send to them; `auto` means one per core, 16 at most. On systems other " +
      "than Linux there is always one.",
  }),
  recvPath: directive("recv_path", oneOf(["auto", "read", "lowat"], "auto"), {
    default: "auto",
    extension: true,
    doc: "How to read publishers. `lowat` reads what has come since the last flush at once, and until then lets it " +
      "gather in the kernel (`SO_RCVLOWAT`), which wakes the process less often. A stream that nobody plays, without HLS " +
      "and recordings, is read once a second, and at once when the first player comes. `read` reads messages as they " +
      "come. `auto` means `lowat` on Linux, where foreign functions are permitted. `min_latency`, `realtime`, RTMPS " +
      "and pulls always read messages as they come.",
  }),
  sendPath: directive("send_path", oneOf(["auto", "write", "send", "sendfile"], "auto"), {
    default: "auto",
    extension: true,
    doc: "How to send to players. `send` calls the kernel directly, which costs less than Deno's `write`; `sendfile` " +
      "does, too, and hands it larger pieces without a copy. With both, the logs of streams lie in a file in memory. " +
      "`auto` means `send` on Linux, where foreign functions are permitted. TLS always uses `write`.",
  }),
  maxConnectionsPerIp: directive("max_connections_per_ip", integer(), {
    default: 0,
    reload: "live",
    extension: true,
    doc: "Maximum number of RTMP connections and HTTP viewers at one time from one address (IPv6: one /64 network); " +
      "0 means no limit.",
  }),
  connectRatePerIp: directive("connect_rate_per_ip", integer(), {
    default: 0,
    reload: "live",
    extension: true,
    doc: "Maximum number of new connections per second from one address (IPv6: one /64 network), averaged over 10 " +
      "s; 0 means no limit.",
  }),
  trustedProxies: directive("trusted_proxies", networks(), {
    default: [],
    reload: "live",
    extension: true,
    doc: "Addresses and networks (`IP/BITS`) of your HTTP proxies. Only these are believed in `X-Forwarded-For`: the " +
      "last address in it that is not a proxy's counts as the client's, for limits, `security`, hooks, the API and " +
      "the log.",
  }),
  resolver: directive("resolver", nameServer(), {
    default: null,
    reload: "live",
    extension: true,
    doc: "DNS server, `ip[:port]`, to ask for the names of coworkers; by default the system's.",
  }),
  clientTimeoutMs: directive("client_timeout", milliseconds({ min: 1 }), {
    default: 10_000,
    reload: "live",
    extension: true,
    doc: "How long a new client may take to shake hands, connect and start publishing or playing.",
  }),
  tlsCaFile: directive("tls_ca_file", text(), {
    default: "",
    reload: "live",
    extension: true,
    doc: "PEM file of certificate authorities to trust, besides the public ones, when connecting to servers over TLS.",
  }),
  advertise: directive("advertise", advertisedAddress(), {
    default: null,
    reload: "live",
    extension: true,
    doc: "RTMP address of this server to tell coworkers, `ip` or `ip:port`; without it, chosen by SRS's rules.",
  }),
};
