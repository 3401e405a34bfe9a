/** Certificates, and TLS itself, that change while the server runs. */
import { HttpServer } from "../../../src/http/server.ts";
import type { ReloadPart } from "../../../src/server/reload/reload_part.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { shownName, tlsPath, tlsText } from "../../kit/tls_files.ts";
import { isListening } from "../../kit/launcher.ts";
import { ReloadRig, type RigFile } from "../../kit/server/reload_rig.ts";
import { freePort, Publisher, TestServer, tlsTest, until, Viewer } from "../../kit/server/rtmp_rig.ts";

/** Files of a certificate and its key that a test can change. */
class Files implements Disposable {
  readonly #dir = Deno.makeTempDirSync();
  readonly directives = `key ${this.#dir}/server.key; cert ${this.#dir}/server.crt;`;

  constructor() {
    this.write("server");
  }

  /** Puts a certificate there, and the key that belongs to it. */
  write(name: "server" | "other_name", key = tlsText("server.key")): void {
    Deno.writeTextFileSync(`${this.#dir}/server.crt`, tlsText(`${name}.crt`));
    Deno.writeTextFileSync(`${this.#dir}/server.key`, key);
  }

  /** Puts a certificate there that cannot be used. */
  damage(): void {
    Deno.writeTextFileSync(`${this.#dir}/server.crt`, tlsText("v1.crt"));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#dir, { recursive: true });
  }
}

