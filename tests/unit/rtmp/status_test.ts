import { assertEquals } from "../../kit/assert.ts";
import { redirectInfo, statusCode, statusInfo } from "../../../src/rtmp/status.ts";

Deno.test("statusInfo has the members of SRS in their order", () => {
  assertEquals(Object.entries(statusInfo("publishStart")), [
    ["level", "status"],
    ["code", "NetStream.Publish.Start"],
    ["description", "Started publishing stream."],
    ["clientid", "ASAICiss"],
  ]);
  assertEquals(Object.keys(statusInfo("playStart")), ["level", "code", "description", "details", "clientid"]);
});

Deno.test("statusInfo says more of the reason when it is told", () => {
  const { level, code, description } = statusInfo("playStreamNotFound", "nobody publishes /live/s");
  assertEquals([level, code, description], ["error", "NetStream.Play.StreamNotFound", "nobody publishes /live/s"]);
  assertEquals(statusInfo("playStreamNotFound").description, "Stream not found.");
  assertEquals(statusCode("playStreamNotFound"), "NetStream.Play.StreamNotFound");
});

const redirects: [url: string, redirect: string][] = [
  ["rtmp://127.0.0.1:19350/live/livestream", "rtmp://127.0.0.1:19350/live"],
  ["rtmp://127.0.0.1:19350/live/room/s", "rtmp://127.0.0.1:19350/live/room"],
  ["rtmp://[::1]:1935/live/s", "rtmp://[::1]:1935/live"],
  ["rtmp://h:1935/live/s?token=a/b&vhost=a.com", "rtmp://h:1935/live"],
];

for (const [url, redirect] of redirects) {
  Deno.test(`redirectInfo of ${url} gives the address up to the stream, and the whole`, () => {
    assertEquals(redirectInfo(url), {
      level: "error",
      code: "NetConnection.Connect.Rejected",
      description: "RTMP 302 Redirect",
      ex: { code: 302, redirect, redirect2: url },
    });
  });
}
