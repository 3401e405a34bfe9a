import { gunzipSync } from "node:zlib";
import { HlsNames } from "../../../../src/http/hls/hls_names.ts";
import { PlaylistText } from "../../../../src/http/hls/playlist_text.ts";
import { assert, assertEquals, assertLess } from "../../../kit/assert.ts";

const url = { host: "h", port: 1, vhost: "v", app: "live", stream: "s", query: "", key: "/live/s" };
const names = new HlsNames(url, "/live/s.m3u8", { container: "ts", prefix: "", keyPrefix: "", markOf: () => "" });
const lines = [1, 2, 3].map((number) => `#EXTINF:2.000,\n${names.segment({ number })}\n`);
const playlist = () => new PlaylistText(`#EXTM3U\n${lines.join("")}`);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const expected = (query: string) => `#EXTM3U\n${[1, 2, 3].map((n) => `#EXTINF:2.000,\ns-${n}.ts${query}\n`).join("")}`;

Deno.test("a playlist has the parameters of a request behind each address, and is made once without", () => {
  const text = playlist();
  assertEquals(textOf(text.bytes("hls_ctx=ab")), expected("?hls_ctx=ab"));
  assertEquals(textOf(text.bytes("")), expected(""));
  assert(text.bytes("") === text.bytes(""));
});

Deno.test("parameters stand in a playlist as they are: none of them means the text around it", () => {
  const query = "vhost=" + "$`$'$&$1".repeat(200);
  const bytes = playlist().bytes(query);
  assertEquals(textOf(bytes), expected(`?${query}`));
  assertLess(bytes.length, 4 * query.length);
});

Deno.test("a playlist is compressed once, and its tag tells text and encoding", async () => {
  const text = playlist();
  const zipped = await text.zipped();
  assertEquals(textOf(gunzipSync(zipped)), expected(""));
  assert(text.zipped() === zipped, "no promise is left of what is there");
  assertEquals(text.etag(""), playlist().etag(""));
  assert(text.etag("gzip") !== text.etag(""));
  assert(new PlaylistText("#EXTM3U\n").etag("") !== text.etag(""));
});
