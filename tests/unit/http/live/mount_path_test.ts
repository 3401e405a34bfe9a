import { requestOf } from "../../../kit/peers/http_request.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";
import { readCall } from "../../../../src/http/call.ts";
import { findStream } from "../../../../src/http/live/stream_request.ts";
import { matchMount, mountExtension } from "../../../../src/http/live/mount_path.ts";
import { configOf } from "../../../kit/peers/fake_server.ts";

const usual = "[vhost]/[app]/[stream].flv";

const matches: [template: string, path: string, expected: string | null][] = [
  [usual, "/live/livestream.flv", "- live livestream"],
  [usual, "/live/a.b.flv", "- live a.b"],
  [usual, "/one/two/three.flv", "- one/two three"],
  [usual, "/live/a%20b%C3%A9.flv", "- live a bé"],
  [usual, "/live/100%.flv", "- live 100%"],
  [usual, "/livestream.flv", null],
  [usual, "/live/.flv", null],
  [usual, "/live/livestream.flv/", null],
  [usual, "/live/livestream.FLV", null],
  [usual, "/live/livestreamxflv", null],
  [usual, "//livestream.flv", null],
  [usual, "/live//livestream.flv", null],
  [usual, "/live/a%2Fb.flv", null],
  [usual, "/li%2Fve/b.flv", null],
  [usual, "/live/a%3Fvhost=b.flv", null],
  [usual, "/live/a%23b.flv", null],
  ["/[vhost]/[app]/[stream].flv", "/a.com/live/s.flv", "a.com live s"],
  ["/[vhost]/[app]/[stream].flv", "/live/s.flv", null],
  ["/x/[app]/[app]/[stream].flv", "/x/live/live/s.flv", "- live s"],
  ["/x/[app]/[app]/[stream].flv", "/x/live/dead/s.flv", null],
  ["/x/[app]-[stream].flv", "/x/live-s.flv", "- live s"],
  ["/fixed/name.flv", "/fixed/name.flv", "- fixed name"],
  ["/fixed/na(me.flv", "/fixed/na(me.flv", "- fixed na(me"],
  ["h.com/[app]/[stream].flv", "/live/s.flv", "- live s"],
  ["other.com/[app]/[stream].flv", "/live/s.flv", null],
];

for (const [template, path, expected] of matches) {
  Deno.test(`matchMount: ${template} and ${path}`, () => {
    const found = matchMount(template, "h.com", path);
    assertEquals(found === null ? null : `${found.vhost ?? "-"} ${found.app} ${found.stream}`, expected);
  });
}

Deno.test("matchMount takes no time for a path made to take long", () => {
  const startMs = performance.now();
  for (const part of ["/a", "a/", "-", "/-/"]) matchMount("/x/[app]-[stream].flv", "h", `/x/${part.repeat(8000)}`);
  assert(performance.now() - startMs < 500);
});

Deno.test("mountExtension is what stands behind the last dot", () => {
  assertEquals([usual, "/a.b/c.mp3", "/a.b/c"].map(mountExtension), [".flv", ".mp3", ""]);
});

const config = configOf(`
  vhost __defaultVhost__ { http_remux { enabled on; } }
  vhost a.com { http_remux { enabled on; } }
  vhost off.com { enabled off; http_remux { enabled on; } }
  vhost no.com { }
  vhost ts.com { http_remux { enabled on; mount [vhost]/[app]/[stream].ts; } }
  vhost path.com { http_remux { enabled on; mount /flv/[vhost]/[app]/[stream].flv; } }
`);

function find(host: string, target: string, within = config): string | number | null {
  const found = findStream(within, readCall(requestOf(target, { host }), "1.2.3.4"));
  if (found instanceof Response) return found.status;
  return found === null ? null : `${found.url.vhost} ${found.url.key} ${found.url.query}`.trim();
}

const requests: [name: string, host: string, target: string, expected: string | number | null][] = [
  ["no vhost of that name", "h.com:8080", "/live/s.flv", "__defaultVhost__ /live/s"],
  ["an IPv6 host", "[::1]:8080", "/live/s.flv", "__defaultVhost__ /live/s"],
  ["the Host header", "a.com", "/live/s.flv", "a.com a.com/live/s"],
  ["?vhost=", "h.com", "/live/s.flv?vhost=a.com&x=1", "a.com a.com/live/s ?vhost=a.com&x=1"],
  ["?domain=", "h.com", "/live/s.flv?domain=a.com", "a.com a.com/live/s ?domain=a.com"],
  [
    "?vhost= before ?domain= before Host",
    "no.com",
    "/live/s.flv?domain=x&vhost=a.com",
    "a.com a.com/live/s ?domain=x&vhost=a.com",
  ],
  ["no Host at all", "", "/live/s.flv", "__defaultVhost__ /live/s"],
  ["a vhost that is off", "off.com", "/live/s.flv", null],
  ["a vhost without http_remux", "no.com", "/live/s.flv", null],
  ["a vhost with another format", "ts.com", "/live/s.flv", null],
  [
    "what is an app of two levels first of all",
    "h.com",
    "/flv/path.com/live/s.flv",
    "__defaultVhost__ /flv/path.com/live/s",
  ],
  ["a vhost in the path and the host", "path.com", "/flv/path.com/live/s.flv", "path.com path.com/live/s"],
  ["another format", "h.com", "/live/s.ts", null],
  ["a page", "h.com", "/index.html", null],
  ["a suffix within the name", "h.com", "/live/s.flv.flv", "__defaultVhost__ /live/s"],
  ["dots", "h.com", "/live/../s.flv", 400],
  ["encoded dots", "h.com", "/live/%2e%2e/s.flv", 400],
  ["a backslash", "h.com", "/live/a%5Cb.flv", 400],
  ["a control character", "h.com", "/live/a%1b[2Jb.flv", 400],
  ["line ends, which are blanks as in RTMP", "h.com", "/live/a%0d%0ab.flv", "__defaultVhost__ /live/ab"],
  ["NUL", "h.com", "/live/a%00.flv", 400],
  ["a long name", "h.com", `/live/${"a".repeat(600)}.flv`, 400],
];

for (const [name, host, target, expected] of requests) {
  Deno.test(`findStream: ${name}`, () => assertEquals(find(host, target), expected));
}

Deno.test("findStream finds a vhost by the path where no other takes it", () => {
  const others = configOf(
    "vhost a.com { } vhost p.com { http_remux { enabled on; mount /[vhost]/[app]/[stream].flv; } }",
  );
  assertEquals(find("h.com", "/p.com/live/s.flv", others), "p.com p.com/live/s");
  assertEquals(find("a.com", "/p.com/live/s.flv", others), "p.com p.com/live/s");
  assertEquals(find("p.com", "/a.com/live/s.flv", others), null);
});
