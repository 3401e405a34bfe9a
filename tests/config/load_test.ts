import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import {
  clusterModes,
  type Config,
  ConfigSyntaxError,
  findVhost,
  loadConfig,
  logLevelOf,
  requireConfig,
} from "../../src/config/mod.ts";

function load(text: string): Config {
  return requireConfig(loadConfig({ path: "x.conf", text }));
}

Deno.test("loadConfig gives every value its default", () => {
  const { vhosts, httpApi, httpServer, heartbeat, stats, exporter, rtmps, ...root } = load(
    "listen 1935; vhost a b { }",
  );
  assertEquals(root, {
    listen: [{ host: "0.0.0.0", port: 1935, text: "1935" }],
    maxConnections: 1000,
    chunkSizeBytes: 60000,
    pid: "./objs/srs.pid",
    serverId: "",
    daemon: true,
    workDir: "./",
    asprocess: false,
    graceStartWaitMs: 2300,
    graceFinalWaitMs: 3200,
    forceGraceQuit: false,
    inotifyAutoReload: false,
    inDocker: false,
    disableDaemonForDocker: true,
    autoReloadForDocker: true,
    emptyIpOk: true,
    tcmallocReleaseRate: 0.8,
    queryLatestVersion: false,
    firstWaitForQlvMs: 300_000,
    isFull: false,
    srsLogTank: "file",
    srsLogFile: "./objs/srs.log",
    srsLogLevel: "trace",
    srsLogLevelV2: "",
    srsLogFormat: "plain",
    utcTime: false,
    pithyPrintMs: 10_000,
    ffLogDir: "./objs",
    ffLogLevel: "info",
    workers: "auto",
    recvPath: "auto",
    sendPath: "auto",
    maxConnectionsPerIp: 0,
    connectRatePerIp: 0,
    trustedProxies: [],
    resolver: null,
    clientTimeoutMs: 10_000,
    tlsCaFile: "",
    advertise: null,
    directory: { enabled: false, url: null, keyPrefix: "srs:", nodeTtlMs: 6000, region: "", peers: [] },
  });
  const https = { enabled: false, key: "./conf/server.key", cert: "./conf/server.crt", http2: false };
  assertEquals(httpApi, {
    enabled: false,
    listen: { host: "0.0.0.0", port: 1985, text: "1985" },
    crossdomain: true,
    remoteControl: "kick",
    allowOrigin: [],
    rawApi: { enabled: false, allowReload: false, allowQuery: false, allowUpdate: false },
    auth: { enabled: false, username: "", password: "" },
    https: { ...https, listen: { host: "0.0.0.0", port: 1990, text: "1990" } },
  });
  assertEquals([httpServer.listen.port, httpServer.https.listen.port, exporter.listen.port], [8080, 8088, 9972]);
  assertEquals(rtmps, { enabled: false, listen: [], key: "./conf/server.key", cert: "./conf/server.crt" });
  assertEquals([heartbeat.intervalMs, stats.enabled, stats.network], [10_000, true, 0]);
  const [vhost] = vhosts;
  assert(vhost);
  assertEquals([vhost.name, vhost.args, vhost.enabled, vhost.chunkSizeBytes], ["a", ["a", "b"], true, 60000]);
  assertEquals([vhost.inAckSizeBytes, vhost.outAckSizeBytes, vhost.minLatency], [0, 2_500_000, false]);
  assertEquals(vhost.cluster, {
    mode: "local",
    origin: [],
    originCluster: false,
    coworkers: [],
    vhost: "[vhost]",
    tokenTraverse: false,
    debugSrsUpnode: true,
    protocol: "rtmp",
    followClient: false,
    redirect: "auto",
    ownerTimeoutMs: 10_000,
    coworkerTimeoutMs: 1000,
    coworkerToken: [],
    coworkerProof: "token",
    lingerMs: 2000,
    connectTimeoutMs: 1000,
    handshakeTimeoutMs: 1000,
    firstMediaTimeoutMs: 2000,
    idleTimeoutMs: 3000,
  });
  assertEquals(vhost.play, {
    gopCache: true,
    gopCacheMaxFrames: 2500,
    queueLengthMs: 30_000,
    mwLatencyMs: 350,
    mwMsgs: 8,
    sendMinIntervalMs: 0,
    timeJitter: "full",
    mixCorrect: false,
    atc: false,
    atcAuto: false,
    reduceSequenceHeader: false,
    realtime: false,
  });
  assertEquals(vhost.publish, {
    firstpktTimeoutMs: 20_000,
    normalTimeoutMs: 5000,
    mr: false,
    mrLatencyMs: 350,
    parseSps: true,
    tryAnnexbFirst: true,
    kickoffForIdleMs: 0,
    onConflict: "reject",
  });
});

