import type { Span } from "../../../src/base/trace.ts";
import { loadConfig, requireConfig, VhostHandle } from "../../../src/config/mod.ts";
import {
  flvPath,
  originTargets,
  ownerTarget,
  parseFlvTarget,
  parseRedirect,
  parseTarget,
  parseTargetOf,
  upstreamSession,
  withTrace,
} from "../../../src/upstream/target.ts";
import { parseStreamUrl, withVhost } from "../../../src/rtmp/url.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("parseTarget() reads origins of the configuration and addresses of redirects", () => {
  const cases: [address: string, expected: string | null][] = [
    ["10.0.0.1", "10.0.0.1:1935"],
    ["10.0.0.1:19350", "10.0.0.1:19350"],
    ["origin-a.lan:1936", "origin-a.lan:1936"],
    ["[fd00::1]:1936", "[fd00::1]:1936"],
    ["[fd00::1]", "[fd00::1]:1935"],
    ["rtmp://10.0.0.2:19351/live/livestream?vhost=a.com", "10.0.0.2:19351"],
    ["rtmp://10.0.0.2/live", "10.0.0.2:1935"],
    ["rtmp://10.0.0.2:0/live", "10.0.0.2:1935"],
    ["", null],
    ["rtmp://", null],
    ["http://[", null],
  ];
  for (const [address, expected] of cases) assertEquals(parseTarget(address)?.text ?? null, expected, address);
});

interface SessionCase {
  name: string;
  tcUrl: string;
  stream?: string;
  /** `cluster.vhost`. */
  clusterVhost?: string;
  /** Vhost that the player's address was resolved to. */
  vhost?: string;
  target?: string;
  expected: { tcUrl: string; name: string };
}

/** Fields as SRS 7's edge sends them. */
const cases: SessionCase[] = [
  {
    name: "an address for host",
    tcUrl: "rtmp://10.0.0.9/live",
    expected: { tcUrl: "rtmp://10.0.0.9/live", name: "s" },
  },
  {
    name: "the port of the origin, not of the edge",
    tcUrl: "rtmp://10.0.0.9:19369/live",
    target: "10.0.0.1:19350",
    expected: { tcUrl: "rtmp://10.0.0.9:19350/live", name: "s" },
  },
  {
    name: "the player's host as vhost, in the default one",
    tcUrl: "rtmp://cdn.example.com/live",
    expected: { tcUrl: "rtmp://cdn.example.com/live", name: "s" },
  },
  {
    name: "the vhost in tcUrl only; other parameters on the name",
    tcUrl: "rtmp://10.0.0.9/live?vhost=a.com",
    stream: "s?token=x&y=1",
    vhost: "a.com",
    expected: { tcUrl: "rtmp://a.com/live", name: "s?token=x&y=1" },
  },
  {
    name: "domain= is the vhost too",
    tcUrl: "rtmp://10.0.0.9/live",
    stream: "s?domain=a.com&k=v",
    vhost: "a.com",
    expected: { tcUrl: "rtmp://a.com/live", name: "s?k=v" },
  },
  {
    name: "cluster.vhost instead of the player's",
    tcUrl: "rtmp://cdn.example.com/live",
    clusterVhost: "up.example.com",
    expected: { tcUrl: "rtmp://up.example.com/live", name: "s" },
  },
  {
    name: "cluster.vhost with the player's in it",
    tcUrl: "rtmp://10.0.0.9/live?vhost=a.com",
    clusterVhost: "origin.[vhost]",
    vhost: "a.com",
    expected: { tcUrl: "rtmp://origin.a.com/live", name: "s" },
  },
  {
    name: "an app of several levels, and a name with an extension",
    tcUrl: "rtmp://10.0.0.9/a/b",
    stream: "s.flv",
    expected: { tcUrl: "rtmp://10.0.0.9/a/b", name: "s.flv" },
  },
  {
    name: "an IPv6 host",
    tcUrl: "rtmp://[fd00::9]/live",
    expected: { tcUrl: "rtmp://[fd00::9]/live", name: "s" },
  },
];

for (const { name, tcUrl, stream = "s", clusterVhost, vhost, target = "10.0.0.1", expected } of cases) {
  Deno.test(`upstreamSession() sends ${name}`, () => {
    const session = sessionOf({ tcUrl, stream, vhost, target, clusterVhost });
    assertEquals({ tcUrl: session.tcUrl, name: session.name }, expected);
    assertEquals(session.app, tcUrl.replace(/^rtmp:\/\/[^/]*\/([^?]*).*$/, "$1"));
  });
}

