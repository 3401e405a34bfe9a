import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { withoutComments } from "./source_files.ts";

/** What is known to be done to servers of this kind, and the test that tries it here: file, and part of its text. */
const attacks: [attack: string, file: string, test: string][] = [
  ["path traversal in HTTP", "server/http/live/flv_conn_test.ts", "no path leads out of http_server.dir"],
  ["path traversal in HTTP, any path", "fuzz/http_fuzz_test.ts", "whatever a path says, what it means is below"],
  ["path traversal by links", "unit/http/files/static_files_test.ts", "symlink"],
  ["path traversal in names of streams", "server/rtmp/hostile_test.ts", "a name with ../"],
  ["path traversal in names of streams, any name", "fuzz/url_fuzz_test.ts", "what it accepts is safe"],
  ["SSRF by RTMP 302", "unit/upstream/redirect_trust_test.ts", "mayLeadTo() lets ${who} lead to"],
  [
    "SSRF by RTMP 302: circles and chains",
    "server/upstream/hostile_test.ts",
    "Edge ends redirects that lead in circles",
  ],
  ["SSRF by HTTP 302", "server/upstream/flv_hostile_test.ts", "http://169.254.169.254/latest/meta-data/"],
  [
    "SSRF by HTTP 302: circles, other schemes",
    "server/upstream/flv_hostile_test.ts",
    "an edge ends redirects that lead in circles",
  ],
  [
    "SSRF by an answer about owners",
    "unit/upstream/target_test.ts",
    "keeps a coworker from naming this machine",
  ],
  ["SSRF by a redirect of a coworker", "unit/cluster/mesh/coworker_question_test.ts", "no redirects"],
  ["SSRF by a hook", "server/hooks/hostile_test.ts", "a hook cannot send the server elsewhere"],
  ["SSRF by a backend of forward", "server/upstream/forward_test.ts", "gopher://"],
  ["forged parameters in the question to coworkers", "unit/cluster/mesh/coworker_question_test.ts", "a b&app=x"],
  ["header injection by a name", "server/http/live/flv_conn_test.ts", "a name cannot bring headers into a redirect"],
  ["header injection by a value", "fuzz/http_fuzz_test.ts", "a response's head has one line for each header"],
  ["header injection by an owner", "unit/cluster/mesh/coworker_question_test.ts", "would forge a redirect"],
  [
    "header injection into a pull",
    "server/upstream/flv_hostile_test.ts",
    "cannot leave its place in the request of an edge",
  ],
  ["header injection into hooks", "server/hooks/hostile_test.ts", "stays inside the JSON"],
  ["request smuggling", "unit/http1/request_head_test.ts", "Transfer-Encoding"],
  ["bodies that look like requests", "server/http/live/flv_conn_test.ts", "looks like a request"],
  ["log injection by any client", "server/rtmp/attack_test.ts", "ends a line of the log"],
  ["log injection by a hook", "unit/server/hooks/answer_test.ts", "u001b[31m"],
  ["label injection into metrics", "unit/http/metrics/metrics_test.ts", "hostile stream names as one label each"],
  ["labels without number", "unit/http/metrics/metrics_test.ts", "keeps labels for the 200 streams"],
  ["script by JSONP: names of functions", "server/http/api/jsonp_test.ts", "is refused, and nothing is done"],
  ["script by JSONP: pages of others", "server/http/api/jsonp_test.ts", "kicks ${wanted} clients by method=DELETE"],
  ["script by an answer taken for a page", "unit/http/router_test.ts", "forbids guessing the type"],
  ["script by a hook's words", "server/rtmp/attack_test.ts", "text in JSON, and no page"],
  ["script in the console", "server/http/console/console_test.ts", "pages may run no program but the server's own"],
  ["oversized head of a request", "unit/http1/request_head_test.ts", "HeadBuffer bounds what it keeps"],
  ["oversized body of a request", "server/http/live/flv_conn_test.ts", "3 MB"],
  ["oversized answer of a coworker", "unit/cluster/mesh/coworker_question_test.ts", "a body without end"],
  ["oversized answer of a hook", "server/hooks/hostile_test.ts", "answers without bound"],
  ["oversized head of an upstream", "wire/flv_response_test.ts", "FlvResponse bounds the head"],
  ["negative chunk of an upstream", "server/upstream/flv_hostile_test.ts", "a chunk of a negative size"],
  ["oversized commands", "server/rtmp/hostile_test.ts", "a command of 2 MB"],
  ["oversized names", "server/rtmp/hostile_test.ts", "a name of 5000 characters"],
  ["message length as a memory bomb", "server/rtmp/hostile_test.ts", "50 messages of 16 MB, each of them begun"],
  ["messages announced and never sent", "wire/chunk_limits_test.ts", "16 MB announced and never sent"],
  ["a length that changes within a message", "wire/chunk_limits_test.ts", "turns into a command in the middle"],
  ["chunk streams without number", "server/rtmp/hostile_test.ts", "60,000 chunk streams"],
  ["chunk size 0", "server/rtmp/hostile_test.ts", "a chunk size of 0"],
  ["nested AMF", "server/rtmp/hostile_test.ts", "nested AMF"],
  ["AMF references that multiply", "unit/amf/amf0_test.ts", "references cannot multiply"],
  ["AMF class names", "unit/amf/amf0_test.ts", "no instance of it"],
  ["__proto__ in AMF", "unit/amf/amf0_test.ts", "objects have no prototype"],
  ["__proto__ as a name or parameter", "server/rtmp/attack_test.ts", "named like the members of every object"],
  ["__proto__ in parameters of HTTP", "unit/http/query_test.ts", "__proto__"],
  ["__proto__ in headers", "unit/http1/request_head_test.ts", "__proto__"],
  ["__proto__ in answers of hooks", "unit/server/hooks/answer_test.ts", "no answer changes what objects inherit"],
  ["__proto__ in answers of coworkers", "unit/cluster/mesh/coworker_question_test.ts", "__proto__"],
  ["__proto__ in configurations", "fuzz/config_fuzz_test.ts", "__proto__"],
  ["slow handshakes", "server/rtmp/hostile_test.ts", "gives nobody more than client_timeout"],
  ["slow requests", "server/http/live/flv_conn_test.ts", "a request must be whole in time"],
  ["connections that hold places", "server/http/live/limits_test.ts", "ask for nothing give way"],
  ["slow bodies of hooks", "server/hooks/hostile_test.ts", "never ends its answer"],
  ["slow bodies of coworkers", "unit/cluster/mesh/coworker_question_test.ts", "a body that stalls"],
  ["slow heads of an upstream", "server/upstream/flv_hostile_test.ts", "is slow to say anything at all"],
  ["viewers that do not read", "server/http/live/flv_test.ts", "a viewer that does not read jumps"],
  ["clients that ask and do not read", "server/rtmp/flood_test.ts", "asks and never reads the answers"],
  ["pings that are not read", "server/http/live/websocket_test.ts", "a thousand pings of a client that reads nothing"],
  ["too many connections", "server/http/live/limits_test.ts", "counts publishers, RTMP players and viewers"],
  ["too many connections of one address", "server/http/live/limits_test.ts", "max_connections_per_ip"],
  ["too many connections a second", "server/http/live/limits_test.ts", "connect_rate_per_ip"],
  ["a flood while a hook is silent", "server/hooks/hostile_test.ts", "floods the server while its hook is silent"],
  ["guessed passwords", "unit/http/access/basic_auth_test.ts", "isAuthorized"],
  ["guessed signatures", "unit/server/access/signed_url_test.ts", "tells nothing of the right one"],
  ["guessed tokens of coworkers", "server/cluster/token_test.ts", "the beginning of the token"],
  ["secrets in the log", "server/hooks/hostile_test.ts", "its secrets stay out of the log"],
  [
    "pages of others that open a WebSocket",
    "server/http/live/websocket_test.ts",
    "pages of other hosts get no WebSocket",
  ],
  ["pulls that go round in circles", "server/upstream/flv_test.ts", "edges that list each other refuse"],
  ["patterns made to be slow", "unit/rtmp/url_test.ts", "addresses made to be slow"],
  ["a crash by any message", "fuzz/session_fuzz_test.ts", "random sequences of messages"],
  ["a crash by any request", "fuzz/http_fuzz_test.ts", "requests, damaged and cut anywhere"],
  ["a crash by any answer", "fuzz/flv_response_fuzz_test.ts", "answers, damaged and cut anywhere"],
];

/** Ways to leave a test out, or all others. */
const leftOut =
  /\bignore\s*:(?!\s*Deno\.build\.os === "windows")|\.ignore\(|\bonly\s*:\s*true|\.only\(|\binteropTest\(/;

Deno.test("every attack that is known has its test, and none of them is left out", async () => {
  for (const [attack, file, test] of attacks) {
    const code = withoutComments(await Deno.readTextFile(new URL(`../${file}`, import.meta.url)));
    assertStringIncludes(code, test, attack);
    assertEquals(leftOut.exec(code), null, `${attack}: tests of ${file} may be left out`);
  }
  assertEquals(new Set(attacks.map(([attack]) => attack)).size, attacks.length);
});

Deno.test("a test that is left out is seen", () => {
  const calls = ["Deno.test({ name, ignore: true, fn })", 'Deno.test.ignore("x", fn)', 'Deno.test.only("x", fn)'];
  assertEquals(calls.filter((code) => !leftOut.test(code)), []);
  assertEquals(leftOut.test('Deno.test({ name, ignore: Deno.build.os === "windows", fn })'), false);
});
