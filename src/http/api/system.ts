import type { ProcessFacts } from "../../base/world.ts";
import { VERSION } from "../../base/version.ts";
import { srsIdentity } from "../../server/identity.ts";
import type { Config } from "../../config/mod.ts";
import { envelope, type JsonBody } from "../envelope.ts";
import { anyText, enveloped, type JsonSchema, mapOf, record, truth, whole } from "../openapi/schema.ts";
import type { ApiContext, Route } from "./route.ts";

/** Where the version is; `http_server` answers here too, as in SRS. */
export const VERSIONS_PATH = "/api/v1/versions";

/** Names as SRS has them. */
const FIGURE: JsonSchema = { type: ["number", "string"] };

/** What this server is: version, authors, features. */
export const systemRoutes: readonly Route[] = [
  {
    path: VERSIONS_PATH,
    methods: "any",
    effect: "reads",
    doc: "version of this server",
    answer: enveloped({ data: record({ major: whole(), minor: whole(), revision: whole(), version: anyText() }) }),
    handle({ server }) {
      const [major = 0, minor = 0, revision = 0] = VERSION.split(".").map(Number);
      return envelope(server.identity, { data: { major, minor, revision, version: VERSION } });
    },
  },
  {
    path: "/api/v1/summaries",
    methods: "any",
    effect: "reads",
    isShared: true,
    answer: enveloped({
      data: record({
        ok: truth(),
        now_ms: whole("the clock of the server"),
        self: {
          ...record({ version: anyText(), pid: whole(), ppid: whole(), argv: anyText(), cwd: anyText() }),
          additionalProperties: FIGURE,
        },
        system: { ...record({}), additionalProperties: FIGURE },
      }),
    }),
    doc: "summary of process, machine, traffic and connections",
    handle: (context) => envelope(context.server.identity, { data: summaries(context) }),
  },
  {
    path: "/api/v1/authors",
    methods: "any",
    effect: "reads",
    answer: enveloped({ data: record({ license: anyText(), contributors: anyText() }) }),
    doc: "license and authors",
    handle({ server }) {
      const { srs_license: license, srs_url: contributors } = srsIdentity(server.identity, "", "");
      return envelope(server.identity, { data: { license, contributors } });
    },
  },
  {
    path: "/api/v1/features",
    methods: "any",
    effect: "reads",
    answer: enveloped({
      data: record({
        options: anyText(),
        options2: anyText(),
        build: anyText(),
        build2: anyText(),
        features: mapOf(truth()),
      }),
    }),
    doc: "features of this server, by SRS's names",
    handle: ({ server }) =>
      envelope(server.identity, { data: { ...build(server.world.process), features: features(server.config) } }),
  },
];

function build({ version, build }: ProcessFacts): JsonBody {
  const { deno, v8, typescript } = version;
  return {
    options: `--target=${build.target}`,
    options2: `deno ${deno}, v8 ${v8}, typescript ${typescript}`,
    build: "",
    build2: "",
  };
}

/** SRS's list. `ssl` and `httpd` tell whether they are on, others whether the program has them; the last four tell how media is sent and read. */
function features({ httpServer, httpApi, rtmps }: Config): JsonBody {
  return {
    ssl: rtmps.enabled || httpApi.https.enabled || httpServer.https.enabled,
    hls: true,
    hds: false,
    callback: true,
    api: true,
    httpd: httpServer.enabled,
    dvr: true,
    transcode: false,
    ingest: false,
    stat: true,
    caster: false,
    complex_send: true,
    tcp_nodelay: true,
    so_sendbuf: false,
    mr: true,
  };
}

/** Of a world that has no others. */
const USUAL_PATHS = { recv: "read", send: "write" };

/** Source: SRS 7 `srs_api_dump_summaries`; `recv_path` and `send_path` are extensions; also the body of its heartbeat. */
export function summaries({ server, system }: ApiContext): JsonBody {
  const now = system.latest;
  const { process, paths = USUAL_PATHS } = server.world;
  const { memory, status, load, internet, intranet, sockets } = now;
  const nowMs = Math.round(server.timers.nowMs());
  const vhosts = new Set(server.registry.vhosts().values());
  const totals = [...server.registry.totals()].filter(([entry]) => vhosts.has(entry)).map(([, sum]) => sum);
  return {
    ok: now.ok,
    now_ms: nowMs,
    self: {
      version: VERSION,
      pid: server.identity.pid,
      ppid: process.ppid,
      argv: ["srs-ts", ...process.args].join(" "),
      cwd: process.cwd(),
      mem_kbyte: status("VmRSS"),
      mem_percent: now.selfRamPercent,
      cpu_percent: now.selfPercent,
      srs_uptime: Math.floor((nowMs - server.startedMs) / 1000),
      recv_path: paths.recv,
      send_path: paths.send,
    },
    system: {
      cpu_percent: now.cpuPercent,
      disk_read_KBps: 0,
      disk_write_KBps: 0,
      disk_busy_percent: 0,
      mem_ram_kbyte: memory("MemTotal"),
      mem_ram_percent: now.ramPercent,
      mem_swap_kbyte: memory("SwapTotal"),
      mem_swap_percent: now.swapPercent,
      cpus: now.cpu.cpus,
      cpus_online: now.cpu.cpus,
      uptime: now.uptimeSeconds,
      ilde_time: now.idleSeconds,
      load_1m: load[0],
      load_5m: load[1],
      load_15m: load[2],
      net_sample_time: now.sampleMs,
      net_recv_bytes: internet.recvBytes,
      net_send_bytes: internet.sendBytes,
      net_recvi_bytes: intranet.recvBytes,
      net_sendi_bytes: intranet.sendBytes,
      srs_sample_time: nowMs,
      srs_recv_bytes: totals.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
      srs_send_bytes: totals.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
      conn_sys: sockets.all,
      conn_sys_et: sockets.et,
      conn_sys_tw: sockets.tw,
      conn_sys_udp: sockets.udp,
      // Publishers and players, of HTTP too; not connections that do nothing.
      conn_srs: server.registry.clientCount,
    },
  };
}