Deno.test("upstreamSession() tells who plays, and who pulls if debug_srs_upnode lets it", () => {
  const { role, pageUrl, swfUrl, handshake, connectArgs } = sessionOf({ tcUrl: "rtmp://10.0.0.9/live", stream: "s" });
  assertEquals({ role, pageUrl, swfUrl, handshake }, {
    role: "play",
    pageUrl: "http://page",
    swfUrl: "http://swf",
    handshake: "digest",
  });
  assertEquals(connectArgs, { srs_server: "srs-ts/1" });
  const silent = sessionOf({ tcUrl: "rtmp://10.0.0.9/live", stream: "s", args: null });
  assertEquals("connectArgs" in silent, false);
});

Deno.test("withTrace() adds to the arguments only what is traced", () => {
  const args = { "srs_server": "srs-ts/1" };
  const trace = { traceparent: "00-1-2-01" } as Span;
  const cases = [[null, null, null], [args, null, args], [null, trace, { traceparent: "00-1-2-01" }]] as const;
  for (const [given, span, expected] of cases) assertEquals(withTrace(given, span), expected);
  assertEquals(withTrace(args, trace), { ...args, traceparent: "00-1-2-01" });
});

interface Asked {
  tcUrl: string;
  stream: string;
  vhost?: string | undefined;
  clusterVhost?: string | undefined;
}

function sessionOf(
  { target = "10.0.0.1", args = { srs_server: "srs-ts/1" }, ...asked }: Asked & {
    target?: string;
    args?: { srs_server: string } | null;
  },
) {
  return upstreamSession("play", askedFor(asked), parseTarget(target)!, args);
}

function askedFor({ tcUrl, stream, vhost, clusterVhost }: Asked) {
  const name = vhost ?? "__defaultVhost__";
  const cluster = `cluster { mode remote; origin x; ${clusterVhost === undefined ? "" : `vhost ${clusterVhost};`} }`;
  const config = requireConfig(loadConfig({ path: "t.conf", text: `listen 1935; vhost ${name} { ${cluster} }` }));
  const url = withVhost(parseStreamUrl(tcUrl, stream), name);
  return { url, vhost: new VhostHandle({ config }, config.vhosts[0]!), pageUrl: "http://page", swfUrl: "http://swf" };
}

Deno.test("parseFlvTarget() reads origins of the configuration, with the port of HTTP, and whole addresses", () => {
  const cases: [address: string, expected: string | null][] = [
    ["10.0.0.1", "10.0.0.1:80"],
    ["10.0.0.1:8080", "10.0.0.1:8080"],
    ["origin-a.lan", "origin-a.lan:80"],
    ["[fd00::1]:8080", "[fd00::1]:8080"],
    ["http://10.0.0.2/live/s.flv?a=b", "10.0.0.2:80 /live/s.flv?a=b"],
    ["HTTP://user:pass@10.0.0.2:81/a.flv", "10.0.0.2:81 /a.flv"],
    ["https://10.0.0.2/live/s.flv", "https://10.0.0.2:443 /live/s.flv"],
    ["rtmp://10.0.0.2/live/s", null],
    ["http://", null],
    ["http://[", null],
    ["", null],
  ];
  for (const [address, expected] of cases) {
    const target = parseFlvTarget(address);
    assertEquals(target === null ? null : [target.text, target.path].join(" ").trim(), expected, address);
  }
  assertEquals(parseTargetOf("flvs", "10.0.0.1")?.text, "https://10.0.0.1:443");
  // The text stands for the target.
  for (const text of ["https://10.0.0.1:443", "https://a:8443"]) assertEquals(parseTargetOf("flv", text)?.text, text);
});

Deno.test("parseRedirect() takes from HTTP only the address of an FLV", () => {
  const cases: [address: string, isTaken: boolean][] = [
    ["http://a/live/s.flv", true],
    ["http://a/live/s.FLV?token=1", true],
    ["http://a/live/s.flv/../../secret", false],
    ["http://a/secret?x=s.flv", false],
    ["http://a/secret#s.flv", false],
    ["https://a/live/s.flv", true],
    ["rtmp://a/live/s", false],
    ["//a/live/s.flv", false],
    ["/live/s.flv", false],
  ];
  for (const [address, isTaken] of cases) assertEquals(parseRedirect("flv", address) !== null, isTaken, address);
  assertEquals(parseRedirect("rtmp", "rtmp://a/live/s")?.text, "a:1935");
});

