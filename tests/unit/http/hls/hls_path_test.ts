import { loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { readCall } from "../../../../src/http/call.ts";
import { findHls } from "../../../../src/http/hls/hls_path.ts";
import { HlsNames } from "../../../../src/http/hls/hls_names.ts";
import { PlaylistText } from "../../../../src/http/hls/playlist_text.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { requestOf } from "../../../kit/peers/http_request.ts";

function find(address: string, rows = "", more = "") {
  const text = `listen 1935; vhost __defaultVhost__ { hls { enabled on; ${rows} } } vhost off { } ${more}`;
  const config = requireConfig(loadConfig({ path: "t.conf", text }));
  const found = findHls({ config }, readCall(requestOf(address), "1.2.3.4"));
  if (found === null || found instanceof Response) return found?.status ?? null;
  const { url, part, vhost, isVhostOfPath } = found;
  return { key: url.key, vhost: vhost.name, ...part, ...(isVhostOfPath ? { isVhostOfPath } : {}) };
}

const vhost = "__defaultVhost__";
const withQuery = (text: string, query: string) => new TextDecoder().decode(new PlaylistText(text).bytes(query));

const cases: [address: string, expected: unknown, rows?: string][] = [
  ["/live/s.m3u8", { key: "/live/s", vhost, kind: "playlist" }],
  ["/a/b/s.m3u8?x=1", { key: "/a/b/s", vhost, kind: "playlist" }],
  ["/live/s-12.ts", { key: "/live/s", vhost, kind: "segment", number: 12, mark: "", extension: "ts" }],
  ["/live/s-1-12.m4s", { key: "/live/s-1", vhost, kind: "segment", number: 12, mark: "", extension: "m4s" }],
  ["/live/s.1-12.3.m4s", { key: "/live/s.1", vhost, kind: "part", number: 12, mark: "", part: 3, extension: "m4s" }],
  ["/live/s-12_0a1b2c3d.ts", { key: "/live/s", vhost, kind: "segment", number: 12, mark: "0a1b2c3d", extension: "ts" }],
  ["/live/s-12_00000000.3.m4s", {
    key: "/live/s",
    vhost,
    kind: "part",
    number: 12,
    mark: "00000000",
    part: 3,
    extension: "m4s",
  }],
  ["/live/s-12.key", { key: "/live/s", vhost, kind: "key", number: 12 }],
  ["/live/s-init-0ab.mp4", { key: "/live/s", vhost, kind: "init", id: "0ab" }],
  ["/live/s/init.mp4", { key: "/live/s", vhost, kind: "init", id: "" }],
  ["/live/%C3%A4.m3u8", { key: "/live/ä", vhost, kind: "playlist" }],
  ["/live/s/index.m3u8", { key: "/live/s", vhost, kind: "playlist" }, "hls_m3u8_file [app]/[stream]/index.m3u8;"],
  [
    "/__defaultVhost__/live/s.m3u8",
    { key: "/live/s", vhost, kind: "playlist", isVhostOfPath: true },
    "hls_m3u8_file [vhost]/[app]/[stream].m3u8;",
  ],
  ["/live/s.flv", null],
  ["/live/s.ts", null],
  ["/live/a%2fb.m3u8", null],
  ["/s.m3u8", null],
  ["/live/s.m3u8?vhost=off", null],
];

for (const [address, expected, rows] of cases) {
  Deno.test(`findHls() reads ${address}${rows === undefined ? "" : ` with ${rows}`}`, () => {
    assertEquals<unknown>(find(address, rows), expected);
  });
}

Deno.test("names lie beside the playlist, or are reached from it, and take the parameters of a request", () => {
  const url = { host: "h", port: 1, vhost, app: "a b/c", stream: "s:ä", query: "", key: "" };
  const names = (path: string, prefix = "", keyPrefix = "") =>
    new HlsNames(url, path, { container: "ts", prefix, keyPrefix, markOf: () => "" });
  const beside = names("/a%20b/c/s.m3u8");
  assertEquals(withQuery(beside.segment({ number: 5 }), ""), "s%3A%C3%A4-5.ts");
  assertEquals(withQuery(beside.part(5, 2), "hls_ctx=1"), "s%3A%C3%A4-5.2.ts?hls_ctx=1");
  assertEquals(withQuery(names("/a%20b/c/s/index.m3u8").key(7), ""), "../../../a%20b/c/s%3A%C3%A4-7.key");
  assertEquals(
    withQuery(names("/a%20b/c/s.m3u8", "http://cdn/", "http://keys/").init("ab"), "x"),
    "http://cdn/s%3A%C3%A4-init-ab.mp4?x",
  );
  assertEquals(
    withQuery(names("/a%20b/c/s.m3u8", "", "http://keys/").key(7), ""),
    "http://keys/a%20b/c/s%3A%C3%A4-7.key",
  );
});
