import { assert, assertEquals, assertStringIncludes } from "../../../kit/assert.ts";
import { apiOf, bodyOf, fakeServer } from "../../../kit/peers/fake_server.ts";

const to = encodeURIComponent("rtmps://live.example.com/app/secret-key?token=top-secret");

Deno.test("/api/v1/forwards adds, lists and ends copies, and tells no key", async () => {
  const server = fakeServer();
  const ask = apiOf(server, { remoteIp: "127.0.0.1" });
  const post = (query: string) => ask(`/api/v1/forwards/?${query}`, { method: "POST" });
  const added = await bodyOf(post(`app=live&stream=s&to=${to}`));
  const forward = added.forward as Record<string, unknown>;
  assertEquals(
    [forward.stream, forward.destination, forward.added, forward.state, forward.last_error],
    ["/live/s", "rtmps://live.example.com/app/***", true, "waiting", ""],
  );
  const list = await (await ask("/api/v1/forwards/")).text();
  assert(!list.includes("secret"), list);
  assertStringIncludes(list, String(forward.id));
  assertEquals((await bodyOf(post(`app=live&stream=s&to=${to}`))).code, 409);
  assertEquals((await bodyOf(ask(`/api/v1/forwards/${forward.id}`))).forward, forward);
  assertEquals((await bodyOf(ask(`/api/v1/forwards/${forward.id}`, { method: "DELETE" }))).code, 0);
  assertEquals((await bodyOf(ask("/api/v1/forwards/"))).forwards, []);
  assertEquals((await bodyOf(ask(`/api/v1/forwards/${forward.id}`, { method: "DELETE" }))).code, 2048);
});

const refused = [
  "",
  "app=live&stream=s",
  `app=live&to=${to}`,
  "app=live&stream=s&to=b.com",
  "app=live&stream=s&to=http%3A%2F%2Fb%2Fa%2Fs",
];

for (const query of refused) {
  Deno.test(`/api/v1/forwards refuses "${query}"`, async () => {
    const ask = apiOf(fakeServer(), { remoteIp: "127.0.0.1" });
    const answer = await ask(`/api/v1/forwards/?${query}`, { method: "POST" });
    assertEquals([answer.status, (await bodyOf(answer)).code], [400, 400]);
  });
}

Deno.test("/api/v1/forwards is changed from this machine only, and holds a bounded number", async () => {
  const server = fakeServer();
  const post = (ask: ReturnType<typeof apiOf>, stream: string) =>
    ask(`/api/v1/forwards/?app=live&stream=${stream}&to=${to}`, { method: "POST" });
  assertEquals((await post(apiOf(server), "s")).status, 403);
  const ask = apiOf(server, { remoteIp: "127.0.0.1" });
  for (let i = 0; i < 200; i++) assertEquals((await post(ask, `s${i}`)).status, 200);
  assertEquals((await post(ask, "one-more")).status, 409);
});
