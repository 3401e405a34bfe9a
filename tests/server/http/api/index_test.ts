import { assert, assertEquals } from "../../../kit/assert.ts";
import { apiRoutes } from "../../../../src/http/api/routes.ts";
import { VERSION } from "../../../../src/base/version.ts";
import { apiOf, bodyOf, fakeServer } from "../../../kit/peers/fake_server.ts";

const common = { code: 0, server: "vid-0server", service: "service0", pid: "4711" };

Deno.test("the index pages list what lies below them, in the members of SRS", async () => {
  const ask = apiOf(fakeServer());
  const root = await bodyOf(ask("/"));
  assertEquals(root, { ...common, urls: root.urls });
  assertEquals(Object.keys(root.urls as object), ["api", "healthz", "readyz", "metrics", "rtc"]);
  const api = await bodyOf(ask("/api/"));
  assertEquals(api, { ...common, urls: { v1: "version 1 of the API" } });
  const v1 = await bodyOf(ask("/api/v1/"));
  assertEquals(v1, { ...common, urls: v1.urls, tests: v1.tests });
  // SRS's names, and our `cluster`, `drain`, `edges` and `node`.
  assertEquals(
    Object.keys(v1.urls as object).sort(),
    ("authors clients cluster clusters drain edges features forwards meminfos node openapi.json perf raw recordings requests rusages self_proc_stats " +
      "streams summaries system_proc_stats tcmalloc versions vhosts").split(" "),
  );
  assertEquals(Object.keys(v1.tests as object).sort(), ["[vhost]", "errors", "redirects", "requests"]);
  const texts = Object.values({ ...v1.urls as object, ...v1.tests as object });
  assert(texts.every((text) => typeof text === "string" && text.length > 10));
});

const readable = apiRoutes.filter(({ methods }) => methods === "any" || methods.includes("GET"));

Deno.test("/api/v1/drain begins a graceful stop, only by POST", async () => {
  let drained = 0;
  const ask = apiOf(fakeServer(), { drain: () => void drained++, remoteIp: "127.0.0.1" });
  assertEquals((await bodyOf(ask("/api/v1/drain"))).code, 405);
  assertEquals(drained, 0);
  assertEquals((await bodyOf(ask("/api/v1/drain", { method: "POST" }))).code, 0);
  assertEquals(drained, 1);
});

for (const { path } of readable) {
  Deno.test(`${path} answers GET with JSON or a redirect, and HEAD like GET`, async () => {
    const ask = apiOf(fakeServer());
    const place = path.replace("[id]", "");
    const answer = await ask(place);
    const isRedirect = path.endsWith("/redirects");
    assertEquals(answer.status, isRedirect ? 301 : path === "/metrics" ? 404 : 200);
    if (!isRedirect) {
      assertEquals(answer.headers.get("content-type"), "application/json");
      const body = await bodyOf(answer);
      assertEquals(
        typeof (path.endsWith("/openapi.json") ? body.openapi : body.code),
        path.endsWith(".json") ? "string" : "number",
      );
    } else await answer.body?.cancel();
    const head = await ask(place, { method: "HEAD" });
    assertEquals([head.status, head.headers.get("content-type")], [answer.status, answer.headers.get("content-type")]);
  });
}

Deno.test("the table of routes has every path once", () => {
  assertEquals(new Set(apiRoutes.map(({ path }) => path)).size, apiRoutes.length);
});

const strangers = [
  "/api/v1/nothing",
  "/api/v1/perf",
  "/api/v1/tcmalloc",
  "/api/v1/versions/",
  "/api/v1/../v1/versions/x",
  "/api/v1//versions",
  "/API/v1/versions",
  "/api/v1/%76ersions",
  "/rtc/v1/play/",
  "/favicon.ico",
];

for (const path of strangers) {
  Deno.test(`${path} is a 404 in JSON, where SRS shows an index`, async () => {
    const answer = await apiOf(fakeServer())(path);
    assertEquals([answer.status, answer.headers.get("content-type")], [404, "application/json"]);
    assertEquals((await bodyOf(answer)).code, 404);
  });
}

Deno.test("a POST without the slash at the end stays one where it is redirected to", async () => {
  const answer = await apiOf(fakeServer())("/api/v1/forwards?app=live", { method: "POST" });
  assertEquals([answer.status, answer.headers.get("location")], [307, "/api/v1/forwards/?app=live"]);
  await answer.body?.cancel();
});

