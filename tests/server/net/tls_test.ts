/** Servers that speak TLS with their clients and with each other. */
import { assertEquals, assertMatch } from "../../kit/assert.ts";
import { tlsPath, tlsText } from "../../kit/tls_files.ts";
import { AskingPeer, firstWord } from "../../kit/server/hooks_rig.ts";
import { FlvViewer, WebServer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, TestServer, tlsTest, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const files = `key ${tlsPath("server.key")}; cert ${tlsPath("server.crt")};`;
const trusts = `tls_ca_file ${tlsPath("authority.crt")};`;
const realTime = "min_latency on;";

/** A server that also listens with TLS. */
class SecureServer extends TestServer {
  readonly securePort: number;

  constructor(vhost = "", root = "") {
    const securePort = freePort();
    super(`${realTime} ${vhost}`, `rtmps { enabled on; listen 127.0.0.1:${securePort}; ${files} } ${root}`);
    this.securePort = securePort;
  }
}

function edgeOver(origin: string, root = trusts, directives = ""): TestServer {
  return new TestServer(`${realTime} cluster { mode remote; origin ${origin}; linger 300; ${directives} }`, root);
}

tlsTest("an edge pulls from an origin over rtmps, and gives it what is published", async () => {
  await using origin = new SecureServer();
  await using edge = edgeOver(`rtmps://localhost:${origin.securePort}`);
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(50);
  assertEquals(viewer.breaks, []);
  assertMatch(edge.server.pulls.states()[0]!.upstream, /^rtmps:\/\/localhost:\d+$/);
  assertEquals(origin.log.find("connect rtmps://").length, 1);

  using _other = await Publisher.start(edge.port, "from-the-edge");
  using player = await Viewer.start(origin.port, "from-the-edge");
  await player.waitForFrames(50);
  assertEquals(player.breaks, []);
  assertEquals(origin.log.find("connect rtmps://").length, 2);
});

tlsTest("an edge pulls from no origin whose authority it does not know, and says why", async () => {
  await using origin = new SecureServer();
  await using edge = edgeOver(`rtmps://localhost:${origin.securePort}`, "", "owner_timeout 500;");
  using _publisher = await Publisher.start(origin.port, "s");
  // It stays: nobody is asked for a player that has left.
  using peer = await AskingPeer.ask(edge.port, { kind: "play", name: "s" });
  assertMatch(await peer.firstWord(), /Play.Start$/);
  await until(
    "the log tells",
    () => edge.log.find("certificate rejected: its issuer is unknown").length > 0,
  );
  assertEquals(origin.holds.connections, 1, "the publisher");
});

tlsTest("token_traverse asks over rtmps", async () => {
  await using origin = new SecureServer("refer { enabled on; all good.com; }");
  await using edge = edgeOver(`rtmps://localhost:${origin.securePort}`, trusts, "token_traverse on;");
  const ask = (pageUrl: string) => firstWord(edge.port, { kind: "play", name: "s", pageUrl });
  assertMatch(await ask("http://bad.com/"), /refused by the origin: NetConnection.Connect.Rejected/);
  assertMatch(await ask("http://good.com/"), /Play.Start$/);
});

tlsTest("forward copies a stream over rtmps, but not to where it is", async () => {
  await using server = new SecureServer();
  const forward = `forward { enabled on; destination rtmps://localhost:${server.securePort}/other/; }`;
  await using origin = new TestServer(forward, trusts);
  using _publisher = await Publisher.start(origin.port, "s");
  await until("the copy is there", () => server.server.sources.find("/other/s")?.isActive === true);
  const securePort = freePort();
  await using loop = new TestServer(
    `forward { enabled on; destination rtmps://localhost:${securePort}/live/; }`,
    `rtmps { enabled on; listen 127.0.0.1:${securePort}; ${files} }`,
  );
  using _own = await Publisher.start(loop.port, "s");
  await until("the loop is seen", () => loop.log.find(", which is this server").length === 1);
});

tlsTest("an origin serves an edge over rtmps itself, as coworkers are known by their plain addresses", async () => {
  const [apiA, apiB] = [freePort(), freePort()];
  const http = (port: number) => `http_api { enabled on; listen 127.0.0.1:${port}; }`;
  const cluster = (port: number) => `cluster { origin_cluster on; coworkers 127.0.0.1:${port}; }`;
  await using a = new WebServer({ apiPort: apiA, vhost: `${realTime} ${cluster(apiB)}` });
  await using b = new SecureServer(cluster(apiA), http(apiB));
  using _publisher = await Publisher.start(a.port, "s");
  await using edge = edgeOver(`rtmps://localhost:${b.securePort}`);
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(30);
  assertEquals(b.log.find("redirect /live/s").length, 0);
  assertEquals(b.server.pulls.states().map(({ upstream }) => upstream), [`127.0.0.1:${a.port}`]);
});

tlsTest("an edge leaves TLS for no redirect", async () => {
  const [apiA, apiB] = [freePort(), freePort()];
  const http = (port: number) => `http_api { enabled on; listen 127.0.0.1:${port}; }`;
  const cluster = (port: number) => `cluster { origin_cluster on; redirect always; coworkers 127.0.0.1:${port}; }`;
  await using a = new WebServer({ apiPort: apiA, vhost: cluster(apiB) });
  await using b = new SecureServer(cluster(apiA), http(apiB));
  using _publisher = await Publisher.start(a.port, "s");
  await using edge = edgeOver(`rtmps://localhost:${b.securePort}`);
  using _viewer = await Viewer.start(edge.port, "s");
  await until("it refuses", () => edge.log.find("it leads from TLS to an unencrypted connection").length > 0);
  assertEquals(a.server.registry.totalClients, 1, "the publisher");
});

const client = Deno.createHttpClient({ caCerts: [tlsText("authority.crt")] });
globalThis.addEventListener("unload", () => client.close());

/** A server with API and streams over HTTP and HTTPS. */
class SecureWeb extends WebServer {
  readonly secureApi: number;
  readonly secureWeb: number;

  constructor({ vhost = "", root = "", apiPort = freePort() } = {}) {
    const [secureApi, secureWeb] = [freePort(), freePort()];
    const https = (port: number) => `https { enabled on; listen 127.0.0.1:${port}; ${files} }`;
    super({ vhost: `${realTime} ${vhost}`, root, apiPort, api: https(secureApi), http: https(secureWeb) });
    this.secureApi = secureApi;
    this.secureWeb = secureWeb;
  }

  secureUrl(path: string): string {
    return `https://localhost:${this.secureWeb}${path}`;
  }
}

tlsTest("API and streams are there over https", async () => {
  await using server = new SecureWeb();
  using _publisher = await Publisher.start(server.port, "s");
  const answer = await fetch(`https://localhost:${server.secureApi}/api/v1/versions`, { client });
  assertEquals([answer.status, (await answer.json()).code], [200, 0]);
  await using viewer = await FlvViewer.start(server.secureUrl("/live/s.flv"), { client });
  await viewer.waitForFrames(50);
  assertEquals([viewer.status, viewer.breaks, server.http.viewerCount], [200, [], 1]);
  assertEquals([server.http.securePort, server.http.secureWebPort], [server.secureApi, server.secureWeb]);
});

tlsTest("API and streams may share an https port, as they may share an http port", async () => {
  const [plain, secure] = [freePort(), freePort()];
  const https = `https { enabled on; listen 127.0.0.1:${secure}; ${files} }`;
  await using server = new WebServer({ apiPort: plain, webPort: plain, api: https, http: https });
  using _publisher = await Publisher.start(server.port, "s");
  const answer = await fetch(`https://localhost:${secure}/api/v1/versions`, { client });
  assertEquals((await answer.json()).code, 0);
  await using viewer = await FlvViewer.start(`https://localhost:${secure}/live/s.flv`, { client });
  await viewer.waitForFrames(10);
});

tlsTest("an edge pulls over HTTP-FLV with TLS: protocol flvs", async () => {
  await using origin = new SecureWeb();
  await using edge = edgeOver(`localhost:${origin.secureWeb}`, trusts, "protocol flvs;");
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(50);
  assertEquals(viewer.breaks, []);
  assertEquals(edge.server.pulls.states()[0]!.upstream, `https://localhost:${origin.secureWeb}`);
});

const browser = { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" } };

tlsTest("a viewer over https is sent to an owner with a name over https, and to no other", async () => {
  for (const advertised of ["localhost", "127.0.0.1"]) {
    const [apiA, apiB] = [freePort(), freePort()];
    const cluster = (port: number) => `cluster { origin_cluster on; coworkers 127.0.0.1:${port}; }`;
    await using a = new SecureWeb({ apiPort: apiA, vhost: cluster(apiB), root: `advertise ${advertised};` });
    await using b = new SecureWeb({ apiPort: apiB, vhost: cluster(apiA) });
    using _publisher = await Publisher.start(a.port, "s");
    const ask = (url: string) => fetch(`${url}?token=x`, { client, redirect: "manual", ...browser });
    const plain = await ask(b.url("/live/s.flv"));
    await plain.body?.cancel();
    assertEquals(plain.headers.get("location"), `http://${advertised}:${a.webPort}/live/s.flv?token=x`);
    if (advertised === "localhost") {
      const secure = await ask(b.secureUrl("/live/s.flv"));
      await secure.body?.cancel();
      assertEquals([secure.status, secure.headers.get("location")], [302, a.secureUrl("/live/s.flv?token=x")]);
    }
    const headers = { ...browser.headers, "x-forwarded-proto": "https" };
    await using behindProxy = await FlvViewer.start(b.url("/live/s.flv"), { headers, redirect: "manual" });
    assertEquals(behindProxy.status, advertised === "localhost" ? 302 : 200);
    await behindProxy[Symbol.asyncDispose]();
    await using viewer = await FlvViewer.start(b.secureUrl("/live/s.flv"), { client, ...browser });
    await viewer.waitForFrames(20);
    const viewers = advertised === "localhost" ? [1, 0] : [0, 1];
    await until("one viewer is left", () => a.http.viewerCount + b.http.viewerCount === 1);
    assertEquals([viewer.breaks, a.http.viewerCount, b.http.viewerCount], [[], ...viewers]);
  }
});

tlsTest("a hook is called over https", async () => {
  const asked: string[] = [];
  const { cert, key } = { cert: tlsText("server.crt"), key: tlsText("server.key") };
  const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
  await using hooks = Deno.serve(options, async (request) => {
    asked.push((await request.json()).action);
    return new Response("0");
  });
  const vhost = `http_hooks { enabled on; on_publish https://localhost:${hooks.addr.port}/; }`;
  await using server = new TestServer(vhost, trusts);
  using publisher = await Publisher.start(server.port, "s");
  assertEquals([asked, publisher.has("ready")], [["on_publish"], true]);
  await using other = new TestServer(vhost);
  using refused = await Publisher.start(other.port, "s");
  assertEquals([asked.length, refused.has("ready")], [1, false], "a certificate whose issuer is unknown");
});
