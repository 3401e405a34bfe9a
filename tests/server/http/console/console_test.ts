import { requestOf } from "../../../kit/peers/http_request.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../kit/assert.ts";
import { readCall } from "../../../../src/http/call.ts";
import { consoleMount } from "../../../../src/http/console/mount.ts";
import { readPlayerQuery } from "../../../../src/http/console/page/player_query.js";
import { HttpServer } from "../../../../src/http/server.ts";
import { Server } from "../../../../src/server/server.ts";
import { apiOf, bodyOf, configOf, fakeClient, fakeServer, listLogger } from "../../../kit/peers/fake_server.ts";

const folder = new URL("../../../../src/http/console/page/", import.meta.url);

/** Asks a console that has no socket. */
async function ask(path: string, init: { method?: string; headers?: HeadersInit } = {}) {
  const mount = consoleMount();
  const request = requestOf(path, { method: init.method ?? "GET", headers: new Headers(init.headers) });
  const answer = await mount(readCall(request, "10.0.0.1"));
  if (answer === null) return null;
  assert(answer instanceof Response);
  return answer;
}

/** The same, where there must be an answer. */
async function get(...args: Parameters<typeof ask>): Promise<Response> {
  const answer = await ask(...args);
  assert(answer !== null);
  return answer;
}

async function filesOf(place: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(place, folder))) {
    if (isDirectory) found.push(...await filesOf(`${place}${name}/`));
    else found.push(`${place}${name}`);
  }
  return found;
}

const contentTypes: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

Deno.test("consoleMount serves every file of its folder, each as what it is", async () => {
  const names = (await filesOf("./")).map((name) => name.slice(2));
  assert(names.includes("vendor/mpegts.js"));
  for (const name of names.filter((name) => !name.endsWith(".md") && name !== "player.html")) {
    const answer = await get(`/console/${name}`);
    assertEquals(
      [name, answer.status, answer.headers.get("content-type")],
      [name, 200, contentTypes[name.split(".").at(-1)!]!],
    );
    assertEquals(new Uint8Array(await answer.arrayBuffer()), await Deno.readFile(new URL(name, folder)));
  }
});

Deno.test("the pages name only files that the console serves", async () => {
  for (const page of ["/console/", "/players/srs_player.html", "/player"]) {
    const text = await (await get(page)).text();
    const named = [...text.matchAll(/(?:src|href)="(\/(?:console|players)\/[^"?]*)/g)].map(([, path]) => path!);
    assert(named.length >= 3);
    for (const path of named) assertEquals([path, (await get(path)).status], [path, 200]);
  }
});

Deno.test("the modules import only files that the console serves", async () => {
  const modules = (await filesOf("./")).filter((name) => /^\.\/(?:columns\/)?[a-z_]+\.js$/.test(name));
  assert(modules.length > 20);
  for (const name of modules) {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [, imported] of text.matchAll(/from "(\.[^"]+)"/g)) {
      const { pathname } = new URL(imported!, `http://here/console/${name.slice(2)}`);
      assertEquals([imported, (await get(pathname)).status], [imported, 200]);
    }
    // The only ways by which text becomes markup or program.
    assert(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.test(text), name);
  }
});

