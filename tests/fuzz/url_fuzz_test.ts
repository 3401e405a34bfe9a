import { assert, assertEquals, assertInstanceOf } from "../kit/assert.ts";
import { RequestDenied } from "../../src/base/errors.ts";
import { formatRtmpUrl, parseStreamUrl, type StreamUrl } from "../../src/rtmp/url.ts";
import { Prng } from "../kit/media/mutate.ts";

// deno-fmt-ignore
const tokens = [
  "rtmp://", "rtmps://", "RTMP:", "//", "/", "?", "#", "&", "=", ":", "@", "[", "]", "'", '"', " ", ".", "..", "%", "%2e", "%2F",
  "\\", "\0", "\r\n", "\x9b", "::1", "127.0.0.1", "h", "a.com", "1935", ":0", "live", "s", ".flv", "vhost=", "domain=",
  "...vhost...", "__defaultVhost__", "/_definst_", "__proto__", "constructor", "直播", "\u2028", "\ud800", "x".repeat(200),
];

function text(prng: Prng, most: number): string {
  return Array.from({ length: prng.below(most) }, () => prng.pick(tokens)).join("");
}

function parse(tcUrl: string, name: string): StreamUrl | null {
  try {
    return parseStreamUrl(tcUrl, name);
  } catch (error) {
    assertInstanceOf(error, RequestDenied);
    return null;
  }
}

Deno.test("parseStreamUrl only ever refuses, and what it accepts is safe, stable, and read back the same", () => {
  const prng = new Prng(21);
  let accepted = 0;
  for (let round = 0; round < 30_000; round++) {
    const tcUrl = prng.pick(["rtmp://h", "rtmp://[::1]:80/", "rtmp://a.com/live", ""]) + text(prng, 8);
    const name = text(prng, 5);
    const url = parse(tcUrl, name);
    if (url === null) continue;
    accepted++;
    const note = JSON.stringify([tcUrl, name]);
    for (const part of [url.host, url.vhost, url.app, url.stream]) {
      assert(part !== "" && part.length <= 512, note);
      assert(!/[\p{Cc} \\]|%2f|^\/|\/$|\/\//iu.test(part), note);
      assert(!part.split("/").some((level) => level === "." || level === ".."), note);
    }
    assert(!url.stream.includes("/") && !url.vhost.includes("/"), note);
    assert(url.query === "" || url.query.startsWith("?"), note);

    // What stands around or within an address for other reasons is taken off again when it is read a second time.
    if (/_definst_|\.\.\.vhost|["']$/.test(url.app + url.stream + url.query)) continue;
    const again = parse(formatRtmpUrl(url.host, url.port, `${url.app}/${url.stream}${url.query}`), "");
    assertEquals(again, url, note);
  }
  assert(accepted > 3000, `${accepted} accepted: the texts are too wild`);
});