const unslashed = ["/api", "/api/v1", "/api/v1/vhosts", "/api/v1/streams", "/api/v1/clients"];

for (const path of unslashed) {
  Deno.test(`${path} is redirected to itself with a slash`, async () => {
    const ask = apiOf(fakeServer());
    const plain = await ask(path);
    assertEquals([plain.status, plain.headers.get("location")], [302, `${path}/`]);
    assertEquals(plain.headers.get("content-type"), "text/plain; charset=utf-8");
    await plain.body?.cancel();
    const { headers } = await ask(`${path}?start=1&x=%20%C3%BC`);
    assertEquals(headers.get("location"), `${path}/?start=1&x=%20%C3%BC`);
  });
}

Deno.test("vhosts, streams and clients refuse other methods with 405", async () => {
  const ask = apiOf(fakeServer());
  for (
    const [path, method, allow] of [
      ["/api/v1/vhosts/", "DELETE", "GET"],
      ["/api/v1/streams/vid-1", "POST", "GET"],
      ["/api/v1/clients/abc", "PUT", "GET, DELETE"],
    ] as const
  ) {
    const answer = await ask(path, { method });
    assertEquals([answer.status, answer.headers.get("allow")], [405, allow]);
    assertEquals((await bodyOf(answer)).code, 405);
  }
});

Deno.test("/api/v1/versions tells the version in numbers and as text", async () => {
  const [major, minor, revision] = VERSION.split(".").map(Number);
  assertEquals(await bodyOf(apiOf(fakeServer())("/api/v1/versions")), {
    ...common,
    data: { major, minor, revision, version: VERSION },
  });
});

Deno.test("/api/v1/authors tells the license and where the authors are", async () => {
  const { data } = await bodyOf(apiOf(fakeServer())("/api/v1/authors"));
  assertEquals(Object.keys(data as object), ["license", "contributors"]);
  assertEquals((data as { license: string }).license, "MIT");
});

Deno.test("/api/v1/features has SRS's switches", async () => {
  const { data } = await bodyOf(apiOf(fakeServer())("/api/v1/features"));
  const { features, ...build } = data as { features: Record<string, boolean> };
  assertEquals(Object.keys(build), ["options", "options2", "build", "build2"]);
  assertEquals(
    Object.keys(features).join(" "),
    "ssl hls hds callback api httpd dvr transcode ingest stat caster complex_send tcp_nodelay so_sendbuf mr",
  );
  assert(Object.values(features).every((value) => typeof value === "boolean"));
  assertEquals([features["ssl"], features["callback"], features["httpd"]], [false, true, false]);
  const ask = apiOf(fakeServer("http_server { enabled on; } http_api { enabled on; https { enabled on; } }"));
  const on = (await bodyOf(ask("/api/v1/features"))).data as { features: Record<string, boolean> };
  assertEquals([on.features["ssl"], on.features["httpd"]], [true, true]);
});

Deno.test("/api/v1/tests/requests shows the request without its secrets", async () => {
  const answer = apiOf(fakeServer())("/api/v1/tests/requests?a=b", {
    method: "POST",
    headers: { "x-test": "1", authorization: "Basic abc", cookie: "secret" },
  });
  const { data } = await bodyOf(answer) as { data: Record<string, Record<string, unknown>> };
  const { uri, path, METHOD: method, headers, server } = data;
  assertEquals([uri as unknown, path, method], [
    "http://127.0.0.1:1985/api/v1/tests/requests?a=b",
    "/api/v1/tests/requests",
    "POST",
  ]);
  assertEquals(headers, { "x-test": "1" });
  assertEquals(Object.keys(server ?? {}), ["sigature", "version", "link", "time"]);
});

Deno.test("/api/v1/tests/errors is error 100, redirects leads there, /metrics is off", async () => {
  const ask = apiOf(fakeServer());
  assertEquals((await bodyOf(ask("/api/v1/tests/errors"))).code, 100);
  const redirect = await ask("/api/v1/tests/redirects");
  assertEquals([redirect.status, redirect.headers.get("location")], [301, "/api/v1/tests/errors"]);
  const off = await ask("/metrics");
  assertEquals([off.status, await bodyOf(off)], [404, {
    code: 1090,
    message: 'metrics are off; "exporter { enabled on; }" turns them on',
  }]);
});
