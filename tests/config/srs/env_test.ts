import { assertEquals } from "../../kit/assert.ts";
import { chooseSource, type Config, formatProblem, listRows, loadConfig } from "../../../src/config/mod.ts";

function load(env: Record<string, string>, text = "listen 1;\nvhost a { }\nvhost b { }") {
  const { config, problems } = loadConfig({ path: "x.conf", text, env });
  return { config, problems: problems.map((p) => formatProblem(p)) };
}

function loadAlone(env: Record<string, string>) {
  const { config, problems } = loadConfig({ path: "", envOnly: true, env });
  return { config, problems: problems.map((p) => formatProblem(p)) };
}

const ports = (config: Config) => config.listen.map(({ port }) => port);

Deno.test("loadConfig takes values from the environment before those of the file", () => {
  const text = "listen 1 2;\nmax_connections 5;\nlisten 9;\nhttp_api { listen 80; enabled off; }\nvhost a { }";
  const { config, problems } = load({
    SRS_LISTEN: "1935  19350",
    SRS_MAX_CONNECTIONS: "100",
    SRS_HTTP_API_ENABLED: "on",
    SRS_HTTP_API_AUTH_USERNAME: "a b",
    SRS_HTTP_SERVER_DIR: "/www",
    SRS_HEARTBEAT_URL: "http://x/",
    PATH: "/bin",
  }, text);
  assertEquals(ports(config), [1935, 19350]);
  assertEquals([config.maxConnections, config.httpApi.enabled, config.httpApi.listen.port], [100, true, 80]);
  assertEquals([config.httpApi.auth.username, config.httpServer.dir, config.heartbeat.url], [
    "a b",
    "/www",
    "http://x/",
  ]);
  assertEquals(problems.filter((text) => !/is not supported/.test(text)), []);
});

Deno.test("variables of a vhost apply to every vhost, whether the file has the block or not", () => {
  const text = "listen 1;\nvhost a { play { mw_latency 1; } }\nvhost b { }";
  const { config } = load({
    SRS_VHOST_PLAY_GOP_CACHE: "off",
    SRS_VHOST_PLAY_MW_LATENCY: "100",
    SRS_VHOST_MIN_LATENCY: "on",
    SRS_VHOST_HTTP_HOOKS_ON_PLAY: "http://a http://b",
  }, text);
  for (const { play, minLatency, httpHooks } of config.vhosts) {
    assertEquals([play.gopCache, play.mwLatencyMs, minLatency], [false, 100, true]);
    assertEquals(httpHooks.onPlay, ["http://a", "http://b"]);
  }
  assertEquals(config.vhosts.map(({ name }) => name), ["a", "b"]);
});

Deno.test("SRS_VHOST_CHUNK_SIZE is the chunk size of the top level and of every vhost", () => {
  const text = "listen 1;\nchunk_size 1000;\nvhost a { chunk_size 2000; }\nvhost b { }";
  const { config } = load({ SRS_VHOST_CHUNK_SIZE: "4096" }, text);
  assertEquals([config.chunkSizeBytes, ...config.vhosts.map((vhost) => vhost.chunkSizeBytes)], [4096, 4096, 4096]);
  const other = load({ SRS_CHUNK_SIZE: "4096" }, text).config;
  assertEquals([other.chunkSizeBytes, ...other.vhosts.map((vhost) => vhost.chunkSizeBytes)], [4096, 2000, 4096]);
});

Deno.test("cluster, security and the other directives that SRS has no variables for have some", () => {
  const { config } = load({
    SRS_VHOST_CLUSTER_MODE: "local",
    SRS_VHOST_CLUSTER_ORIGIN_CLUSTER: "on",
    SRS_VHOST_CLUSTER_COWORKERS: "b:1985 c:1985",
    SRS_VHOST_SECURITY_ENABLED: "on",
    SRS_VHOST_SECURITY_ALLOW: "play all; publish 10.0.0.0/8",
    SRS_VHOST_FORWARD_DESTINATION: "x y:1936",
    SRS_VHOST_ENABLED: "off",
    SRS_WORKERS: "2",
  });
  const [vhost] = config.vhosts;
  assertEquals(vhost?.cluster.coworkers.map(({ text }) => text), ["b:1985", "c:1985"]);
  assertEquals(vhost?.security.allow, [{ action: "play", address: "all" }, {
    action: "publish",
    address: "10.0.0.0/8",
  }]);
  assertEquals(vhost?.forward.destination.map(({ port }) => port), [1935, 1936]);
  assertEquals([vhost?.enabled, config.workers], [false, 2]);
});

