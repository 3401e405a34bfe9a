import { assertEquals, assertLess, assertNotEquals, assertStringIncludes } from "../../../kit/assert.ts";
import { HttpServer } from "../../../../src/http/server.ts";
import { Server } from "../../../../src/server/server.ts";
import { configOf, fakeClient, listLogger } from "../../../kit/peers/fake_server.ts";

const free = { host: "127.0.0.1", port: 0, text: "0" };
const password = "auth { enabled on; username admin; password pw; }";

/** A server with its API on a free port. */
class Api implements AsyncDisposable {
  readonly logged: string[] = [];
  readonly kicked: string[] = [];
  drained = 0;
  readonly #server: Server;
  readonly #http: HttpServer;

  constructor(httpApi: string, cluster: string) {
    const config = configOf(`http_api { enabled on; ${httpApi} } vhost __defaultVhost__ { cluster { ${cluster} } }`);
    this.#server = new Server(
      { ...config, listen: [free], httpApi: { ...config.httpApi, listen: free } },
      listLogger(this.logged, ""),
    );
    this.#http = new HttpServer(this.#server, { drain: () => void this.drained++ });
    this.#http.start();
    for (const id of ["one00000", "two00000"]) {
      this.#server.registry.add(fakeClient(id, "rtmp-play", { onKick: () => void this.kicked.push(id) }));
    }
  }

  get host(): string {
    return `127.0.0.1:${this.#http.port}`;
  }

  /** Lets this server act on another, as its console does. */
  async act(query: string): Promise<{ status: number; text: string }> {
    const headers = { origin: `http://${this.host}`, authorization: `Basic ${btoa("admin:pw")}` };
    const answer = await fetch(`http://${this.host}/console/api/act?${query}`, { method: "POST", headers });
    return { status: answer.status, text: await answer.text() };
  }

  /** A list of the console, as its page asks for it. */
  async list(query: string, headers: HeadersInit = { authorization: `Basic ${btoa("admin:pw")}` }) {
    const answer = await fetch(`http://${this.host}/console/api/list/${query}`, { headers });
    return { status: answer.status, text: await answer.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.stop();
    await this.#server.stop();
  }
}

for (const proof of ["token", "hmac"]) {
  Deno.test(`the console acts on a coworker with a password through its own server, by ${proof}`, async () => {
    await using there = new Api(password, "coworker_token s3cret;");
    await using here = new Api(password, `coworkers ${there.host}; coworker_token s3cret; coworker_proof ${proof};`);
    assertEquals((await here.act(`server=${there.host}&do=kick&id=two00000`)).status, 200);
    assertEquals((await here.act(`server=${encodeURIComponent(there.host)}&do=drain`)).status, 200);
    assertEquals([there.kicked, there.drained, here.kicked, here.drained], [["two00000"], 1, [], 0]);
    const calls = there.logged.filter((line) => line.includes("(coworker)"));
    assertEquals(calls, [
      "info [] HTTP API: DELETE /api/v1/clients/two00000 by 127.0.0.1 (coworker)",
      "info [] HTTP API: POST /api/v1/drain by 127.0.0.1 (coworker)",
    ]);
    assertEquals([...here.logged, ...there.logged].filter((line) => line.includes("s3cret")), []);
  });
}

for (const proof of ["token", "hmac"]) {
  Deno.test(`the console reads lists of a coworker with a password through its own server, by ${proof}`, async () => {
    await using there = new Api(password, "coworker_token s3cret;");
    await using here = new Api(password, `coworkers ${there.host}; coworker_token s3cret; coworker_proof ${proof};`);
    const { status, text } = await here.list(`clients?filter=TWO&sort=-rate&start=0&server=${there.host}`);
    assertEquals(status, 200);
    const { data, service } = JSON.parse(text);
    assertEquals([data.total, data.found, data.rows.map(({ id }: { id: string }) => id)], [2, 1, ["two00000"]]);
    assertNotEquals(service, JSON.parse((await here.list("clients")).text).service);
    assertEquals([...here.logged, ...there.logged].filter((line) => line.includes("s3cret")), []);
  });
}

Deno.test("while a coworker hangs, this server answers all else at once, and says in time that the coworker does not", async () => {
  const { promise: over, resolve: end } = Promise.withResolvers<Response>();
  const hanging = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => over);
  const name = `127.0.0.1:${hanging.addr.port}`;
  await using here = new Api("", `origin_cluster on; coworkers ${name};`);
  const beganMs = performance.now();
  const asked = [here.list(`streams?server=${name}`), here.list(`clients?server=${name}`)];
  for (let i = 0; i < 5; i++) assertEquals((await here.list("streams?sort=-viewers")).status, 200);
  assertLess(performance.now() - beganMs, 4000);
  for (const { status, text } of await Promise.all(asked)) {
    assertEquals(status, 502);
    assertStringIncludes(text, `${name} did not answer`);
  }
  assertEquals((await here.list("streams")).status, 200);
  assertLess(performance.now() - beganMs, 9000);
  end(new Response(null));
  await hanging.shutdown();
});

