import { parseStreamUrl, withVhost } from "../../../../src/rtmp/url.ts";
import { forwardTarget, hideKey, showTarget } from "../../../../src/server/publish/copies.ts";
import { assertEquals } from "../../../kit/assert.ts";

const plain = withVhost(parseStreamUrl("rtmp://1.2.3.4/live/sub?a=b", "s?c=d"), "__defaultVhost__");
const named = withVhost(parseStreamUrl("rtmp://a.com/live", "s"), "a.com");

const cases: [address: string, url: typeof plain, expected: [server: string, tcUrl: string, name: string] | null][] = [
  ["b.com", plain, ["b.com:1935", "rtmp://b.com:1935/live/sub", "s?c=d&a=b"]],
  ["b.com:1936", named, ["b.com:1936", "rtmp://b.com:1936/live", "s?vhost=a.com"]],
  ["[::1]:1936", named, ["[::1]:1936", "rtmp://[::1]:1936/live", "s?vhost=a.com"]],
  ["rtmp://b.com/app", plain, ["b.com:1935", "rtmp://b.com/app", "s"]],
  ["rtmp://b.com/app/", plain, ["b.com:1935", "rtmp://b.com/app", "s"]],
  ["rtmp://b.com/app/x", plain, ["b.com:1935", "rtmp://b.com/app", "x"]],
  ["rtmp://b.com/app/sub/", plain, ["b.com:1935", "rtmp://b.com/app/sub", "s"]],
  ["rtmp://b.com:1937/app/sub/x?k=v&w", plain, ["b.com:1937", "rtmp://b.com:1937/app/sub", "x?k=v&w"]],
  ["rtmp://b.com/app?k=v", plain, ["b.com:1935", "rtmp://b.com/app", "s?k=v"]],
  ["rtmp://b.com:1935/app/x", plain, ["b.com:1935", "rtmp://b.com:1935/app", "x"]],
  ["rtmp://b.com/live2?backup=1/abcd-efgh", plain, ["b.com:1935", "rtmp://b.com/live2?backup=1", "abcd-efgh"]],
  ["rtmps://b.com:443/rtmp/FB-1?s_bl=1&a=x/y", plain, [
    "rtmps://b.com:443",
    "rtmps://b.com:443/rtmp",
    "FB-1?s_bl=1&a=x/y",
  ]],
  ["rtmp://b.com/live2?backup=1/", plain, null],
  ["rtmp://b.com/", plain, null],
  ["rtmp://b.com", plain, null],
  ["rtmp://", plain, null],
  ["rtmps://b.com/app/x", plain, ["rtmps://b.com:443", "rtmps://b.com/app", "x"]],
  ["rtmps://[::1]:1443/app/", plain, ["rtmps://[::1]:1443", "rtmps://[::1]:1443/app", "s"]],
  ["http://b.com/app/x", plain, null],
  ["//b.com/app/x", plain, null],
  ["", plain, null],
];

for (const [address, url, expected] of cases) {
  Deno.test(`forwardTarget() reads "${address}" for ${url.key}`, () => {
    const target = forwardTarget(address, url);
    assertEquals(target && [target.server.text, target.tcUrl, target.name], expected);
  });
}

Deno.test("hideKey() takes the key, its parameters and those of the application out of a text, wherever they stand", () => {
  const target = { name: "live_123_abcDEF?bandwidth=x&token=s3cret/x", app: "app?auth=topsecret" };
  assertEquals(
    hideKey(
      "stream live_123_abcDEF?bandwidth=x&token=s3cret/x, live_123_abcDEF, s3cret/x, topsecret, x of app",
      target,
      "s",
    ),
    "stream ***, ***, ***, ***, x of app",
  );
  assertEquals(hideKey("stream movie is busy", { name: "movie", app: "live" }, "movie"), "stream movie is busy");
});

Deno.test("showTarget() shows neither key nor user", () => {
  const show = (address: string) => showTarget(forwardTarget(address, plain)!, plain);
  assertEquals(show("rtmps://b.com/app/key-1?x=2"), "rtmps://b.com/app/***");
  assertEquals(show("rtmp://b.com/live2?backup=1/key-1"), "rtmp://b.com/live2/***");
  assertEquals(show("rtmp://u:p@b.com/app/"), "rtmp://b.com/app/s");
});
