import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { apiOf, bodyOf, fakeClient, fakeServer } from "../../../kit/peers/fake_server.ts";

const vhost = "vhost __defaultVhost__ {}";
const guarded = `http_api { enabled on; auth { enabled on; username admin; password pw; } } ${vhost}`;
const named = `http_api { enabled on; auth { enabled on; username admin; password pw; }
  allow_origin http://192.168.1.2:8080; } ${vhost}`;
const signedIn = { authorization: `Basic ${btoa("admin:pw")}` };
const own = "http://127.0.0.1:1985";
const evil = "http://evil.example";

Deno.test("callback= answers with a script that calls the function, as SRS's console wants it", async () => {
  const ask = apiOf(fakeServer());
  const answer = await ask("/api/v1/versions?callback=angular.callbacks._0");
  assertEquals([answer.status, answer.headers.get("content-type")], [200, "text/javascript"]);
  assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
  const plain = await (await ask("/api/v1/versions")).text();
  assertEquals(await answer.text(), `angular.callbacks._0(${plain})`);
  assertEquals((await ask("/api/v1/versions?callback=")).headers.get("content-type"), "application/json");
  const missing = await ask("/api/v1/nothing?callback=f");
  assertEquals([missing.status, missing.headers.get("content-type")], [404, "application/json"]);
});

for (const name of ["alert(1);//", "a[0]", "a b", "$", "<script>", "\u2028", "x".repeat(129)]) {
  Deno.test(`callback=${JSON.stringify(name).slice(0, 20)} is refused, and nothing is done`, async () => {
    const server = fakeServer();
    let kicks = 0;
    server.registry.add(fakeClient("c1", "rtmp-play", { onKick: () => void kicks++ }));
    const headers = { origin: own };
    const path = `/api/v1/clients/c1?method=DELETE&callback=${encodeURIComponent(name)}`;
    const answer = await apiOf(server)(path, { headers });
    assertEquals([answer.status, answer.headers.get("content-type")], [400, "application/json"]);
    await answer.body?.cancel();
    assertEquals(kicks, 0);
  });
}

Deno.test("a script holds no line ends that JSON may hold", async () => {
  const server = fakeServer();
  server.registry.add(fakeClient("c1", "rtmp-play", { stream: "a\u2028b\u2029" }));
  const text = await (await apiOf(server)("/api/v1/clients/?callback=f")).text();
  assertMatch(text, /a\\u2028b\\u2029/);
});

interface Reader {
  conf?: string;
  headers?: Record<string, string>;
  status: number;
}

/** What browsers send with `<script src>`: a Referer unless the page forbids it, Fetch metadata over https, no Origin. */
const readers: [string, Reader][] = [
  ["any page where there is no password", { headers: { referer: `${evil}/` }, status: 200 }],
  ["a page of another site with the visitor's password", {
    conf: guarded,
    headers: { ...signedIn, referer: `${evil}/` },
    status: 403,
  }],
  ["one that hides itself", { conf: guarded, headers: { ...signedIn }, status: 403 }],
  ["one that hides itself, in a new browser", {
    conf: guarded,
    headers: { ...signedIn, "sec-fetch-site": "cross-site" },
    status: 403,
  }],
  ["a page of another port of this machine", {
    conf: guarded,
    headers: { ...signedIn, referer: "http://127.0.0.1:8080/" },
    status: 403,
  }],
  ["a link of a mail", { conf: guarded, headers: { ...signedIn, "sec-fetch-site": "none" }, status: 403 }],
  ["this server's own page", { conf: guarded, headers: { ...signedIn, referer: `${own}/console/` }, status: 200 }],
  ["its own page, in a new browser", {
    conf: guarded,
    headers: { ...signedIn, "sec-fetch-site": "same-origin" },
    status: 200,
  }],
  ["its own page without the password", { conf: guarded, headers: { referer: `${own}/console/` }, status: 401 }],
  ["a page that allow_origin names", {
    conf: named,
    headers: { ...signedIn, referer: "http://192.168.1.2:8080/console/" },
    status: 200,
  }],
  ["a page that it does not name", { conf: named, headers: { ...signedIn, referer: `${evil}/` }, status: 403 }],
  ["any page with crossdomain off", {
    conf: `http_server { crossdomain off; } ${vhost}`,
    headers: { referer: `${evil}/` },
    status: 403,
  }],
];

for (const [who, { conf = vhost, headers = {}, status }] of readers) {
  Deno.test(`JSONP: ${who} gets ${status}`, async () => {
    const answer = await apiOf(fakeServer(conf))("/api/v1/versions?callback=f", { headers });
    await answer.body?.cancel();
    assertEquals(answer.status, status);
  });
}

const kickers: [string, Record<string, string>, kicks: number, remoteIp?: string][] = [
  ["a page of another site", { referer: `${evil}/` }, 0],
  ["a page of another site that hides itself", {}, 0],
  ["one in a new browser", { "sec-fetch-site": "cross-site" }, 0],
  ["a link", { "sec-fetch-site": "none" }, 0],
  ["a page of another site, on this machine", { referer: `${evil}/` }, 0, "127.0.0.1"],
  ["this server's own page", { referer: `${own}/console/` }, 1],
  ["its own page, in a new browser", { "sec-fetch-site": "same-origin" }, 1],
];

for (const [who, headers, wanted, remoteIp = "10.0.0.1"] of kickers) {
  Deno.test(`JSONP: ${who} kicks ${wanted} clients by method=DELETE`, async () => {
    const server = fakeServer();
    let kicks = 0;
    server.registry.add(fakeClient("c1", "rtmp-play", { onKick: () => void kicks++ }));
    const answer = await apiOf(server, { remoteIp })("/api/v1/clients/c1?callback=f&method=DELETE", { headers });
    assertEquals(answer.status, wanted === 0 ? 403 : 200);
    await answer.body?.cancel();
    assertEquals(kicks, wanted);
  });
}

Deno.test("JSONP: a coworker's kick is not another call by method=", async () => {
  const server = fakeServer(
    `http_api { enabled on; listen 1985; auth { enabled on; username u; password p; } }
     vhost __defaultVhost__ { cluster { origin_cluster on; coworkers a:1; coworker_token s3cret; } }`,
  );
  server.registry.add(fakeClient("c1", "rtmp-play"));
  const headers = { "x-coworker-token": "s3cret", origin: own };
  const kick = (query: string) => apiOf(server)(`/api/v1/clients/c1${query}`, { method: "DELETE", headers });
  for (const [query, wanted] of [["?callback=f&method=GET", 401], ["?callback=f", 401], ["", 200]] as const) {
    const answer = await kick(query);
    await answer.body?.cancel();
    assertEquals(answer.status, wanted, query);
  }
});

Deno.test("JSONP: method= counts with callback= only", async () => {
  const server = fakeServer();
  let kicks = 0;
  server.registry.add(fakeClient("c1", "rtmp-play", { onKick: () => void kicks++ }));
  assertEquals((await bodyOf(apiOf(server)("/api/v1/clients/c1?method=DELETE"))).code, 0);
  assertEquals(kicks, 0);
});
