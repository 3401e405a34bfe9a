import { requestOf } from "../../../kit/peers/http_request.ts";
import { systemWorld } from "../../../../src/net/system_world.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { type Effect, refuseCall, type RemoteControl } from "../../../../src/http/access/call_effect.ts";
import type { Caller } from "../../../../src/http/access/caller.ts";
import { describeAccess } from "../../../../src/http/access/describe_access.ts";
import { callerOf } from "../../../../src/http/access/policy.ts";
import { apiRoutes } from "../../../../src/http/api/routes.ts";
import { consoleRoutes } from "../../../../src/http/console/api.ts";
import { readCall } from "../../../../src/http/call.ts";
import { effectOf } from "../../../../src/http/api/route.ts";
import { Members } from "../../../../src/server/access/members.ts";
import { apiOf, bodyOf, configOf, fakeServer } from "../../../kit/peers/fake_server.ts";

interface Case {
  /** Directives of `http_api`. */
  conf?: string;
  ip?: string;
  url?: string;
  headers?: Record<string, string>;
  /** Of HTTP/1. */
  minorVersion?: 0 | 1;
}

const password = "auth { enabled on; username admin; password pw; }";
const signedIn = { authorization: `Basic ${btoa("admin:pw")}` };
const token = { "x-coworker-token": "s3cret%20x" };

const members = new Members({ ...systemWorld, nowMs: () => 0 }, (listed) => listed.map(({ host }) => host));

async function callerIn(
  { conf = "", ip = "10.0.0.1", url = "http://192.168.1.2:1985/api/v1/x", headers = {}, minorVersion = 1 }: Case,
) {
  const config = configOf(
    `http_api { enabled on; ${conf} } vhost cdn.example { } vhost b { cluster { coworker_token "s3cret x"; } }`,
  );
  return await callerOf(
    { config, members, world: systemWorld, identity: { serviceId: "service0" } },
    readCall({ ...requestOf(url, { method: "POST", headers: new Headers(headers) }), minorVersion }, ip),
  );
}

const here = { ip: "127.0.0.1", url: "http://127.0.0.1:1985/" };
const own = "http://192.168.1.2:1985";
const chrome = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140" };

const callers: [string, Case, Caller["kind"], why?: string][] = [
  ["a script on the machine", here, "machine"],
  ["one over IPv6", { ...here, ip: "::1" }, "machine"],
  ["one over IPv4 in IPv6", { ...here, ip: "::ffff:127.0.0.1" }, "machine"],
  ["one that uses a name of the server", { ...here, url: "http://CDN.example:1985/" }, "machine"],
  [
    "a page in Firefox that calls itself curl, by a name led here",
    { ...here, url: "http://evil.example/" },
    "stranger",
  ],
  ["nginx on the machine, without a header of its own", { ...here, minorVersion: 0 }, "stranger"],
  ["a script elsewhere", {}, "stranger"],
  ["a script that uses an unknown name", { url: "http://any.example/" }, "stranger"],
  ["an address that only begins like a loopback", { ip: "127.evil" }, "stranger"],
  ...["x-forwarded-for", "forwarded", "x-real-ip", "via"].map((name): [string, Case, Caller["kind"]] => [
    `${name} of a proxy on the machine`,
    { ...here, headers: { [name]: "127.0.0.1" } },
    "stranger",
  ]),
  ["a forwarded address from elsewhere", { headers: { "x-forwarded-for": "127.0.0.1" } }, "stranger"],
  ["a coworker", { headers: token }, "member"],
  ["a wrong token", { headers: { "x-coworker-token": "s3cret" } }, "stranger"],
  ["an empty token", { headers: { "x-coworker-token": "" } }, "stranger"],
  ["an operator", { conf: password, headers: signedIn }, "operator"],
  ["an operator on the machine", { ...here, conf: password, headers: signedIn }, "operator"],
  ["a password where none is asked for", { headers: signedIn }, "stranger"],
  ["the console on the machine", { ...here, headers: { origin: "http://127.0.0.1:1985" } }, "machine"],
  ["the console elsewhere", { headers: { ...chrome, origin: own } }, "stranger"],
  ["the same with Fetch metadata", { headers: { origin: own, "sec-fetch-site": "same-origin" } }, "stranger"],
  [
    "the console behind a proxy that changes Host",
    { ...here, headers: { origin: "https://public.example", "sec-fetch-site": "same-origin", via: "x" } },
    "stranger",
  ],
  ["the address bar", { headers: { ...chrome, "sec-fetch-site": "none" } }, "stranger"],
  ["another origin", { headers: { origin: "http://evil.example" } }, "page", "otherOrigin"],
  [
    "another origin with the password",
    { conf: password, headers: { ...signedIn, origin: "http://evil.example" } },
    "page",
  ],
  ["another origin with the token", { headers: { ...token, origin: "http://evil.example" } }, "page"],
  ["another origin on the machine", { ...here, headers: { origin: "http://evil.example" } }, "page"],
  ["another port of the machine", { ...here, headers: { origin: "http://127.0.0.1:8000" } }, "page"],
  ["an opaque origin", { ...here, headers: { origin: "null" } }, "page", "otherOrigin"],
  ["cross-site", { ...here, headers: { "sec-fetch-site": "cross-site" } }, "page", "otherOrigin"],
  ["same-site", { ...here, headers: { "sec-fetch-site": "same-site" } }, "page", "otherOrigin"],
  ["cross-site with an own Origin", { headers: { origin: own, "sec-fetch-site": "cross-site" } }, "page"],
  ["a browser that says nothing", { ...here, headers: chrome }, "page", "noOrigin"],
  ["a named origin", { conf: "allow_origin https://a.example;", headers: { origin: "https://a.example" } }, "stranger"],
  [
    "a named origin on the machine",
    { ...here, conf: "allow_origin https://A.example:443/;", headers: { origin: "https://a.example" } },
    "machine",
  ],
  ["its other scheme", { conf: "allow_origin https://a.example;", headers: { origin: "http://a.example" } }, "page"],
  ["its subdomain", { conf: "allow_origin https://a.example;", headers: { origin: "https://x.a.example" } }, "page"],
];