Deno.test("the log has variables in two spellings, of which the short one goes before", () => {
  const { config } = load({
    SRS_LOG_FILE: "a",
    SRS_SRS_LOG_FILE: "b",
    SRS_SRS_LOG_LEVEL: "warn",
    SRS_SRS_LOG_TANK: "console",
  });
  assertEquals([config.srsLogFile, config.srsLogLevel, config.srsLogTank], ["a", "warn", "console"]);
  assertEquals(load({ SRS_SRS_LOG_FILE: "b", SRS_LOG_FILE: "" }).config.srsLogFile, "b");
});

Deno.test("an empty variable is as if it were not set", () => {
  const { config, problems } = load({ SRS_LISTEN: "", SRS_WRONG: "" });
  assertEquals([ports(config), problems], [[1], []]);
});

Deno.test("a variable follows the rule of its directive for switches", () => {
  const { config } = load({ SRS_HTTP_API_ENABLED: "yes", SRS_VHOST_PLAY_GOP_CACHE: "no" });
  assertEquals([config.httpApi.enabled, config.vhosts[0]?.play.gopCache], [false, true]);
});

const wrong: { name: string; env: Record<string, string>; problems: string[] }[] = [
  {
    name: "a wrong value",
    env: { SRS_LISTEN: "localhost:1935" },
    problems: [
      'environment variable SRS_LISTEN: "listen": "localhost:1935" is not a port, ip:port or [ipv6]:port; ' +
      "write an IP address, not a host name",
    ],
  },
  {
    name: "an odd value",
    env: { SRS_VHOST_MIN_LATENCY: "true" },
    problems: [
      'environment variable SRS_VHOST_MIN_LATENCY: warning: "min_latency": "true" is neither "on" nor "off" and counts as "off"',
      'environment variable SRS_VHOST_MIN_LATENCY: warning: "min_latency": "true" is neither "on" nor "off" and counts as "off"',
    ],
  },
  {
    name: "an unknown name that is near another",
    env: { SRS_VHOST_PLAY_GOPCACHE: "on" },
    problems: [
      'environment: warning: unknown environment variable "SRS_VHOST_PLAY_GOPCACHE"; did you mean "SRS_VHOST_PLAY_GOP_CACHE"?',
    ],
  },
  {
    name: "an unknown name",
    env: { SRS_FOO: "on" },
    problems: ['environment: warning: unknown environment variable "SRS_FOO"'],
  },
  {
    name: "a feature that is missing",
    env: { SRS_VHOST_DASH_ENABLED: "on", SRS_RTC_SERVER_ENABLED: "on", SRS_THREADS_INTERVAL: "5" },
    problems: [
      'environment variable SRS_RTC_SERVER_ENABLED: warning: "rtc_server" is not supported: this server has no WebRTC',
      'environment variable SRS_THREADS_INTERVAL: warning: "threads" has no effect here: `workers` sets the number of threads',
      'environment variable SRS_VHOST_DASH_ENABLED: warning: "vhost.dash" is not supported: this server has no DASH',
    ],
  },
  {
    name: "nothing about variables of container platforms, and those that are no directives",
    env: {
      SRS_CONFIG_FILE: "x",
      SRS_ENV_ONLY: "off",
      SRS_DEVICE_IP: "1.2.3.4",
      SRS_PORT: "tcp://10.0.0.1:1935",
      SRS_SERVICE_HOST: "10.0.0.1",
      SRS_ORIGIN_SERVICE_PORT_RTMP: "1935",
      SRS_ORIGIN_PORT_1935_TCP_ADDR: "10.0.0.1",
    },
    problems: [],
  },
];

for (const { name, env, problems } of wrong) {
  Deno.test(`loadConfig says about the environment: ${name}`, () => {
    assertEquals(load(env, "listen 1;\nvhost a { }\nvhost b { }").problems.sort(), problems);
  });
}

