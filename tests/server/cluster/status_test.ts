import { runCli } from "../../../src/cli/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { assertEquals, assertMatch } from "../../kit/assert.ts";
import { RecordedIo } from "../../kit/memory/recorded_io.ts";
import { freePort, Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

/** A server with its HTTP side. */
class WholeServer implements AsyncDisposable {
  readonly rtmp: TestServer;
  readonly #http: HttpServer;

  constructor(apiPort: number, cluster: string, more = "", rtmpPort = 0) {
    const root = `http_api { enabled on; listen 127.0.0.1:${apiPort}; ${more} }`;
    this.rtmp = new TestServer(`min_latency on; cluster { ${cluster} }`, root, rtmpPort);
    this.#http = new HttpServer(this.rtmp.server);
    this.#http.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.stop();
    await this.rtmp[Symbol.asyncDispose]();
  }
}

async function run(...args: string[]) {
  const io = new RecordedIo();
  const code = await runCli(["status", ...args], io);
  return { code, out: io.stdout, err: io.stderr };
}

serverTest(
  "srs-ts status shows two origins, an edge, and three coworkers that are wrong, each in its own way",
  async () => {
    await using stack = new AsyncDisposableStack();
    const [a, b, e, locked, dead, rtmpOfB, web] = Array.from({ length: 7 }, freePort) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const api = (port: number) => `127.0.0.1:${port}`;
    const list = (...ports: number[]) => `origin_cluster on; coworkers ${ports.map(api).join(" ")};`;
    const originA = stack.use(new WholeServer(a, list(a, b, dead, rtmpOfB, locked, web)));
    stack.use(new WholeServer(b, list(a, b), "", rtmpOfB));
    const password = "auth { enabled on; username admin; password geheim; }";
    stack.use(new WholeServer(locked, `${list(a)} coworker_token t0123456789;`, password));
    const page = Deno.serve(
      { hostname: "127.0.0.1", port: web, onListen() {} },
      () => new Response("", { status: 404 }),
    );
    stack.defer(() => page.shutdown());
    const origins = `mode remote; origin ${api(originA.rtmp.port)} ${api(rtmpOfB)};`;
    const edge = stack.use(new WholeServer(e, origins));
    const publisher = stack.use(await Publisher.start(originA.rtmp.port, "s"));
    const viewer = stack.use(await Viewer.start(edge.rtmp.port, "s"));
    const { log } = originA.rtmp;
    const isTold = () => log.find("coworker").filter((line) => / is (down|up)/.test(line)).length >= 5;
    await until("all coworkers are judged", isTold);
    const isKnown = () => originA.rtmp.server.health.book.members().some(({ link }) => link === "downstream");
    await until("the edge is known", isKnown);
    await until("the stream is counted", () => originA.rtmp.server.health.self.facts().load?.published === 1);

    const { code, out, err } = await run("--api", api(a));
    assertEquals([code, err], [1, ""]);
    const masked = out.replace(/\d+(?:\.\d)?[kM]?bit\/s|\b\d+ [kM]bit\/s/g, "RATE").replace(/\(\d+s\)/g, "(0s)");
    const [head = "", totals = "", gap, titles = "", ...rest] = masked.split("\n");
    assertEquals(head, `DEGRADED  4 of 7 servers down, 4 problems, told by ${api(a)}`);
    assertMatch(totals, /^ {10}1 stream, \d viewers?, RATE in, RATE out$/);
    assertEquals(gap, "");
    assertMatch(titles, /^server +role +state +streams +viewers +in +out( +CPU)?( +memory)?$/);
    const rows = rest.slice(0, 7).map((line) => line.split(/ {2,}/).slice(0, 3).join("|").replace(/\d+s$/, "0s"));
    assertEquals(rows, [
      `${api(a)} *|origin|up 0s`,
      `${api(b)}|origin|up 0s`,
      `${api(dead)}|?|down 0s`,
      `${api(rtmpOfB)}|?|down 0s`,
      `${api(locked)}|?|down 0s`,
      `${api(web)}|?|down 0s`,
      `${api(e)}|edge|up 0s`,
    ]);
    assertEquals(rest.slice(7), [
      "",
      `error    ${api(dead)}: connection refused: nothing listens there (0s)`,
      "         -> start it, or correct its address in coworkers",
      `error    ${api(rtmpOfB)}: speaks RTMP, not HTTP: is it the RTMP port? (0s)`,
      "         -> If so, write the port of its http_api.listen into coworkers",
      `error    ${api(locked)}: asks with a password (401) (0s)`,
      "         -> give both servers the same coworker_token",
      `error    ${api(web)}: speaks HTTP, but is neither srs-ts nor SRS (0s)`,
      "         -> write the port of its http_api.listen into coworkers",
      "",
    ]);
    assertEquals(out.split("\n").filter((line) => line.length > 80), []);

    // The others have nothing to complain of. The edge may have asked B first.
    const seenByB = await run("--api", api(b), "--json");
    const { members } = JSON.parse(seenByB.out) as { members: { address: string; link: string; state: string }[] };
    assertEquals([seenByB.code, members.map(({ address, link }) => `${link} ${address}`).slice(0, 2)], [
      0,
      [`self ${api(b)}`, `coworker ${api(a)}`],
    ]);
    const seenByEdge = await run("--api", api(e));
    assertEquals(seenByEdge.code, 0);
    assertMatch(seenByEdge.out, new RegExp(`^HEALTHY [^]*\nrtmp ${api(originA.rtmp.port)} +origin +up`));

    const noPassword = await run("--api", api(locked));
    assertEquals([noPassword.code, noPassword.out], [3, ""]);
    assertEquals(
      noPassword.err,
      `srs-ts status: ${api(locked)} asks for a password: give it with --user NAME:PASSWORD\n`,
    );
    assertEquals((await run("--api", api(locked), "--user", "admin:geheim")).out.includes(`${api(locked)} *`), true);
    const rtmpPort = await run("--api", api(rtmpOfB));
    assertEquals([rtmpPort.code, rtmpPort.err], [
      3,
      `srs-ts status: ${api(rtmpOfB)}: no HTTP server listens there: is it another port?\n`,
    ]);
    const nobody = await run("--api", api(dead));
    assertEquals(nobody.code, 3);
    assertMatch(nobody.err, /connection refused, nothing listens there: does the server run, with http_api on\?/);
    viewer[Symbol.dispose]();
    publisher[Symbol.dispose]();
  },
);

serverTest("a coworker that dies is down within seconds, and back when it is back", async () => {
  await using stack = new AsyncDisposableStack();
  const [a, b] = [freePort(), freePort()];
  const list = `origin_cluster on; coworkers 127.0.0.1:${a} 127.0.0.1:${b};`;
  const first = stack.use(new WholeServer(a, list));
  const second = new WholeServer(b, list);
  const { log } = first.rtmp;
  await until("B is up", () => log.find(`coworker 127.0.0.1:${b} is up`).length === 1);
  await second[Symbol.asyncDispose]();
  await until("B is down", () => log.find(`coworker 127.0.0.1:${b} is down: connection refused`).length === 1);
  assertEquals((await run("--api", `127.0.0.1:${a}`)).code, 1);
  stack.use(new WholeServer(b, list));
  await until("B is back", () => log.find(`coworker 127.0.0.1:${b} is back`).length === 1);
  assertEquals((await run("--api", `127.0.0.1:${a}`)).code, 0);
});
