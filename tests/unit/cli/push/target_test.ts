import { assert, assertEquals, assertThrows } from "../../../assert.ts";
import { RequestDenied } from "../../../../src/base/errors.ts";
import { parseStreamTarget, RedirectChain, resolveRedirect } from "../../../../src/cli/stream_target.ts";

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
  ["live/s", "expected rtmp://host[:port]/app/stream"],
  ["http://h/live/s", "expected rtmp://host[:port]/app/stream"],
  ["rtmp:///live/s", "expected rtmp://host[:port]/app/stream"],
  ["rtmp://h/live", "names no stream"],
  ["rtmp://h", "names no stream"],
  ["rtmp://h/live/../s", "forbidden part"],
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

Deno.test("RedirectChain leaves TLS for no other connection", () => {
  const from = parseStreamTarget("rtmps://10.0.0.1/live/s");
  const refusal = new RedirectChain().follow(from, "rtmp://10.0.0.2/live/s", "10.0.0.1");
  assert(typeof refusal === "string" && refusal.includes("from TLS"), String(refusal));
  const next = new RedirectChain().follow(from, "rtmps://10.0.0.2/live/s", "10.0.0.1");
  assert(typeof next !== "string" && next.tls);
});

Deno.test("resolveRedirect refuses what is no RTMP address", () => {
  const from = parseStreamTarget("rtmp://a/live/s");
  for (const address of ["http://b/live/s", "rtmp://", "rtmp://b/live/../../s"]) {
    assertEquals(resolveRedirect(from, address), null, address);
  }
});

Deno.test("RedirectChain follows three redirects and no loop", () => {
  const at = (host: string) => parseStreamTarget(`rtmp://${host}/live/s`);
  const chain = new RedirectChain("10.0.0.1:1935");
  const loop = chain.follow(at("10.0.0.1"), "rtmp://10.0.0.1/live/s", "10.0.0.1");
  assert(typeof loop === "string" && loop.includes("redirect loop"), String(loop));
  for (const n of [2, 3, 4]) {
    const next = chain.follow(at(`10.0.0.${n - 1}`), `rtmp://10.0.0.${n}/live/s`, `10.0.0.${n - 1}`);
    assert(typeof next !== "string" && next.host === `10.0.0.${n}`);
  }
  const fourth = chain.follow(at("10.0.0.4"), "rtmp://10.0.0.5/live/s", "10.0.0.4");
  assertEquals(fourth, "10.0.0.4:1935 redirects to 10.0.0.5:1935, after 3 redirects before");
});

Deno.test("RedirectChain lets no public server send us to a local address", () => {
  const from = parseStreamTarget("rtmp://203.0.113.5/live/s");
  const next = new RedirectChain(from.text).follow(from, "rtmp://127.0.0.1/live/s", "203.0.113.5");
  assertEquals(next, "203.0.113.5:1935 redirects to 127.0.0.1:1935, a local address: not followed");
});