Deno.test("no directive has a variable that a container platform may set for a service", () => {
  const { problems } = load(Object.fromEntries(listRows().flatMap(({ env }) => env.map((name) => [name, "1"]))));
  assertEquals(problems.filter((text) => text.includes("unknown environment variable")), []);
  const known = listRows().flatMap(({ env }) => env);
  assertEquals(known.filter((name) => /_(SERVICE_(HOST|PORT)|PORT)(_|$)/.test(name)), []);
});

Deno.test("without a file there is one vhost, the console and the foreground, and no listener need be", () => {
  const { config, problems } = loadAlone({});
  assertEquals(problems, []);
  assertEquals([config.listen, config.daemon, config.srsLogTank], [[], false, "console"]);
  assertEquals(config.vhosts.map(({ name, enabled }) => [name, enabled]), [["__defaultVhost__", true]]);
});

Deno.test("a container that SRS's variables configure starts", () => {
  const { config, problems } = loadAlone({
    SRS_IN_DOCKER: "on",
    SRS_DAEMON: "off",
    SRS_LISTEN: "1935",
    SRS_HTTP_API_ENABLED: "on",
    SRS_VHOST_CLUSTER_MODE: "remote",
    SRS_VHOST_CLUSTER_ORIGIN: "origin:1935",
  });
  assertEquals(problems, []);
  assertEquals([ports(config), config.httpApi.enabled], [[1935], true]);
  assertEquals(config.vhosts.map(({ cluster }) => cluster.mode), ["remote"]);
});

Deno.test("variables go before what is assumed without a file", () => {
  const { config, problems } = loadAlone({ SRS_DAEMON: "on", SRS_SRS_LOG_TANK: "file" });
  assertEquals([config.daemon, config.srsLogTank], [true, "file"]);
  assertEquals(problems.filter((text) => !text.startsWith("environment variable SRS_")), []);
});

Deno.test("in a container the log goes to the console unless the file says where", () => {
  const tank = (text: string) => loadConfig({ path: "x", text }).config.srsLogTank;
  assertEquals(tank("listen 1; in_docker on; vhost a { }"), "console");
  assertEquals(tank("listen 1; in_docker on; srs_log_tank file; vhost a { }"), "file");
  assertEquals(tank("listen 1; vhost a { }"), "file");
});

Deno.test("the environment applies to TOML too, and an error in it keeps its name", () => {
  const env = { SRS_HTTP_API_LISTEN: "x" };
  const { config, problems } = loadConfig({
    path: "x.toml",
    text: "listen = 1\nhttp_api.listen = 80\n[[vhost]]\nname = 'a'",
    env,
  });
  assertEquals(problems.map((p) => [p.file, p.line, p.severity]), [[
    "environment variable SRS_HTTP_API_LISTEN",
    0,
    "error",
  ]]);
  assertEquals(config.httpApi.listen.port, 1985);
});

const sources: { name: string; env: Record<string, string>; path?: string; envOnly?: boolean; source: unknown }[] = [
  { name: "SRS's file without anything", env: {}, source: { envOnly: false, path: "conf/srs.conf" } },
  { name: "the file of -c", env: {}, path: "a", source: { envOnly: false, path: "a" } },
  {
    name: "SRS_CONFIG_FILE before -c",
    env: { SRS_CONFIG_FILE: "b" },
    path: "a",
    source: { envOnly: false, path: "b" },
  },
  {
    name: "-c when SRS_CONFIG_FILE is empty",
    env: { SRS_CONFIG_FILE: "" },
    path: "a",
    source: { envOnly: false, path: "a" },
  },
  { name: "no file with -e", env: { SRS_CONFIG_FILE: "b" }, path: "a", envOnly: true, source: { envOnly: true } },
  { name: "no file with SRS_ENV_ONLY=on", env: { SRS_ENV_ONLY: "on" }, path: "a", source: { envOnly: true } },
  { name: "a file with SRS_ENV_ONLY=1", env: { SRS_ENV_ONLY: "1" }, path: "a", source: { envOnly: false, path: "a" } },
];

for (const { name, env, path, envOnly = false, source } of sources) {
  Deno.test(`chooseSource() takes ${name}`, () => assertEquals<unknown>(chooseSource(env, { path, envOnly }), source));
}
