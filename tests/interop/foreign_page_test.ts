import { assertEquals } from "../kit/assert.ts";
import { freePort, until } from "../kit/launcher.ts";
import { Publisher } from "../kit/server/rtmp_rig.ts";
import { Browser, browserTest, Origin } from "./browser_rig.ts";

/** What a page tries on a server whose address it knows, each by itself: what came of it. */
const attempts = `async (server) => {
  const attempt = async (path, init) => {
    try {
      const answer = await fetch(server + path, init);
      return answer.type === "opaque" ? "sent" : String(answer.status);
    } catch {
      return "blocked";
    }
  };
  const post = { method: "POST", mode: "no-cors", credentials: "include" };
  const results = {
    read: await attempt("/api/v1/clients/"),
    kick: "none",
    drain: await attempt("/api/v1/drain", { method: "POST" }),
    blindDrain: await attempt("/api/v1/drain", post),
    blindReload: await attempt("/api/v1/raw?rpc=reload", { mode: "no-cors", credentials: "include" }),
    blindClaim: await attempt("/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=s&claim=9e15", post),
  };
  if (results.read === "200") {
    const { clients } = await (await fetch(server + "/api/v1/clients/")).json();
    for (const { id } of clients) results.kick = await attempt("/api/v1/clients/" + id, { method: "DELETE" });
  }
  return results;
}`;

/** A web site that has nothing to do with the server. */
function foreignSite() {
  const port = freePort();
  const page = new Response("<!DOCTYPE html><title>evil</title>", { headers: { "content-type": "text/html" } });
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, () => page.clone());
  // By name: with the server's own address it would be of the same site.
  return { url: `http://localhost:${port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

const rawApi = "raw_api { enabled on; allow_reload on; }";

/** @param refused Calls whose refusal the log must show, each with who made it. */
async function attack(httpApi: string, refused: (site: string) => string[], { signIn = false } = {}) {
  await using origin = await Origin.start(freePort(), "", "", httpApi);
  using publisher = await Publisher.start(origin.rtmp, "s");
  await using site = foreignSite();
  await using browser = await Browser.start();
  const { page } = browser;
  const server = `http://127.0.0.1:${origin.api}`;
  if (signIn) await page.goto(`${server.replace("//", "//admin:secret@")}/api/v1/versions`);
  await page.goto(site.url);
  const results = await page.evaluate(`(${attempts})(${JSON.stringify(server)})`);
  for (const text of refused(site.url)) await origin.program.prints(`${text} refused:`, 5000);
  assertEquals([publisher.ended, /graceful stop|reload by/.test(origin.program.output)], ["", false]);
  return results;
}

browserTest("a page of another site reads what anybody may read, and changes nothing", async () => {
  // Without CORS, a GET has no Origin.
  const results = await attack(rawApi, (site) => [
    `POST /api/v1/drain by 127.0.0.1 (page of ${site})`,
    "GET /api/v1/raw by 127.0.0.1 (page of another site)",
    `POST /api/v1/clusters by 127.0.0.1 (page of ${site})`,
  ]);
  assertEquals(results, {
    read: "200",
    kick: "blocked",
    drain: "403",
    blindDrain: "sent",
    blindReload: "sent",
    blindClaim: "sent",
  });
});

browserTest("a page of another site has no use of the password that an operator gave to the browser", async () => {
  const auth = "auth { enabled on; username admin; password secret; }";
  assertEquals(await attack(`${auth} ${rawApi}`, () => [], { signIn: true }), {
    read: "blocked",
    kick: "none",
    drain: "blocked",
    blindDrain: "sent",
    blindReload: "sent",
    blindClaim: "sent",
  });
});

browserTest("a page of a site that allow_origin names may do what this server's own pages may", async () => {
  await using site = foreignSite();
  await using origin = await Origin.start(freePort(), "", "", `allow_origin ${site.url};`);
  using publisher = await Publisher.start(origin.rtmp, "s");
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(site.url);
  const base = `http://127.0.0.1:${origin.api}/api/v1/clients/`;
  const status = await page.evaluate<number>(`(async () => {
    const { clients } = await (await fetch("${base}")).json();
    return (await fetch("${base}" + clients[0].id, { method: "DELETE" })).status;
  })()`);
  assertEquals(status, 200);
  await until(() => publisher.ended !== "", 10_000, () => "the end of the publisher");
  await origin.program.prints("by 127.0.0.1 (this machine)", 5000);
});