tlsTest("a reload takes a new certificate; who plays over TLS plays on", async () => {
  using files = new Files();
  const port = freePort();
  const file: RigFile = {
    root: `rtmps { enabled on; listen 127.0.0.1:${port}; ${files.directives} }`,
    vhost: "min_latency on;",
  };
  await using rig = new ReloadRig(file);
  const origin = `cluster { mode remote; origin rtmps://localhost:${port}; }`;
  await using edge = new TestServer(`min_latency on; ${origin}`, `tls_ca_file ${tlsPath("authority.crt")};`);
  using _publisher = await Publisher.start(rig.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(20);
  assertEquals(await shownName(port), "server");

  files.write("other_name");
  assertEquals(await rig.reload(file), ["info nothing has changed"]);
  assertEquals(rig.log.find("rtmps: certificate replaced").length, 1);
  assertEquals(await shownName(port), "other_name");
  await viewer.waitForFrames(50);
  assertEquals(viewer.breaks, []);
  assertEquals(edge.server.pulls.states()[0]?.switches, 0);
  assertEquals(rig.server.registry.totalClients, 2, "the publisher and one pull");

  await rig.reload(file);
  assertEquals(rig.log.find("rtmps: certificate replaced").length, 1, "not without need");
});

tlsTest("a reload refuses a certificate that is of no use, and changes nothing", async () => {
  using files = new Files();
  const port = freePort();
  const other = freePort();
  const file = (port: number) => ({ root: `rtmps { enabled on; listen 127.0.0.1:${port}; ${files.directives} }` });
  await using rig = new ReloadRig(file(port));
  files.write("other_name", tlsText("renewed.key"));
  await rig.reload({ ...file(other), ports: [freePort()] });
  assertMatch(rig.reloader.report.msg, /rtmps.key: the key .* does not belong to the certificate/);
  assertEquals([await shownName(port), rig.server.rtmp.ports], ["server", [rig.port]]);
  files.write("other_name");
  await rig.reload(file(port));
  assertEquals(await shownName(port), "other_name");
});

tlsTest(
  "a certificate of no use keeps TLS ports closed and nothing else, until a reload finds a better one",
  async () => {
    using files = new Files();
    files.damage();
    const [rtmps, plainApi, api, web] = [freePort(), freePort(), freePort(), freePort()];
    const root = `rtmps { enabled on; listen 127.0.0.1:${rtmps}; ${files.directives} }
    http_api { enabled on; listen 127.0.0.1:${plainApi}; https { enabled on; listen 127.0.0.1:${api}; ${files.directives} } }
    http_server { enabled on; listen 127.0.0.1:${freePort()};
      https { enabled on; listen 127.0.0.1:${web}; ${files.directives} } }`;
    const parts: ReloadPart[] = [];
    await using rig = new ReloadRig({ root }, parts);
    const http = new HttpServer(rig.server);
    await using _stop = { [Symbol.asyncDispose]: () => http.stop() };
    http.start();
    parts.push(...http.certificates);
    using _publisher = await Publisher.start(rig.port, "s");
    assert(await isListening(plainApi));
    assertEquals(rig.log.find("error").length, 3, "one line for each");
    assertEquals(rig.log.find("http_api.https.cert: the certificate").length, 1);
    for (const port of [rtmps, api, web]) assert(isFree(port));

    await rig.reload({ root, vhosts: "vhost a.com { }" });
    assertEquals(rig.server.config.vhosts.length, 2, "other changes are taken");
    for (const port of [rtmps, api, web]) assert(isFree(port));
    files.write("server");
    await rig.reload({ root, vhosts: "vhost a.com { }" });
    for (const port of [rtmps, api, web]) assertEquals(await shownName(port), "server");
  },
);

tlsTest("a reload turns rtmps on, moves it and turns it off", async () => {
  const [first, second] = [freePort(), freePort()];
  const pair = `key ${tlsPath("server.key")}; cert ${tlsPath("server.crt")};`;
  const at = (port: number) => ({ root: `rtmps { enabled on; listen 127.0.0.1:${port}; ${pair} }` });
  await using rig = new ReloadRig();
  assert((await rig.reload(at(first))).includes("info applied: rtmps.enabled"));
  assertEquals([await shownName(first), rig.server.rtmp.secure.ports], ["server", [first]]);
  assertEquals(await rig.reload(at(second)), ["info applied: rtmps.listen"]);
  assertEquals([await shownName(second), rig.server.rtmp.secure.ports], ["server", [second]]);
  await rig.reload({});
  assertEquals(rig.server.rtmp.secure.ports, []);
  for (const port of [first, second]) await until(`${port} is free`, () => isFree(port));
});

tlsTest("a reload takes new certificates of API and streams", async () => {
  using api = new Files();
  using web = new Files();
  const ports = { api: freePort(), web: freePort(), plainApi: freePort(), plainWeb: freePort() };
  const block = (name: string, plain: number, secure: number, { directives }: Files) =>
    `${name} { enabled on; listen 127.0.0.1:${plain};
      https { enabled on; listen 127.0.0.1:${secure}; ${directives} } }`;
  const root = block("http_api", ports.plainApi, ports.api, api) + block("http_server", ports.plainWeb, ports.web, web);
  const parts: ReloadPart[] = [];
  await using rig = new ReloadRig({ root }, parts);
  const http = new HttpServer(rig.server);
  await using _stop = { [Symbol.asyncDispose]: () => http.stop() };
  http.start();
  parts.push(...http.certificates);
  assertEquals([await shownName(ports.api), await shownName(ports.web)], ["server", "server"]);
  api.write("other_name");
  await rig.reload({ root });
  assertEquals([await shownName(ports.api), await shownName(ports.web)], ["other_name", "server"]);
  web.write("other_name");
  await rig.reload({ root });
  assertEquals([await shownName(ports.api), await shownName(ports.web)], ["other_name", "other_name"]);
});

tlsTest("a reload takes another tls_ca_file", async () => {
  const port = freePort();
  const pair = `key ${tlsPath("server.key")}; cert ${tlsPath("server.crt")};`;
  await using origin = new TestServer("min_latency on;", `rtmps { enabled on; listen 127.0.0.1:${port}; ${pair} }`);
  using _publisher = await Publisher.start(origin.port, "s");
  const vhost = `min_latency on; cluster { mode remote; origin rtmps://localhost:${port}; }`;
  await using rig = new ReloadRig({ vhost });
  using viewer = await Viewer.start(rig.port, "s");
  await until("it is refused", () => rig.log.find("its issuer is unknown").length > 0);
  await rig.reload({ vhost, root: `tls_ca_file ${tlsPath("authority.crt")};` });
  await viewer.waitForFrames(10);
});

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}
