import { assertEquals } from "../../kit/assert.ts";
import { loadConfig, type SystemFacts } from "../../../src/config/mod.ts";

const ok = "listen 1935; vhost a { }";
const api = "http_api { enabled on; }";

const cases: { name: string; text: string; problems: string[]; system?: SystemFacts }[] = [
  { name: "a sound file", text: ok, problems: [] },
  { name: "an empty file", text: "", problems: ["error 0:0 the configuration is empty"] },
  { name: "only comments", text: "# x\n# y", problems: ["error 0:0 the configuration is empty"] },
  { name: "no listen", text: "vhost a { }", problems: ['error 0:0 "listen" is missing'] },
  {
    name: "listen without a value",
    text: "listen; vhost a { }",
    problems: ['error 0:0 "listen" is missing', 'warning 1:1 "listen" has no value and is ignored'],
  },
  {
    name: "a host name to listen on",
    text: "listen localhost:1935; vhost a { }",
    problems: ['error 1:8 "listen": "localhost:1935" is not a port, ip:port or [ipv6]:port'],
  },
  {
    name: "a port of 0",
    text: "listen 0; vhost a { }",
    problems: ['error 1:8 "listen": "0" is not a port, ip:port or [ipv6]:port'],
  },
  {
    name: "max_connections of 0",
    text: `max_connections 0; ${ok}`,
    problems: ['error 1:17 "max_connections": "0" is below the minimum of 1'],
  },
  {
    name: "max_connections near ulimit -n",
    text: `max_connections 896; ${ok}`,
    problems: ["error 1:17 max_connections 896 needs 1025 open files, but ulimit -n allows 1024"],
    system: { maxOpenFiles: 1024 },
  },
  {
    name: "max_connections below ulimit -n",
    text: `max_connections 895; ${ok}`,
    problems: [],
    system: { maxOpenFiles: 1024 },
  },
  {
    name: "a heartbeat without a pause",
    text: `heartbeat { interval 0.9; } ${ok}`,
    problems: [
      'error 1:22 "interval": "0.9" is not a whole number',
    ],
  },
  {
    name: "a network that is not there",
    text: `stats { network 2; } ${ok}`,
    problems: [
      "error 1:17 this machine has only 2 addresses, counted from 0",
    ],
    system: { localAddresses: 2 },
  },
  {
    name: "API and server on one HTTP address but two of HTTPS",
    text: `http_api { listen 80; https { listen 1; } }\nhttp_server { listen 80; https { listen 2; } } ${ok}`,
    problems: ["error 1:38 http_api and http_server share the HTTP address but not the HTTPS address"],
  },
  {
    name: "API and server on one HTTPS address but two of HTTP",
    text: `http_api { listen 80; https { listen 1; } }\nhttp_server { listen 81; https { listen 1; } } ${ok}`,
    problems: ["error 1:19 http_api and http_server share the HTTPS address but not the HTTP address"],
  },
  {
    name: "https without its http block",
    text: `http_api { https { enabled on; } }\nhttp_server { https { enabled on; } } ${ok}`,
    problems: ["error 1:12 https requires http_api.enabled on", "error 2:15 https requires http_server.enabled on"],
  },
  {
    name: "hls with a .ts mount",
    text: "listen 1; vhost a { hls { enabled on; } http_remux { enabled on; mount [stream].ts; } }",
    problems: ["error 1:66 a .ts mount of http_remux cannot be used with hls"],
  },
  {
    name: "hls with a .ts mount that SRS overlooks",
    text: "listen 1; vhost a { hls { enabled on; } http_remux { mount [stream].ts; enabled on; } }",
    problems: [],
  },
  {
    name: "two http_remux",
    text: "listen 1; vhost a { http_remux { }\nhttp_remux { } }",
    problems: ['error 2:1 a second "http_remux" is not allowed: the first is on line 1'],
  },
  {
    name: "signed addresses without a key",
    text: "listen 1; vhost a { signed_url { play on; } } vhost b { signed_url { play on; key k; } }",
    problems: ["error 1:21 signed_url has no key and would refuse everybody"],
  },
  {
    name: "forward with kickoff_for_idle",
    text: "listen 1; vhost a { forward { enabled on; } publish { kickoff_for_idle 1.5; } }",
    problems: ["error 1:72 kickoff_for_idle cannot be used with forward"],
  },
  {
    name: "two ingests of one name",
    text: "listen 1; vhost a { ingest x { }\ningest y { }\ningest x { } }",
    problems: ['error 3:1 ingest "x" is already on line 1'],
  },
  {
    name: "asprocess in the background",
    text: `asprocess on; ${ok}`,
    problems: ["error 1:11 asprocess does not work with daemon on"],
  },
  { name: "asprocess in the foreground", text: `asprocess on; daemon off; ${ok}`, problems: [] },
  { name: "daemon on", text: `daemon on; ${ok}`, problems: [] },
  {
    name: "full.conf",
    text: `is_full on; ${ok}`,
    problems: ["error 1:9 is_full marks a reference that cannot be run"],
  },
  {
    name: "an unknown log level",
    text: `srs_log_level loud; ${ok}`,
    problems: [
      'warning 1:15 "srs_log_level": "loud" is not one of "verbose", "info", "trace", "warn", "error", "off" and ' +
      'counts as "off"',
    ],
  },
  { name: "no vhost", text: "listen 1;", problems: ['warning 0:0 "vhost" is missing: every client will be refused'] },
  {
    name: "a vhost without a name",
    text: "listen 1; vhost { }",
    problems: ['warning 1:11 "vhost" has no name and matches nothing'],
  },
  {
    name: "an edge without origins",
    text: "listen 1; vhost a { cluster { mode remote; } }",
    problems: ['warning 1:36 mode remote has no "origin" to pull from'],
  },
  {
    name: "an edge without origins that has a directory",
    text: "listen 1; directory { enabled on; url redis://10.0.0.5; } vhost a { cluster { mode remote; } }",
    problems: [],
  },
  {
    name: "an edge without origins that is off",
    text: "listen 1; vhost a { enabled off; cluster { mode remote; } }",
    problems: [],
  },
  {
    name: "an origin cluster without coworkers and API",
    text: "listen 1; vhost a { cluster { origin_cluster on; } }",
    problems: [
      "warning 1:46 origin_cluster has no coworkers to ask",
      "warning 1:46 origin_cluster without http_api: coworkers cannot ask this server for its streams",
    ],
  },
  {
    name: "an API with a password that coworkers do not have",
    text: `listen 1; http_api { enabled on; auth { enabled on; username u; password p; } }
vhost a { cluster { origin_cluster on; coworkers b:1985; } }`,
    problems: ["error 2:36 http_api.auth without a coworker_token: coworkers cannot ask this server who has a stream"],
  },
  {
    name: "an API with a password, and a coworker_token",
    text: `listen 1; http_api { enabled on; auth { enabled on; username u; password p; } }
vhost a { cluster { origin_cluster on; coworkers b:1985; coworker_token s; } }`,
    problems: [],
  },
  {
    name: "three coworker_tokens",
    text: `listen 1; ${api}
vhost a { cluster { origin_cluster on; coworkers b:1985; coworker_token x y z; } }`,
    problems: ['error 2:77 "coworker_token": there are 3 secrets, at most 2 are allowed'],
  },
  {
    name: "an origin cluster on an edge",
    text: "listen 1; vhost a { cluster { mode remote; origin b; origin_cluster on; } }",
    problems: ["warning 1:69 origin_cluster has no effect with mode remote"],
  },
  {
    name: "a coworker that is this server, among others",
    text: `listen 1; http_api { enabled on; listen 1985; }
vhost a { cluster { origin_cluster on; coworkers 127.0.0.1:1985 b:1985 localhost:1985 127.0.0.1:1986 10.0.0.9:1985; } }`,
    problems: [],
    system: { localIps: ["10.0.0.9"] },
  },
  {
    name: "coworkers that are all this server",
    text: `listen 1; http_api { enabled on; listen 1985; }
vhost a { cluster { origin_cluster on; coworkers 127.0.0.1:1985 10.0.0.9:1985; } }`,
    problems: ['warning 2:50 the coworker "127.0.0.1:1985" is this server\'s own API, and there is no other'],
    system: { localIps: ["10.0.0.9"] },
  },
  {
    name: "a coworker with the address that this server advertises",
    text: `listen 1; advertise o.com; ${api} vhost a { cluster { origin_cluster on; coworkers o.com:1985; } }`,
    problems: ['warning 1:102 the coworker "o.com:1985" is this server\'s own API, and there is no other'],
  },
  {
    name: "a coworker beside an API that listens on another address",
    text: "listen 1; http_api { enabled on; listen 10.0.0.1:80; } " +
      "vhost a { cluster { origin_cluster on; coworkers 10.0.0.2:80 127.0.0.1:80; } }",
    problems: [],
  },
  {
    name: "listeners on one port",
    text: `listen 1935 1936 1935;
http_api { enabled on; listen 127.0.0.1:1936; }
http_server { enabled on; listen 8080; }
exporter { enabled on; listen [::]:8080; } vhost a { }`,
    problems: [
      'warning 1:18 "listen" 1935 uses the same port as "listen" 1935',
      'warning 2:31 "http_api.listen" 127.0.0.1:1936 uses the same port as "listen" 1936',
      'warning 4:31 "exporter.listen" [::]:8080 uses the same port as "http_server.listen" 8080',
    ],
  },
  {
    name: "listeners on one port of two addresses, or that are off",
    text: "listen 10.0.0.1:80 10.0.0.2:80 [::1]:80; http_api { listen 80; } vhost a { }",
    problems: [],
  },
  {
    name: "API and server on one port",
    text: "listen 1; http_api { enabled on; listen 80; } http_server { enabled on; listen 80; } vhost a { }",
    problems: [],
  },
  {
    name: "a sound origin cluster",
    text: `listen 1; ${api} vhost a { cluster { origin_cluster on; coworkers b:1985; } }`,
    problems: [],
  },
];

