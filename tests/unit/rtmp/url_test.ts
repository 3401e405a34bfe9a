import { assert, assertEquals, assertLess, assertThrows } from "../../kit/assert.ts";
import { RequestDenied, type SrsCodeName } from "../../../src/base/errors.ts";
import {
  DEFAULT_VHOST,
  formatHost,
  formatRtmpUrl,
  parseRtmpAddress,
  parseStreamUrl,
  queryValue,
  streamKey,
  withVhost,
} from "../../../src/rtmp/url.ts";

/** tcUrl, name, then: vhost, app, stream, query. */
const streams: [tcUrl: string, name: string, vhost: string, app: string, stream: string, query: string][] = [
  // The walkthrough: an encoder on origin A, a player of the edge.
  ["rtmp://127.0.0.1:19350/live", "livestream", "127.0.0.1", "live", "livestream", ""],
  ["rtmp://127.0.0.1/live", "livestream", "127.0.0.1", "live", "livestream", ""],
  // vhost: by host, vhost=, domain=, ...vhost...; the default one is no choice.
  ["rtmp://a.com/live", "s", "a.com", "live", "s", ""],
  ["rtmp://h/live?vhost=a.com", "s", "a.com", "live", "s", "?vhost=a.com"],
  ["rtmp://h/live", "s?vhost=a.com", "a.com", "live", "s", "?vhost=a.com"],
  ["rtmp://h/live?domain=a.com", "s", "a.com", "live", "s", "?domain=a.com"],
  ["rtmp://h/live?domain=b.com&vhost=a.com", "s", "a.com", "live", "s", "?domain=b.com&vhost=a.com"],
  ["rtmp://h/live...vhost...a.com", "s", "a.com", "live", "s", "?vhost=a.com"],
  ["rtmp://h/live", "s...vhost...a.com", "a.com", "live", "s", "?vhost=a.com"],
  ["rtmp://h/live...vhost...a.com/s", "", "a.com", "live", "s", "?vhost=a.com"],
  ["rtmp://h/live?vhost=__defaultVhost__", "s", "h", "live", "s", ""],
  ["rtmp://h/live?vhost=__defaultVhost__&k=v", "s", "h", "live", "s", "?vhost=__defaultVhost__&k=v"],
  ["rtmp://h/live?vhost=", "s", "h", "live", "s", "?vhost="],
  ["rtmp://h/live?vhost=/a.com/", "s", "a.com", "live", "s", "?vhost=/a.com/"],
  // Several levels; the last part is the stream, wherever the client cut.
  ["rtmp://h/live/room", "s", "h", "live/room", "s", ""],
  ["rtmp://h/live", "room/s", "h", "live/room", "s", ""],
  ["rtmp://h/live/", "/s", "h", "live", "s", ""],
  ["rtmp://h//live//", "//s/", "h", "live", "s", ""],
  ["rtmp://h", "s", "h", "__defaultApp__", "s", ""],
  ["rtmp://h/", "s", "h", "__defaultApp__", "s", ""],
  // An empty name: the key stands in the app (OBS), or behind its query.
  ["rtmp://h/live/s", "", "h", "live", "s", ""],
  ["rtmp://h/live/room/s", "", "h", "live/room", "s", ""],
  ["rtmp://h/live/s?token=x/y", "", "h", "live", "s", "?token=x/y"],
  ["rtmp://h/live?k=v/s", "", "h", "live", "s", "?k=v"],
  ["rtmp://h/live?k=x/y/s", "", "h", "live", "s", "?k=x/y"],
  ["rtmp://h/live?k=v/s?x=y", "", "h", "live", "s", "?x=y&k=v"],
  ["rtmp://h/live?/s", "", "h", "live", "s", ""],
  ["rtmp://h/live#k=v/s", "", "h", "live", "s", "?k=v"],
  ["rtmp://h/live", "?k=v/s", "h", "live", "s", "?k=v"],
  ["rtmp://h/live/s", "?k=v", "h", "live", "s", "?k=v"],
  // Parameters on either side; those of the name first, as SRS has them.
  ["rtmp://h/live?k=v", "s", "h", "live", "s", "?k=v"],
  ["rtmp://h/live?k=v", "s?x=y", "h", "live", "s", "?x=y&k=v"],
  ["rtmp://h/live?k=v", "s?k=v", "h", "live", "s", "?k=v"],
  ["rtmp://h/live?token=a/b==", "s", "h", "live", "s", "?token=a/b=="],
  ["rtmp://h/live?url=http://x/y", "s", "h", "live", "s", "?url=http://x/y"],
  ["rtmp://h/live", "s?token=a/b==", "h", "live", "s", "?token=a/b=="],
  ["rtmp://h/live", "s?a=1?b=2", "h", "live", "s", "?a=1?b=2"],
  ["rtmp://h/live", "s?a=%2F..%2f", "h", "live", "s", "?a=%2F..%2f"],
  ["rtmp://h/live", "s?a=1\r\n", "h", "live", "s", "?a=1"],
  ["rtmp://h/live?k=v w", "s?a=1\r\nb", "h", "live", "s", "?a=1b&k=vw"],
  // _definst_ of FMLE and Wowza.
  ["rtmp://h/live/_definst_", "s", "h", "live", "s", ""],
  ["rtmp://h/_definst_", "s", "h", "__defaultApp__", "s", ""],
  ["rtmp://h/live/_definst_/room", "s", "h", "live/room", "s", ""],
  // Hosts, ports, schemes, blanks, quotes.
  ["rtmp://[::1]:1936/live", "s", "::1", "live", "s", ""],
  ["rtmp://[fe80::1%25eth0]/live", "s", "fe80::1%25eth0", "live", "s", ""],
  ["RTMP://h/live", "s", "h", "live", "s", ""],
  ["rtmps://h/live", "s", "h", "live", "s", ""],
  ["//h/live", "s", "h", "live", "s", ""],
  ["rtmp://user:pa:ss@h/live", "s", "h", "live", "s", ""],
  ["rtmp://user@a.com:pass@h:1936/live", "s", "h", "live", "s", ""],
  [" rtmp://h/live \n", " s\t", "h", "live", "s", ""],
  ["'rtmp://h/live'", "s", "h", "live", "s", ""],
  ['"rtmp://h/live?k=v"', "s", "h", "live", "s", "?k=v"],
  // Names are bytes to us.
  ["rtmp://h/live", "a.b", "h", "live", "a.b", ""],
  ["rtmp://h/live", "a..b", "h", "live", "a..b", ""],
  ["rtmp://h/live", "...", "h", "live", "...", ""],
  ["rtmp://h/live", "mp4:film.mp4", "h", "live", "mp4:film.mp4", ""],
  ["rtmp://h/live", "直播", "h", "live", "直播", ""],
  ["rtmp://h/live", "a%20b", "h", "live", "a%20b", ""],
  ["rtmp://h/live", "100%", "h", "live", "100%", ""],
  ["rtmp://h/__proto__", "constructor", "h", "__proto__", "constructor", ""],
  ["rtmp://h/live?__proto__=1", "toString", "h", "live", "toString", "?__proto__=1"],
];