Deno.test("flvPath() asks for a stream as SRS's edge does, with its vhost", () => {
  const cases: [given: Parameters<typeof askedFor>[0], expected: string][] = [
    [{ tcUrl: "rtmp://10.0.0.9/live", stream: "s" }, "/live/s.flv"],
    [{ tcUrl: "rtmp://10.0.0.9/live", stream: "s.flv" }, "/live/s.flv"],
    [{ tcUrl: "rtmp://10.0.0.9/live", stream: "s.mp3" }, "/live/s.flv"],
    [{ tcUrl: "rtmp://10.0.0.9/a/b", stream: "s?token=x&vhost=q" }, "/a/b/s.flv?token=x&vhost=q"],
    [{ tcUrl: "rtmp://10.0.0.9/live?vhost=a.com", stream: "s?k=v", vhost: "a.com" }, "/live/s.flv?k=v&vhost=a.com"],
    [{ tcUrl: "rtmp://h/live", stream: "s", clusterVhost: "up.[vhost]", vhost: "h" }, "/live/s.flv?vhost=up.h"],
    [{ tcUrl: "rtmp://10.0.0.9/live", stream: "100%é" }, "/live/100%25%C3%A9.flv"],
    [{ tcUrl: "rtmp://10.0.0.9/live", stream: "\ud800" }, "/live/%EF%BF%BD.flv"],
  ];
  for (const [given, expected] of cases) assertEquals(flvPath(askedFor(given)), expected);
});

Deno.test("parseTarget() reads servers that are asked over TLS, and its text stands for the target", () => {
  const cases: [address: string, text: string, port: number, tls: boolean][] = [
    ["10.0.0.1", "10.0.0.1:1935", 1935, false],
    ["rtmps://a.lan", "rtmps://a.lan:443", 443, true],
    ["RTMPS://a.lan:1443/live/s?k=v", "rtmps://a.lan:1443", 1443, true],
    ["rtmps://[fd00::1]:1443", "rtmps://[fd00::1]:1443", 1443, true],
  ];
  for (const [address, text, port, tls] of cases) {
    const target = parseTarget(address);
    assertEquals([target?.text, target?.port, target?.tls ?? false], [text, port, tls], address);
    assertEquals(parseTarget(text), target);
  }
});

Deno.test("ownerTarget() keeps a coworker from naming this machine or its link as the owner of a stream", () => {
  const cases: [coworker: string, ownerHost: string, expected: boolean][] = [
    ["203.0.113.9:1985", "127.0.0.1", false],
    ["203.0.113.9:1985", "169.254.169.254", false],
    ["203.0.113.9:1985", "10.0.0.2", true],
    ["[2001:db8::1]:1985", "::1", false],
    ["[2001:db8::1]:1985", "fd00::1", true],
    ["[::1]:1985", "127.0.0.1", true],
    ["10.0.0.1:1985", "127.0.0.1", true],
    ["10.0.0.1:1985", "169.254.169.254", false],
    ["127.0.0.1:1985", "127.0.0.1", true],
    ["127.0.0.1:1985", "169.254.169.254", false],
    ["127.0.0.1:1985", "0.0.0.0", false],
    ["origin-b:1985", "127.0.0.1", true],
    ["origin-b:1985", "169.254.169.254", false],
    ["origin-b:1985", "fe80::1", false],
    ["169.254.7.7:1985", "169.254.7.8", true],
  ];
  for (const [coworker, ownerHost, expected] of cases) {
    const target = ownerTarget({ coworker, ip: ownerHost, port: 1935 });
    assertEquals(target !== null, expected, `${coworker} names ${ownerHost}`);
  }
});

Deno.test("ownerTarget() keeps who named it, so that the address behind a name is judged too", () => {
  const named = (coworker: string, ip: string) => ownerTarget({ coworker, ip, port: 19350 });
  assertEquals(named("10.0.0.1:1985", "b.example.com")?.namedBy, "10.0.0.1");
  assertEquals(named("origin-b:1985", "fd00::1")?.text, "[fd00::1]:19350");
  assertEquals(named("origin-b:1985", "fd00::1")?.namedBy, "localhost");
});

Deno.test("originTargets() reads the configured origins once, with the port of the protocol", () => {
  const origin = ["a", "b:19350", "rtmps://c"].map((text) => ({ text, host: "", port: 0 }));
  assertEquals(originTargets({ origin }, "rtmp").map(({ text }) => text), ["a:1935", "b:19350", "rtmps://c:443"]);
  assertEquals(originTargets({ origin }, "flv").map(({ text }) => text), ["a:80", "b:19350"]);
  assertEquals(originTargets({ origin }, "rtmp").map(({ namedBy }) => namedBy), [null, null, null]);
});