Deno.test("loadConfig lets HTTPS of the API follow the server where both share one HTTP address", () => {
  const shared = "listen 1; http_api { listen 80; } http_server { listen 80; https { listen 443; } } vhost a { }";
  assertEquals(load(shared).httpApi.https.listen.port, 443);
  assertEquals(load("listen 1; http_api { listen 80; } vhost a { }").httpApi.https.listen.port, 1990);
});

const findCases: [text: string, name: string, found: string | undefined][] = [
  ["vhost a { } vhost __defaultVhost__ { }", "a", "a"],
  ["vhost a { } vhost __defaultVhost__ { }", "b", "__defaultVhost__"],
  ["vhost a { } vhost __defaultVhost__ { }", "__defaultVhost__", "__defaultVhost__"],
  ["vhost a { } vhost __defaultVhost__ { }", "A", "__defaultVhost__"],
  ["vhost a { }", "b", undefined],
  ["vhost a { enabled off; } vhost __defaultVhost__ { }", "a", undefined],
  ["vhost a { } vhost __defaultVhost__ { enabled off; }", "b", undefined],
  ["vhost a { } vhost a { enabled off; }", "a", "a"],
];

for (const [text, name, found] of findCases) {
  Deno.test(`findVhost finds ${found ?? "nothing"} for "${name}" in ${text}`, () => {
    assertEquals(findVhost(load(`listen 1; ${text}`), name)?.name, found);
  });
}

Deno.test("clusterModes counts the vhosts that are on", () => {
  const remote = "cluster { mode remote; origin a; }";
  const text = `listen 1; vhost a { ${remote} } vhost b { } vhost c { } vhost d { enabled off; ${remote} }`;
  assertEquals(clusterModes(load(text)), { local: 2, remote: 1 });
  assertEquals(clusterModes(load("listen 1;")), { local: 0, remote: 0 });
});

const levels: [text: string, level: string][] = [
  ["", "info"],
  ["srs_log_level verbose;", "trace"],
  ["srs_log_level info;", "debug"],
  ["srs_log_level trace;", "info"],
  ["srs_log_level warn;", "warn"],
  ["srs_log_level error;", "error"],
  ["srs_log_level loud;", "off"],
  ["srs_log_level_v2 trace;", "trace"],
  ["srs_log_level_v2 debug; srs_log_level error;", "debug"],
  ["srs_log_level_v2 info;", "info"],
  ["srs_log_level_v2 verbose;", "off"],
];

for (const [text, level] of levels) {
  Deno.test(`logLevelOf gives ${level} for ${text || "no directive"}`, () => {
    assertEquals(logLevelOf(load(`listen 1; ${text} vhost a { }`)), level as ReturnType<typeof logLevelOf>);
  });
}

Deno.test("requireConfig throws an error with SRS's code, the place of the first error, and all problems", () => {
  const result = loadConfig({ path: "x.conf", text: "listen 1;\nvhost a { coworker; coworkers; }" });
  const error = assertThrows(() => requireConfig(result), ConfigSyntaxError);
  assertEquals([error.code, error.codeName, error.file, error.line, error.column], [
    1023,
    "ConfigInvalid",
    "x.conf",
    2,
    11,
  ]);
  assertEquals(error.problems, result.problems);
  assertEquals(error.problems.length, 2);
});

Deno.test("requireConfig has another code when a file cannot be read", () => {
  const result = loadConfig({ path: "x.conf" });
  const error = assertThrows(() => requireConfig(result), ConfigSyntaxError, "files cannot be read here");
  assertEquals([error.code, error.line], [1042, 0]);
});