Deno.test("pages may run no program but the server's own", async () => {
  for (const page of ["/console/", "/players/srs_player.html", "/player"]) {
    const answer = await get(page);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assertStringIncludes(policy, "default-src 'none'; script-src 'self'; style-src 'self'");
    assertEquals(/unsafe|\*|data:/.test(policy), false);
    const text = await answer.text();
    assertEquals(/<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=/i.test(text), false);
    assertEquals(/(?:src|href)="(?:https?:)?\/\//.test(text), false);
  }
});

const redirects = [
  ["/console", "/console/"],
  ["/console?a=b", "/console/?a=b"],
  ["/players", "/players/srs_player.html"],
  ["/players/?app=live", "/players/srs_player.html?app=live"],
  ["/player/?stream=s", "/player?stream=s"],
] as const;

for (const [path, target] of redirects) {
  Deno.test(`${path} is redirected to ${target}`, async () => {
    const answer = await get(path);
    assertEquals([answer.status, answer.headers.get("location")], [302, target]);
  });
}

const strangers = [
  "/console/../api.ts",
  "/console/..%2fapi.ts",
  "/console/%2e%2e/api.ts",
  "/console/vendor/../../api.ts",
  "/console//index.html",
  "/console/index.html/",
  "/console/vendor/",
  "/console/vendor/readme.md",
  "/console/\\..\\api.ts",
  "/console/__proto__",
  "/console/console.ts",
  "/players/other.html",
  "/consolex",
];

for (const path of strangers) {
  Deno.test(`${path} is not of the console`, async () => {
    assertEquals(await ask(path), null);
  });
}

Deno.test("the console answers HEAD without a body, other methods with 405, and 304 for what is known", async () => {
  const whole = await get("/console/console.css");
  const length = String((await whole.arrayBuffer()).byteLength);
  const head = await get("/console/console.css", { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length"), await head.text()], [200, length, ""]);
  const post = await get("/console/", { method: "POST" });
  assertEquals([post.status, post.headers.get("allow")], [405, "GET"]);
  const etag = whole.headers.get("etag") ?? "";
  assertMatch(etag, /^"[\da-f]{24}"$/);
  const same = await get("/console/console.css", { headers: { "if-none-match": etag } });
  assertEquals([same.status, await same.text()], [304, ""]);
  assertEquals((await get("/console/console.css", { headers: { "if-none-match": '"old"' } })).status, 200);
});

const playerQueries: [query: string, url: string, autostart?: boolean][] = [
  ["", "http://here:8080/live/livestream.flv"],
  ["?autostart=false", "http://here:8080/live/livestream.flv", false],
  [
    "?autostart=true&server=10.0.0.1&port=8081&app=a/b&stream=x.flv&schema=http&vhost=10.0.0.1",
    "http://10.0.0.1:8081/a/b/x.flv",
  ],
  ["?server=a.example&port=443&schema=https&stream=x", "https://a.example/live/x.flv"],
  ["?vhost=b.example&token=1%2F2", "http://here:8080/live/livestream.flv?vhost=b.example&token=1%2F2"],
  ["?stream=..%2F..%2Fapi&app=x%3Fy", "http://here:8080/x%3Fy/..%2F..%2Fapi.flv"],
  ["?url=http%3A%2F%2Fa%2Fb.flv", "http://a/b.flv"],
  ["?url=javascript:alert(1)", ""],
  ["?schema=javascript&server=a", "http://a:8080/live/livestream.flv"],
];

for (const [query, url, autostart = true] of playerQueries) {
  Deno.test(`srs_player.html${query} plays ${url || "nothing"}`, () => {
    assertEquals(readPlayerQuery(query, { hostname: "here" }), { url, autostart });
  });
}

const viewerQueries: [query: string, page: { protocol?: string; port?: string }, url: string][] = [
  ["", { port: "8080" }, "http://here:8080/live/livestream.flv"],
  ["?stream=cam1", { port: "9092" }, "http://here:9092/live/cam1.flv"],
  ["?stream=a/b/cam1&token=x", { port: "9092" }, "http://here:9092/a/b/cam1.flv?token=x"],
  ["?stream=sport/cam1", { protocol: "https:" }, "https://here/sport/cam1.flv"],
  ["?stream=..%2F..%2Fapi", {}, "http://here/live/livestream.flv"],
];

for (const [query, page, url] of viewerQueries) {
  Deno.test(`/player${query} plays ${url} from where the page is`, () => {
    const { url: read } = readPlayerQuery(query, { hostname: "here", pathname: "/player", ...page });
    if (query.includes("..")) assertEquals(new URL(read).hostname, "here");
    else assertEquals(read, url);
  });
}

Deno.test("/console/api/node tells role, coworkers and where HTTP-FLV is", async () => {
  const data = async (conf: string) =>
    (await bodyOf(apiOf(fakeServer(conf))("/console/api/node"))).data as Record<string, unknown>;
  const origin = await data(
    "http_server { enabled on; listen 8081; } vhost a.example { http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }" +
      " cluster { origin_cluster on; coworkers 10.0.0.2:1985; } }",
  );
  assertEquals([origin.role, origin.flv], ["origin", { port: 8081, https_port: null }]);
  assertEquals(origin.vhosts, [{
    name: "a.example",
    role: "origin",
    coworkers: ["10.0.0.2:1985"],
    flv_mount: "[vhost]/[app]/[stream].flv",
  }]);
  const edge = await data("vhost __defaultVhost__ { cluster { mode remote; origin 10.0.0.1:1935; } }");
  assertEquals([edge.role, edge.flv, (edge.vhosts as { flv_mount: unknown }[])[0]?.flv_mount], ["edge", null, null]);
});

Deno.test("/console/api/history tells the load of the last ten minutes, and no more", async () => {
  const server = fakeServer();
  const ask = async () => (await bodyOf(apiOf(server)("/console/api/history"))).data as Record<string, unknown>[];
  assertEquals(await ask(), []);
  server.registry.add(fakeClient("viewer00", "rtmp-play"));
  server.registry.add(fakeClient("edge0000", "rtmp-play", { server: "abcd1234" }));
  for (let i = 0; i < 200; i++) {
    server.nowMs += 5000;
    server.chronicle.sample();
  }
  const samples = await ask();
  assertEquals([samples.length, samples.at(-1)], [
    120,
    { at_ms: server.nowMs, streams: 0, viewers: 1, recv_kbps: 0, send_kbps: 0 },
  ]);
  assertEquals(samples[0]!.at_ms, server.nowMs - 119 * 5000);
});

Deno.test({
  name: "a real server serves the console to anybody, and what is below /api/ to those who know the password",
  async fn() {
    const config = configOf(
      "http_api { enabled on; auth { enabled on; username admin; password secret; } } vhost v {}",
    );
    const free = { host: "127.0.0.1", port: 0, text: "0" };
    const server = new Server(
      { ...config, listen: [free], httpApi: { ...config.httpApi, listen: free } },
      listLogger([], ""),
    );
    server.start();
    const http = new HttpServer(server);
    http.start();
    try {
      const base = `http://127.0.0.1:${http.port}`;
      const page = await fetch(`${base}/console`);
      assertEquals([page.status, page.url, page.headers.get("x-content-type-options")], [
        200,
        `${base}/console/`,
        "nosniff",
      ]);
      assertStringIncludes(await page.text(), "<title>srs-ts console</title>");
      const library = await fetch(`${base}/console/vendor/mpegts.js`);
      assertEquals((await library.arrayBuffer()).byteLength, 275_488);
      for (const path of ["node", "history", "list/streams", "list/clients?server=x"]) {
        const refused = await fetch(`${base}/console/api/${path}`);
        assertEquals([refused.status, await refused.text()], [401, ""]);
      }
      const headers = { authorization: `Basic ${btoa("admin:secret")}` };
      assertEquals((await (await fetch(`${base}/console/api/node`, { headers })).json()).code, 0);
      const unknown = await fetch(`${base}/console/nothing`);
      assertEquals([unknown.status, (await unknown.json()).code], [404, 404]);
    } finally {
      await http.stop();
      await server.stop();
    }
  },
});
