import { loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { readCall } from "../../../../src/http/call.ts";
import { findHls } from "../../../../src/http/hls/hls_path.ts";
import { HlsPaths } from "../../../../src/http/hls/hls_paths.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";
import { requestOf } from "../../../kit/peers/http_request.ts";

const configOf = (rows: string) => {
  const text =
    `listen 1935; vhost __defaultVhost__ { hls { enabled on; ${rows} } } vhost b.com { hls { enabled on; } }`;
  return requireConfig(loadConfig({ path: "t.conf", text }));
};
const call = (address: string) => readCall(requestOf(address), "1.2.3.4");

function shown(found: ReturnType<HlsPaths["find"]>): unknown {
  if (found === null || found instanceof Response) return found?.status ?? null;
  const { url, part, vhost, isVhostOfPath } = found;
  return { url, part, isVhostOfPath, vhost: vhost.name };
}

const paths = ["/live/s.m3u8", "/live/s-12.ts", "/live/s-12.3.m4s", "/live/a%2fb.m3u8", "/live/%C3%A4.m3u8", "/s.m3u8"];
const hosts = ["http://h", "http://b.com", "http://b.com:8080", "http://[::1]:80"];
const queries = [
  "",
  "?",
  `?hls_ctx=${"0a".repeat(16)}`,
  "?hls_ctx=ab&_HLS_msn=3&_HLS_part=1",
  "?_HLS_skip=YES&",
  "?hls_ctx=AB",
  "?vhost=b.com",
  "?hls_ctx=ab&vhost=b.com",
  "?hls_ctx=ab&domain=b.com",
  "?hls_ctx=ab;vhost=b.com",
  "?hls_ctx=ab,vhost=b.com",
  "?hls_ctx=ab#x",
  "?token=1%20 2",
  "?hls_ctx=%61b",
];

Deno.test("what is remembered of a path is what the path means, whatever else is asked", () => {
  const holder = { config: configOf("") };
  const known = new HlsPaths(holder);
  const calls = hosts.flatMap((host) => paths.flatMap((path) => queries.map((query) => `${host}${path}${query}`)));
  for (const round of [calls, calls.toReversed()]) {
    for (const address of round) {
      assertEquals(shown(known.find(call(address))), shown(findHls(holder, call(address))), address);
    }
  }
});

Deno.test("a reload changes at once what paths mean", () => {
  const holder = { config: configOf("") };
  const known = new HlsPaths(holder);
  assert(known.find(call("/live/s.m3u8")) !== null);
  holder.config = requireConfig(loadConfig({ path: "t.conf", text: "listen 1935;" }));
  assertEquals(known.find(call("/live/s.m3u8")), null);
});

Deno.test("made-up paths, of which there may be any number, leave what others ask for as it is", () => {
  const known = new HlsPaths({ config: configOf("") });
  for (let i = 0; i < 3000; i++) known.find(call(`/live/s${i}.m3u8`));
  assertEquals(
    shown(known.find(call("/live/s.m3u8"))),
    shown(new HlsPaths({ config: configOf("") }).find(call("/live/s.m3u8"))),
  );
  const first = known.find(call("/live/s.m3u8"));
  assert(first !== null && known.find(call("/live/s.m3u8")) === first);
});