for (const [tcUrl, name, vhost, app, stream, query] of streams) {
  Deno.test(`parseStreamUrl reads ${JSON.stringify(tcUrl)} and ${JSON.stringify(name)}`, () => {
    const url = parseStreamUrl(tcUrl, name);
    assertEquals(
      { vhost: url.vhost, app: url.app, stream: url.stream, query: url.query },
      { vhost, app, stream, query },
    );
    assertEquals(url.key, `${vhost}/${app}/${stream}`);
  });
}

const denied: [tcUrl: string, name: string, code: SrsCodeName, text: string][] = [
  ["", "s", "RtmpTcUrl", "expected rtmp://host[:port]/app"],
  ["live/s", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["http://h/live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp:/h/live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp:///live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp://[]/live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp://[a/b]/live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp://::1/live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp://:1935/live", "s", "RtmpTcUrl", "cannot read tcUrl"],
  ["rtmp://h/live", "", "StreamNameEmpty", "no stream name"],
  ["rtmp://h/live", " \n", "StreamNameEmpty", "no stream name"],
  ["rtmp://h/live", "?k=v", "StreamNameEmpty", "no stream name"],
  ["rtmp://h", "", "StreamNameEmpty", "no stream name"],
  ["rtmp://h/_definst_", "", "StreamNameEmpty", "no stream name"],
  ["rtmp://h/live/_definst_", "", "StreamNameEmpty", "no stream name"],
  ["rtmp://h/live", "..", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", ".", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "../../etc/passwd", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/../live", "s", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "%2e%2E", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", ".%2e", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "..%2f..%2Fetc", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "..\\s", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "%5C", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "a\0b", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "a%00b", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "a%0d%0ab", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "a\x7fb", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "a\x85b", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "a\x1b[31m", "RtmpTcUrl", "invalid name"],
  ["rtmp://h\\x/live", "s", "RtmpTcUrl", "invalid name"],
  ["rtmp://../live", "s", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live?vhost=..", "s", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "s?vhost=a%2fb", "RtmpTcUrl", "invalid name"],
  ["rtmp://h/live", "s?k=a\0b", "RtmpTcUrl", "control character"],
  ["rtmp://h/live", "s?k=\x1b", "RtmpTcUrl", "control character"],
  ["rtmp://h/live", "s".repeat(513), "RtmpTcUrl", "513 characters, the limit is 512"],
  [`rtmp://h/${"a".repeat(513)}`, "s", "RtmpTcUrl", "513 characters, the limit is 512"],
  [`rtmp://${"h".repeat(513)}/a`, "s", "RtmpTcUrl", "513 characters, the limit is 512"],
  ["rtmp://h/live", "s".repeat(100_000), "RtmpTcUrl", "the limit is 8192"],
  [`rtmp://h/live?k=${"v".repeat(100_000)}`, "s", "RtmpTcUrl", "the limit is 8192"],
];

for (const [tcUrl, name, code, text] of denied) {
  Deno.test(`parseStreamUrl refuses ${JSON.stringify(tcUrl.slice(0, 60))} and ${JSON.stringify(name.slice(0, 60))}`, () => {
    const error = assertThrows(() => parseStreamUrl(tcUrl, name), RequestDenied, text);
    assertEquals(error.codeName, code);
    assertLess(error.message.length, 400);
  });
}

Deno.test("parseStreamUrl takes names and addresses up to their limits", () => {
  assertEquals(parseStreamUrl("rtmp://h/live", "s".repeat(512)).stream.length, 512);
  const query = `?k=${"v".repeat(8000)}`;
  assertEquals(parseStreamUrl("rtmp://h/live", `s${query}`).query, query);
});

Deno.test("parseStreamUrl needs no long time for addresses made to be slow", () => {
  const startMs = performance.now();
  for (const piece of ["'", '"', " ", "/", "?", "&", "@", "[", "]", ".", ":", "%2e", "/_definst_", "...vhost..."]) {
    for (
      const [head, tail] of [["rtmp://h/", "x"], ["rtmp://h/live?", "x"], ["rtmp://", ""], ["rtmp://h/", ""], ["", "x"]]
    ) {
      for (const length of [8000, 1_000_000]) {
        const text = `${head}${piece.repeat(length / piece.length)}${tail}`;
        parseRtmpAddress(text);
        for (const [tcUrl, name] of [[text, "s"], ["rtmp://h/live", text]] as const) {
          try {
            parseStreamUrl(tcUrl, name);
          } catch (error) {
            assert(error instanceof RequestDenied, String(error));
          }
        }
      }
    }
  }
  assertLess(performance.now() - startMs, 1000);
});

Deno.test("parseStreamUrl reads host and port", () => {
  const hosts: [string, string, number][] = [
    ["rtmp://h:1936/live", "h", 1936],
    ["rtmp://h/live", "h", 1935],
    ["rtmps://h/live", "h", 443],
    ["rtmp://h:/live", "h", 1935],
    ["rtmp://h:0/live", "h", 1935],
    ["rtmp://h:65535/live", "h", 65535],
    ["rtmp://h:65536/live", "h", 1935],
    ["rtmp://h:99999999999999999999/live", "h", 1935],
    ["rtmp://[2001:db8::1]:19350/live", "2001:db8::1", 19350],
    ["rtmp://[2001:db8::1]/live", "2001:db8::1", 1935],
  ];
  for (const [tcUrl, host, port] of hosts) {
    const url = parseStreamUrl(tcUrl, "s");
    assertEquals([url.host, url.port], [host, port], tcUrl);
  }
});

Deno.test("parseRtmpAddress gives the pieces of an address and no meaning", () => {
  assertEquals(parseRtmpAddress("rtmps://u:p@[::1]:444/live/s?a=1&b=2/3#x"), {
    tls: true,
    host: "::1",
    port: 444,
    path: "live/s",
    query: "?a=1&b=2/3#x",
  });
  assertEquals(parseRtmpAddress("rtmp://h"), { tls: false, host: "h", port: 1935, path: "", query: "" });
  for (
    const text of ["", "rtmp:", "rtmp://", "rtmp://?k=v", "rtmp://h:x/live", "file:///etc/passwd", "rtmpt://h/live"]
  ) {
    assertEquals(parseRtmpAddress(text), null, text);
  }
});

Deno.test("the key of a stream: the default vhost is left out, suffixes of HTTP mounts fall away", () => {
  const url = parseStreamUrl("rtmp://a.com/live", "s.flv");
  assertEquals(url.key, "a.com/live/s");
  assertEquals(withVhost(url, DEFAULT_VHOST), { ...url, vhost: DEFAULT_VHOST, key: "/live/s" });
  const keys: [stream: string, key: string][] = [
    ["s", "/live/s"],
    ["s.ts", "/live/s"],
    ["s.aac", "/live/s"],
    ["s.mp3", "/live/s"],
    ["s.flv.flv", "/live/s.flv"],
    ["s.b", "/live/s.b"],
    ["s.FLV", "/live/s.FLV"],
    [".flv", "/live/.flv"],
  ];
  for (const [stream, key] of keys) assertEquals(streamKey(DEFAULT_VHOST, "live", stream), key);
});

Deno.test("queryValue splits as SRS does, and takes the last of several", () => {
  const queries: [query: string, value: string][] = [
    ["?vhost=a", "a"],
    ["vhost=a", "a"],
    ["?x=1&vhost=a", "a"],
    ["?x=1&&vhost=a", "a"],
    ["?x=1,vhost=a", "a"],
    ["?x=1;vhost=a", "a"],
    ["?x=1?vhost=a", "a"],
    ["?vhost=a&vhost=b", "b"],
    ["?vhost=a=b", "a=b"],
    ["?xvhost=a", ""],
    ["?vhost", ""],
    ["?=vhost", ""],
    ["", ""],
  ];
  for (const [query, value] of queries) assertEquals(queryValue(query, "vhost"), value, query);
  assertEquals(queryValue("?a=b", "__proto__"), "");
});

Deno.test("formatRtmpUrl always writes the port, and brackets around IPv6", () => {
  assertEquals(formatRtmpUrl("127.0.0.1", 1935, "live/livestream"), "rtmp://127.0.0.1:1935/live/livestream");
  assertEquals(formatRtmpUrl("::1", 19350, "live/s?k=v"), "rtmp://[::1]:19350/live/s?k=v");
  assertEquals(formatHost("a.com"), "a.com");
  assertEquals(formatHost("2001:db8::1"), "[2001:db8::1]");
});

Deno.test("parseStreamUrl reads back what formatRtmpUrl writes", () => {
  for (const host of ["127.0.0.1", "a.com", "::1"]) {
    const url = parseStreamUrl(formatRtmpUrl(host, 19350, "live/room/s?k=v"), "");
    assertEquals([url.host, url.port, url.app, url.stream, url.query], [host, 19350, "live/room", "s", "?k=v"]);
  }
});
