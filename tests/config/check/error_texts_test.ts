import { assertEquals } from "../../kit/assert.ts";
import { formatProblem, loadConfig, sourceLineOf } from "../../../src/config/mod.ts";

/** What a user sees for a file with many mistakes: everything at once, from top to bottom. */
const text = `lisen 1935;
listen localhost:1935;
chunk_size 10;
pid "abc;
vhost a {
  cluster {
    mode remot;
    coworker 127.0.0.1:9091;
    origin
       1.2.3.4
       b.com:99999;
    owner_timeout 5s;
  }
  mw_latency 300;
  play { gop_cache yes; enabled on }
  dash { enabled on; dash_foo 3; }
  http_hooks { on_forward http://x; }
  coworkers x;
  enabled on}
include nofile.conf;
http_api on;
vhost b
{
`;

const expected = `x.conf:1:1: unknown directive "lisen" at the top level; did you mean "listen"?
  lisen 1935;
  ^^^^^
x.conf:2:8: "listen": "localhost:1935" is not a port, ip:port or [ipv6]:port; write an IP address, not a host name
  listen localhost:1935;
         ^^^^^^^^^^^^^^
x.conf:3:12: warning: "chunk_size": "10" is below the minimum of 128 and counts as 128
  chunk_size 10;
             ^^
x.conf:4:5: the closing " is missing
  pid "abc;
      ^
x.conf:7:10: warning: "mode": "remot" is not one of "local", "remote" and counts as "local"; did you mean "remote"?
      mode remot;
           ^^^^^
x.conf:8:5: unknown directive "coworker" in vhost.cluster; did you mean "coworkers"?
      coworker 127.0.0.1:9091;
      ^^^^^^^^
x.conf:9:11: the line ends in the middle of "origin"; write the whole directive on one line
      origin
            ^
x.conf:11:8: "origin": "b.com:99999" is not host, host:port, [ipv6]:port or rtmps://host[:port]
         b.com:99999;
         ^^^^^^^^^^^
x.conf:12:19: warning: "owner_timeout": "5s" is not a whole number and counts as 5; write a whole number of milliseconds, without a unit
      owner_timeout 5s;
                    ^^
x.conf:14:3: warning: "mw_latency" is an old spelling; write play { mw_latency ...; }
    mw_latency 300;
    ^^^^^^^^^^
x.conf:15:20: warning: "gop_cache": "yes" is neither "on" nor "off" and counts as "on"
    play { gop_cache yes; enabled on }
                     ^^^
x.conf:15:25: unknown directive "enabled" in vhost.play; it belongs to vhost, vhost.security, vhost.refer and others
    play { gop_cache yes; enabled on }
                          ^^^^^^^
x.conf:15:36: ";" is missing after "enabled on"
    play { gop_cache yes; enabled on }
                                     ^
x.conf:16:3: warning: "vhost.dash" is not supported: this server has no DASH
    dash { enabled on; dash_foo 3; }
    ^^^^
x.conf:16:22: unknown directive "dash_foo" in vhost.dash
    dash { enabled on; dash_foo 3; }
                       ^^^^^^^^
x.conf:17:16: unknown directive "on_forward" in vhost.http_hooks; it is called "backend" in vhost.forward
    http_hooks { on_forward http://x; }
                 ^^^^^^^^^^
x.conf:18:3: unknown directive "coworkers" in vhost; it belongs to vhost.cluster
    coworkers x;
    ^^^^^^^^^
x.conf:19:13: "}" ends a block only after ";"; write "on; }"
    enabled on}
              ^
x.conf:20:9: cannot read "nofile.conf": no such file
  include nofile.conf;
          ^^^^^^^^^^^
x.conf:21:1: warning: "http_api" must be a block and is ignored; write "http_api { ... }"
  http_api on;
  ^^^^^^^^
x.conf:22:8: "{" must be on the same line as "vhost b"
  vhost b
         ^
x.conf:24:1: unexpected end of the file: the block "vhost" from line 22 is still open; add "}"
  
  ^`;

Deno.test("loadConfig reports every mistake of a file at once, each with its place and the likely remedy", () => {
  const readFile = () => {
    throw new Error("no such file");
  };
  const result = loadConfig({ path: "x.conf", text, readFile });
  const shown = result.problems.map((p) => formatProblem(p, { sourceLine: sourceLineOf(result, p) })).join("\n");
  assertEquals(shown, expected);
});