Deno.test("lists are for those who know the password or the token, and no way to third servers", async () => {
  await using third = new Api(password, "coworker_token s3cret;");
  await using there = new Api(password, `coworkers ${third.host}; coworker_token s3cret;`);
  const token = { "x-coworker-token": "s3cret" };
  assertEquals((await there.list("streams", token)).status, 200);
  assertEquals((await there.list("streams", { "x-coworker-token": "wrong" })).status, 401);
  assertEquals((await there.list("streams", {})).status, 401);
  assertEquals((await there.list(`streams?server=${third.host}`, token)).status, 401);
  assertEquals((await there.list(`streams?server=${third.host}`)).status, 200);
  for (const name of ["127.0.0.1:1", "x", "169.254.169.254:80", `${third.host}/`]) {
    assertEquals([name, (await there.list(`streams?server=${encodeURIComponent(name)}`)).status], [name, 404]);
  }
});

Deno.test(
  "a proof that was seen on its way to one coworker does nothing at another",
  async () => {
    await using there = new Api(password, "coworker_token s3cret;");
    await using other = new Api("remote_control off;", "coworker_token s3cret;");
    const seen: { path: string; method: string; headers: Record<string, string> }[] = [];
    const eye = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      const headers = { "x-coworker-proof": request.headers.get("x-coworker-proof") ?? "" };
      const call = { path: pathname + search, method: request.method, headers };
      seen.push(call);
      return await sendTo(there, call);
    });
    const sendTo = async ({ host }: Api, { path, method, headers }: (typeof seen)[number]) => {
      // A stranger, as a proxy on this machine says.
      return await fetch(`http://${host}${path}`, {
        method,
        headers: { ...headers, "x-forwarded-for": "203.0.113.1" },
      });
    };
    await using here = new Api("", `coworkers 127.0.0.1:${eye.addr.port}; coworker_token s3cret; coworker_proof hmac;`);
    for (const what of ["kick&id=two00000", "drain"]) {
      assertEquals((await here.act(`server=127.0.0.1:${eye.addr.port}&do=${what}`)).status, 200);
    }
    assertEquals([there.kicked, there.drained], [["two00000"], 1]);
    const changes = seen.filter(({ path }) => !path.startsWith("/api/v1/clusters"));
    assertEquals(changes.length, 2);
    for (const call of changes) {
      for (const path of [call.path, call.path.replace(/\?.*/, "")]) {
        const answer = await sendTo(other, { ...call, path });
        await answer.body?.cancel();
        assertEquals([path, answer.status], [path, 403]);
      }
    }
    assertEquals([other.kicked, other.drained], [[], 0]);
    await eye.shutdown();
  },
);

Deno.test("a coworker that refuses or does not answer is named, with what to do", async () => {
  await using there = new Api(password, "coworker_token s3cret;");
  await using here = new Api("", `coworkers ${there.host} 127.0.0.1:1; coworker_token other;`);
  const refused = await here.act(`server=${there.host}&do=drain`);
  assertEquals([refused.status, there.drained], [502, 0]);
  assertStringIncludes(refused.text, `${there.host} refused: its API has a password; give both servers the same`);
  const silent = await here.act("server=127.0.0.1:1&do=drain");
  assertEquals(silent.status, 502);
  assertStringIncludes(silent.text, "127.0.0.1:1 did not answer:");
});

Deno.test(
  "only coworkers of the configuration can be reached, and only for what the console does",
  async () => {
    await using there = new Api("", "");
    await using here = new Api("", `coworkers ${there.host};`);
    await using stranger = new Api("", "");
    const cases: [query: string, status: number][] = [
      [`server=${stranger.host}&do=drain`, 404],
      [`server=admin:pw@${there.host}&do=drain`, 404],
      [`server=${there.host}/x&do=drain`, 404],
      [`server=${there.host}%23&do=drain`, 404],
      ["server=&do=drain", 404],
      ["do=drain", 404],
      [`server=${there.host}&do=reload`, 400],
      [`server=${there.host}&do=kick&id=`, 400],
      [`server=${there.host}&do=kick&id=..%2Fdrain`, 400],
      [`server=${there.host}&do=kick&id=x%3Fy`, 400],
      [`server=${there.host}`, 400],
    ];
    for (const [query, status] of cases) assertEquals([query, (await here.act(query)).status], [query, status]);
    assertEquals([there.drained, there.kicked, stranger.drained, stranger.kicked], [0, [], 0, []]);
  },
);
