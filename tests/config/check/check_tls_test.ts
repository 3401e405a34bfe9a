import { formatProblem, loadConfig, type TlsFacts } from "../../../src/config/mod.ts";
import { assertEquals } from "../../kit/assert.ts";

const NOW_MS = Date.UTC(2026, 5, 15);
const DAY_MS = 86_400_000;
const vhost = "vhost __defaultVhost__ { }";

/** Certificates by name: how many days they are still good, or a fault. */
const facts: TlsFacts = {
  nowMs: NOW_MS,
  readPair({ cert, key }) {
    if (key.endsWith("other.key")) {
      const fault = { file: "key" as const, message: `"${key}" does not belong`, suggestion: "name another" };
      return { fault, validity: null };
    }
    const days = Number(/(-?\d+)\.crt$/.exec(cert)?.[1] ?? NaN);
    if (Number.isNaN(days)) return { fault: null, validity: null, isKeyPublic: key.endsWith("public.key") };
    const fromMs = cert.includes("future") ? NOW_MS + DAY_MS : 0;
    return { fault: null, validity: { fromMs, untilMs: NOW_MS + days * DAY_MS } };
  },
  readAuthorities: (file) => file.endsWith("good.pem") ? null : `no certificate in "${file}"`,
};

function problemsOf(text: string): string[] {
  const { problems } = loadConfig({ path: "t.conf", text: `listen 1935;\n${text}\n${vhost}`, system: { tls: facts } });
  return problems.map((problem) => formatProblem(problem).replace("t.conf:", ""));
}

const cases: [what: string, text: string, problems: string[]][] = [
  ["nothing without TLS", "rtmps { enabled off; listen 1443; key other.key; }", []],
  ["a good pair", "rtmps { enabled on; listen 1443; key a.key; cert 100.crt; }", []],
  ["a pair of unknown validity", "rtmps { enabled on; listen 1443; key a.key; cert any; }", []],
  ["a key for everybody", "rtmps { enabled on; listen 1443; key public.key; cert any; }", [
    `2:38: warning: every user of this machine can read the private key "public.key"; run "chmod o= public.key"`,
  ]],
  ["rtmps without listen", "rtmps { enabled on; cert 100.crt; }", [
    `2:1: warning: rtmps has no "listen" and serves nobody; add a port, for example 1443`,
  ]],
  ["a key that does not fit", "rtmps { enabled on; listen 1443; key other.key; cert 100.crt; }", [
    `2:38: warning: rtmps stays off: "other.key" does not belong; name another`,
  ]],
  ["a fault in a default", "rtmps { enabled on; listen 1443; cert 100.crt; }\nwork_dir /srv;\n", []],
  ["names below work_dir", "work_dir /srv/; rtmps { enabled on; listen 1443; key ./other.key; cert 100.crt; }", [
    `2:54: warning: rtmps stays off: "/srv/other.key" does not belong; name another`,
  ]],
  ["full names", "work_dir /srv/; rtmps { enabled on; listen 1443; key /etc/other.key; cert 100.crt; }", [
    `2:54: warning: rtmps stays off: "/etc/other.key" does not belong; name another`,
  ]],
  ["an expired certificate", "rtmps { enabled on; listen 1443; cert -1.crt; }", [
    `2:39: warning: the certificate "-1.crt" expired on 2026-06-14; renew it: clients refuse it`,
  ]],
  ["one that expires soon", "rtmps { enabled on; listen 1443; cert 5.crt; }", [
    `2:39: warning: the certificate "5.crt" expires on 2026-06-20; renew it and reload`,
  ]],
  ["one of the future", "rtmps { enabled on; listen 1443; cert future100.crt; }", [
    `2:39: warning: the certificate "future100.crt" is not valid before 2026-06-16; check the clock of this machine`,
  ]],
  ["https of the API", "http_api { enabled on; https { enabled on; key other.key; } }", [
    `2:48: warning: http_api.https stays off: "other.key" does not belong; name another`,
  ]],
  ["https of the server", "http_server { enabled on; https { enabled on; cert -1.crt; } }", [
    `2:52: warning: the certificate "-1.crt" expired on 2026-06-14; renew it: clients refuse it`,
  ]],
  ["https that is off", "http_api { enabled on; https { enabled off; key other.key; } }", []],
  ["authorities", "tls_ca_file good.pem;", []],
  ["authorities that are none", "tls_ca_file bad.pem;", [
    `2:13: no certificate in "bad.pem"; name a PEM file with -----BEGIN CERTIFICATE-----`,
  ]],
  [
    "an origin of rtmps with protocol flv",
    "vhost a { cluster { mode remote; protocol flv; origin rtmps://a:1443; } }",
    [
      `2:55: warning: protocol flv cannot pull from "rtmps://a:1443"; write host:port of the origin's HTTP server`,
    ],
  ],
  ["a port that is taken", "rtmps { enabled on; listen 1935; cert 100.crt; }", [
    `2:28: warning: "rtmps.listen" 1935 uses the same port as "listen" 1935; give one of them another port`,
  ]],
];

for (const [what, text, problems] of cases) {
  Deno.test(`checkTls() judges ${what}`, () => assertEquals(problemsOf(text), problems));
}