/** Warnings about rows without effect are another test's business, unless the case is about such a block. */
function shown(text: string, message: string): boolean {
  return !/is not supported: /.test(message) || /^(heartbeat|stats)/.test(text);
}

for (const { name, text, problems, system } of cases) {
  Deno.test(`loadConfig checks ${name}`, () => {
    const result = loadConfig({ path: "x.conf", text, ...(system ? { system } : {}) });
    const found = result.problems.filter((p) => shown(text, p.message));
    assertEquals(found.map((p) => `${p.severity} ${p.line}:${p.column} ${p.message}`), problems);
  });
}

Deno.test("loadConfig warns where a file is not in UTF-8", () => {
  const { problems } = loadConfig({ path: "x", text: "listen 1;\nvhost a { } # \ufffd\ufffd" });
  assertEquals(problems.map((p) => `${p.severity} ${p.line}:${p.column} ${p.message}`), [
    "warning 2:15 this is not valid UTF-8",
  ]);
});

Deno.test("loadConfig compares many listeners in bounded time", () => {
  const ports = Array.from({ length: 60_000 }, (_, index) => index + 1).join(" ");
  assertEquals(loadConfig({ path: "x", text: `listen ${ports}; vhost a { }` }).problems, []);
});

Deno.test("loadConfig needs no listen when the caller says so", () => {
  assertEquals(loadConfig({ path: "x", text: "vhost a { }", requireListen: false }).problems, []);
});
