import { assertEquals } from "../../../kit/assert.ts";
import { apiOf, bodyOf, fakeServer } from "../../../kit/peers/fake_server.ts";

const off = "";
const on = "raw_api { enabled on; }";
const reloads = "raw_api { enabled on; allow_reload on; allow_query on; }";

const codes: [rawApi: string, rpc: string, code: number][] = [
  [off, "", 1061],
  [off, "?rpc=reload", 1061],
  [off, "?rpc=reload-fetch", 1061],
  [off, "?rpc=nonsense", 1061],
  [on, "", 1060],
  [on, "?rpc=", 1060],
  [on, "?rpc=query", 1060],
  [on, "?rpc=reload", 1061],
  [on, "?rpc=reload-fetch", 0],
  [reloads, "?rpc=reload", 0],
];

for (const [rawApi, rpc, code] of codes) {
  Deno.test(`/api/v1/raw${rpc} with ${rawApi === "" ? "raw_api off" : rawApi} answers ${code}`, async () => {
    let count = 0;
    const ask = apiOf(fakeServer(`listen 1935; http_api { enabled on; ${rawApi} } vhost __defaultVhost__ {}`), {
      reload: () => count++,
      remoteIp: "127.0.0.1",
    });
    const answer = await ask(`/api/v1/raw${rpc}`);
    assertEquals([answer.status, (await bodyOf(answer)).code], [200, code]);
    assertEquals(count, rpc === "?rpc=reload" && code === 0 ? 1 : 0);
  });
}

Deno.test("/api/v1/raw?rpc=raw shows the settings of the API, even when raw_api is off", async () => {
  for (const [rawApi, enabled, allowed] of [[off, false, false], [reloads, true, true]] as const) {
    const ask = apiOf(fakeServer(`listen 1935; http_api { enabled on; listen 127.0.0.1:1985; ${rawApi} } vhost a {}`));
    assertEquals(await bodyOf(ask("/api/v1/raw?rpc=raw")), {
      code: 0,
      http_api: {
        enabled: true,
        listen: "127.0.0.1:1985",
        crossdomain: true,
        raw_api: { enabled, allow_reload: allowed, allow_query: allowed, allow_update: false },
      },
    });
  }
});

Deno.test("/api/v1/raw?rpc=reload is refused where nothing can be reloaded", async () => {
  const ask = apiOf(fakeServer(`listen 1935; http_api { enabled on; ${reloads} } vhost a {}`), {
    remoteIp: "127.0.0.1",
  });
  assertEquals((await bodyOf(ask("/api/v1/raw?rpc=reload"))).code, 1061);
});

Deno.test("/api/v1/raw?rpc=reload-fetch shows the state of the latest reload", async () => {
  const text = `listen 1935; http_api { enabled on; ${reloads} } vhost a {}`;
  const before = await bodyOf(apiOf(fakeServer(text))("/api/v1/raw?rpc=reload-fetch"));
  assertEquals(before.data as unknown, { err: 0, msg: "", state: 0, rid: "" });
  const state = { err: 1023, msg: "bad file", state: 10, rid: "abcdefg" };
  const after = await bodyOf(apiOf(fakeServer(text), { reloadState: () => state })("/api/v1/raw?rpc=reload-fetch"));
  assertEquals(after.data as unknown, state);
});
