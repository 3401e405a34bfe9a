import { parseStreamUrl, withVhost } from "../../../../src/rtmp/url.ts";
import { forwardTarget } from "../../../../src/server/publish/copies.ts";
import { assertEquals } from "../../../kit/assert.ts";

const plain = withVhost(parseStreamUrl("rtmp://1.2.3.4/live/sub?a=b", "s?c=d"), "__defaultVhost__");
const named = withVhost(parseStreamUrl("rtmp://a.com/live", "s"), "a.com");

const cases: [address: string, url: typeof plain, expected: [server: string, tcUrl: string, name: string] | null][] = [
  ["b.com", plain, ["b.com:1935", "rtmp://b.com:1935/live/sub", "s?c=d&a=b"]],
  ["b.com:1936", named, ["b.com:1936", "rtmp://b.com:1936/live", "s?vhost=a.com"]],
  ["[::1]:1936", named, ["[::1]:1936", "rtmp://[::1]:1936/live", "s?vhost=a.com"]],
  ["rtmp://b.com/app", plain, ["b.com:1935", "rtmp://b.com:1935/app", "s"]],
  ["rtmp://b.com/app/", plain, ["b.com:1935", "rtmp://b.com:1935/app", "s"]],
  ["rtmp://b.com/app/x", plain, ["b.com:1935", "rtmp://b.com:1935/app", "x"]],
  ["rtmp://b.com/app/sub/", plain, ["b.com:1935", "rtmp://b.com:1935/app/sub", "s"]],
  ["rtmp://b.com:1937/app/sub/x?k=v&w", plain, ["b.com:1937", "rtmp://b.com:1937/app/sub", "x?k=v&w"]],
  ["rtmp://b.com/app?k=v", plain, ["b.com:1935", "rtmp://b.com:1935/app", "s?k=v"]],
  ["rtmp://b.com/", plain, null],
  ["rtmp://b.com", plain, null],
  ["rtmp://", plain, null],
  ["rtmps://b.com/app/x", plain, ["rtmps://b.com:443", "rtmps://b.com:443/app", "x"]],
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