for (const [name, given, kind, why] of callers) {
  Deno.test(`callerOf: ${name} is a ${kind}`, async () => {
    const caller = await callerIn(given);
    assertEquals(caller.kind, kind);
    if (why !== undefined) assertEquals(caller.kind === "page" ? caller.doubt.why : "", why);
  });
}

const hosts: [string, string, isKnown: boolean, conf?: string][] = [
  ["http", "127.0.0.1:1985", true],
  ["http", "192.168.1.2", true],
  ["http", "[fe80::1]:1985", true],
  ["http", "localhost:1985", true],
  ["http", "a.localhost", true],
  ["http", "cdn.example:1985", true],
  ["http", "CDN.example", true],
  ["http", Deno.hostname(), true],
  ["http", "evil.example:1985", false],
  ["http", "127.0.0.1.evil.example", false],
  ["http", "localhost.evil.example", false],
  ["http", "1.2.3", false],
  ["http", "admin.example:1985", true, "allow_origin https://admin.example;"],
  ["https", "evil.example:1985", true],
];

for (const [scheme, host, isKnown, conf] of hosts) {
  Deno.test(`callerOf: a page of ${scheme}://${host} ${isKnown ? "is" : "need not be"} this server's own`, async () => {
    const headers = { ...chrome, origin: `${scheme}://${host}`.toLowerCase() };
    const caller = await callerIn({
      url: `${scheme}://${host}/api/v1/x`,
      ip: "127.0.0.1",
      headers,
      ...(conf ? { conf } : {}),
    });
    assertEquals(
      [caller.kind, caller.kind === "page" ? caller.doubt.why : ""],
      isKnown ? ["machine", ""] : [
        "page",
        "unknownHost",
      ],
    );
  });
}

Deno.test("callerOf: the password stands for the host name: no page of another name has it", async () => {
  const headers = { ...signedIn, origin: "http://any.example" };
  assertEquals((await callerIn({ conf: password, url: "http://any.example/", headers })).kind, "operator");
});

const ip = "10.0.0.1";
const kinds: Caller[] = [
  { kind: "machine", ip },
  { kind: "operator", ip, user: "admin" },
  { kind: "member", ip },
  { kind: "stranger", ip },
  { kind: "page", ip, doubt: { why: "otherOrigin", origin: "http://evil.example" } },
  { kind: "page", ip, doubt: { why: "otherOrigin", origin: "" } },
  { kind: "page", ip, doubt: { why: "unknownHost", host: "evil.example", origin: "http://evil.example" } },
  { kind: "page", ip, doubt: { why: "noOrigin" } },
];

/** What strangers may do, by `remote_control`. */
const strangers: Record<RemoteControl, Record<Effect, boolean>> = {
  off: { reads: true, kicks: false, controls: false, memberOnly: true },
  kick: { reads: true, kicks: true, controls: false, memberOnly: true },
  all: { reads: true, kicks: true, controls: true, memberOnly: true },
};

