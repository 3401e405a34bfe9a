import { assertEquals, assertMatch, assertThrows } from "../../../kit/assert.ts";
import { RequestDenied } from "../../../../src/base/errors.ts";
import { followRedirect, parseStreamTarget, resolveRedirect } from "../../../../src/cli/stream_target.ts";
import { RedirectPolicy } from "../../../../src/upstream/redirect_policy.ts";

const addresses: [address: string, text: string, tcUrl: string, name: string][] = [
  ["rtmp://h/live/s", "h:1935", "rtmp://h:1935/live", "s"],
  ["rtmp://h:19350/live/s?token=a/b", "h:19350", "rtmp://h:19350/live", "s?token=a/b"],
  ["rtmp://[::1]:19350/a/b/s", "[::1]:19350", "rtmp://[::1]:19350/a/b", "s"],
  ["rtmp://h/live?vhost=v.com/s", "h:1935", "rtmp://h:1935/live", "s?vhost=v.com"],
  ["RTMP://h/live/s", "h:1935", "rtmp://h:1935/live", "s"],
  ["rtmps://h/live/s", "rtmps://h:443", "rtmps://h:443/live", "s"],
  ["rtmps://[::1]:1443/live/s", "rtmps://[::1]:1443", "rtmps://[::1]:1443/live", "s"],
];

for (const [address, text, tcUrl, name] of addresses) {
  Deno.test(`parseStreamTarget reads ${address}`, () => {
    const target = parseStreamTarget(address);
    assertEquals([target.text, target.tcUrl, target.name], [text, tcUrl, name]);
    assertEquals(target.url, `${tcUrl}/${name}`);
  });
}

const wrong: [address: string, words: string][] = [
  ["live/s", "expected rtmp[s]://host[:port]/app/stream"],
  ["http://h/live/s", "expected rtmp[s]://host[:port]/app/stream"],
  ["rtmp:///live/s", "expected rtmp[s]://host[:port]/app/stream"],
  ["rtmp://h/live", "has no stream name"],
  ["rtmp://h", "has no stream name"],
  ["rtmp://h/live/../s", "invalid name"],
  ["rtmp://h:99999/live/s", "has the port 99999: expected a port from 1 to 65535"],
  ["rtmps://[::1]:0/live/s", "has the port 0: expected a port from 1 to 65535"],
];

for (const [address, words] of wrong) {
  Deno.test(`parseStreamTarget refuses ${address}`, () => {
    assertThrows(() => parseStreamTarget(address), RequestDenied, words);
  });
}

const redirects: [what: string, address: string, url: string][] = [
  ["a full address", "rtmp://b:19350/live/s?token=1", "rtmp://b:19350/live/s?token=1"],
  ["another name of the stream", "rtmp://b/x/y", "rtmp://b:1935/x/y"],
  ["an address without the stream", "rtmp://b:19350/live", "rtmp://b:19350/live/s?token=1"],
  ["a server", "rtmp://b:19350", "rtmp://b:19350/live/s?token=1"],
  ["host and port", "b:19350", "rtmp://b:19350/live/s?token=1"],
  ["nothing", "", "rtmp://a:1935/live/s?token=1"],
  ["a relative server", "//b:19350/live", "rtmp://b:19350/live/s?token=1"],
  ["a relative app", "/other", "rtmp://a:1935/other/s?token=1"],
];

for (const [what, address, url] of redirects) {
  Deno.test(`resolveRedirect takes ${what}`, () => {
    assertEquals(resolveRedirect(parseStreamTarget("rtmp://a/live/s?token=1"), address)?.url, url);
  });
}

Deno.test("resolveRedirect keeps TLS where the address does not say otherwise", () => {
  const cases: [address: string, url: string][] = [
    ["", "rtmps://a:443/live/s"],
    ["/other", "rtmps://a:443/other/s"],
    ["//b/live", "rtmps://b:443/live/s"],
    ["rtmps://b:1443/live/s", "rtmps://b:1443/live/s"],
    ["rtmp://b/live/s", "rtmp://b:1935/live/s"],
  ];
  for (const [address, url] of cases) {
    assertEquals(resolveRedirect(parseStreamTarget("rtmps://a/live/s"), address)?.url, url, address);
  }
});

Deno.test("resolveRedirect refuses what is no RTMP address", () => {
  const from = parseStreamTarget("rtmp://a/live/s");
  for (const address of ["http://b/live/s", "rtmp://", "rtmp://b/live/../../s"]) {
    assertEquals(resolveRedirect(from, address), null, address);
  }
});

Deno.test("followRedirect() tells where to go, or in words why not", () => {
  const cases: [what: string, from: string, address: string, expected: string | RegExp][] = [
    ["another server", "rtmp://10.0.0.1/live/s", "rtmp://10.0.0.2/live/s", "10.0.0.2:1935"],
    ["the server itself", "rtmp://10.0.0.1/live/s", "rtmp://10.0.0.1/live/s", /that server was already asked$/],
    ["from TLS to TLS", "rtmps://10.0.0.1/live/s", "rtmps://10.0.0.2/live/s", "rtmps://10.0.0.2:443"],
    [
      "out of TLS",
      "rtmps://10.0.0.1/live/s",
      "rtmp://10.0.0.2/live/s",
      /it leads from TLS to an unencrypted connection/,
    ],
    ["a metadata service", "rtmp://10.0.0.1/live/s", "rtmp://169.254.169.254/live/s", /to a local address$/],
    ["another protocol", "rtmp://10.0.0.1/live/s", "http://10.0.0.2/live/s", /it is not an RTMP address$/],
  ];
  for (const [what, address, redirect, expected] of cases) {
    const from = parseStreamTarget(address);
    const next = followRedirect(new RedirectPolicy(new Set([from.text])), from, redirect, "10.0.0.1");
    if (typeof expected === "string") assertEquals(typeof next === "string" ? next : next.text, expected, what);
    else assertMatch(String(next), expected, what);
  }
});