for (const [remoteControl, allowed] of Object.entries(strangers) as [RemoteControl, Record<Effect, boolean>][]) {
  for (const effect of Object.keys(allowed) as Effect[]) {
    Deno.test(`refuseCall: who may do what "${effect}" says, with remote_control ${remoteControl}`, () => {
      for (const caller of kinds) {
        const expected = caller.kind === "page"
          ? effect === "reads"
          : caller.kind === "stranger"
          ? allowed[effect]
          : true;
        const why = refuseCall(caller, effect, remoteControl);
        assertEquals([caller.kind, why === null], [caller.kind, expected]);
        if (why !== null) assertMatch(why, /\w{3} .*\w$|"$/);
      }
    });
  }
}

const allRoutes = [...apiRoutes, ...consoleRoutes];

Deno.test("every route says what it does: no method but GET passes for reading", () => {
  for (const route of allRoutes) {
    const methods = route.methods === "any" ? [] : route.methods.filter((method) => method !== "GET");
    for (const method of methods) {
      const call = readCall(requestOf(route.path, { method }), ip);
      assertEquals([route.path, method, effectOf(route, call) === "reads"], [route.path, method, false]);
    }
  }
  const changing = allRoutes.filter(({ effect }) => effect !== "reads").map(({ path }) => path);
  assertEquals(changing, [
    "/api/v1/clients/[id]",
    "/api/v1/forwards/[id]",
    "/api/v1/clusters",
    "/api/v1/raw",
    "/api/v1/drain",
    "/console/api/act",
  ]);
});

const raw = "raw_api { enabled on; allow_reload on; }";
const served: [
  conf: string,
  ip: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  status: number,
][] = [
  ["", ip, "DELETE", "/api/v1/clients/x", {}, 200],
  ["remote_control off;", ip, "DELETE", "/api/v1/clients/x", {}, 403],
  ["remote_control off;", "127.0.0.1", "DELETE", "/api/v1/clients/x", {}, 200],
  ["", ip, "POST", "/api/v1/drain", {}, 403],
  ["remote_control all;", ip, "POST", "/api/v1/drain", {}, 200],
  ["", "127.0.0.1", "POST", "/api/v1/drain", {}, 200],
  ["", "127.0.0.1", "POST", "/api/v1/drain", { origin: "http://evil.example" }, 403],
  ["remote_control all;", ip, "POST", "/api/v1/drain", { origin: "http://evil.example" }, 403],
  [raw, ip, "GET", "/api/v1/raw?rpc=reload", {}, 403],
  [raw, ip, "HEAD", "/api/v1/raw?rpc=reload", {}, 403],
  [raw, ip, "GET", "/api/v1/raw?rpc=%72eload", {}, 403],
  [raw, ip, "GET", "/api/v1/raw?rpc=raw", {}, 200],
  [raw, "127.0.0.1", "GET", "/api/v1/raw?rpc=reload", {}, 200],
  [password, ip, "POST", "/api/v1/drain", {}, 401],
  [password, ip, "POST", "/api/v1/drain", signedIn, 200],
  [password, ip, "POST", "/api/v1/drain", token, 200],
  [password, ip, "POST", "/api/v1/drain", { ...signedIn, origin: "http://evil.example" }, 403],
  ["", ip, "POST", "/console/api/act?server=10.0.0.2:1985&do=kick&id=x", {}, 403],
  ["", "127.0.0.1", "POST", "/console/api/act?server=10.0.0.2:1985&do=kick&id=x", {}, 404],
  ["", ip, "POST", "/api/v1/clusters?vhost=v&claim=1", { origin: "http://evil.example" }, 403],
  ["", ip, "GET", "/api/v1/clients/", { origin: "http://evil.example" }, 200],
];

for (const [conf, remoteIp, method, path, headers, status] of served) {
  Deno.test(`${method} ${path} of ${remoteIp} with ${JSON.stringify(headers)} and "${conf}" is answered ${status}`, async () => {
    const text = `http_api { enabled on; ${conf} } vhost v { cluster { coworker_token "s3cret x"; } }`;
    const server = fakeServer(text);
    let changes = 0;
    const change = () => void changes++;
    const answer = await apiOf(server, { remoteIp, drain: change, reload: change })(path, { method, headers });
    assertEquals(answer.status, status);
    assertEquals(changes, status === 200 && /drain|rpc=reload/.test(path) ? 1 : 0);
    if (status === 403) {
      assertMatch(server.logged.join("\n"), /^warn \[\] HTTP API: \S+ \S+ by [\d.]+ \(.+\) refused: \w/);
      if (method !== "HEAD") assertMatch(String((await bodyOf(answer)).message), /\w{3}/);
    }
    if (changes > 0) assertMatch(server.logged.join("\n"), /^info \[\] HTTP API: \S+ \S+ by [\d.]+ \(.+\)$/);
  });
}

const words: [conf: string, text: string][] = [
  ["", "on 0.0.0.0:1985: anyone may read; scripts anywhere may kick; drain: this machine only"],
  [
    `listen 9090; ${raw}`,
    "on 0.0.0.0:9090: anyone may read; scripts anywhere may kick; drain, reload: this machine only",
  ],
  ["remote_control off;", "on 0.0.0.0:1985: anyone may read; kick: this machine only; drain: this machine only"],
  ["remote_control all;", "on 0.0.0.0:1985: anyone may read; scripts anywhere may kick; scripts anywhere may drain"],
  ["listen 127.0.0.1:1985;", "on 127.0.0.1:1985: programs on this machine may read, kick, drain"],
  [password, "on 0.0.0.0:1985: anyone with the password may read, kick, drain"],
  [
    `${password} allow_origin https://a.example;`,
    "on 0.0.0.0:1985: anyone with the password may read, kick, drain; " +
    "pages of https://a.example may do the same from a browser",
  ],
];

for (const [conf, text] of words) {
  Deno.test(`describeAccess says what "${conf}" opens to whom`, () => {
    assertEquals(describeAccess(configOf(`http_api { enabled on; ${conf} } vhost v {}`)), `HTTP API ${text}`);
  });
}
