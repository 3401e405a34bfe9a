import { systemWorld } from "../../../../src/net/system_world.ts";
import { newEntityId } from "../../../../src/server/identity.ts";
import { assert, assertEquals, assertMatch } from "../../../kit/assert.ts";
import { FlvTagType } from "../../../../src/flv/tag.ts";
import { ClientRegistry } from "../../../../src/server/client_registry.ts";
import {
  apiOf,
  bodyOf,
  fakeClient,
  type FakeServer,
  fakeServer,
  mediaTags,
  publishInto,
  START_MS,
} from "../../../kit/peers/fake_server.ts";

type Body = Record<string, unknown>;

const key = "/live/livestream";
const common: Body = { code: 0, server: "vid-0server", service: "service0", pid: "4711" };

/** A publisher and a player of one stream, five seconds old, with one rate sample at their start. */
function busyServer() {
  const server = fakeServer("vhost __defaultVhost__ {} vhost other.com {}");
  const publisher = { moved: [10_000, 3000] as [number, number] };
  const player = { moved: [3500, 8000] as [number, number] };
  server.registry.add(fakeClient("pub00000", "fmle-publish", publisher));
  server.registry.add(fakeClient("play0000", "rtmp-play", player));
  const session = publishInto(server, key);
  server.registry.sample(START_MS);
  server.nowMs = START_MS + 5000;
  publisher.moved[0] += 50_000;
  player.moved[1] += 40_000;
  return { server, session, ask: apiOf(server) };
}

async function listOf(server: FakeServer, what: string): Promise<Body[]> {
  return (await bodyOf(apiOf(server)(`/api/v1/${what}/`)))[what] as Body[];
}

Deno.test("/api/v1/streams/ shows a live stream in SRS's members", async () => {
  const { ask, server } = busyServer();
  const body = await bodyOf(ask("/api/v1/streams/"));
  assertEquals(body, { ...common, streams: body.streams });
  const [stream] = body.streams as Body[];
  const id = server.registry.streams().get(key)!.id;
  assertMatch(id, /^vid-[0-9a-z]{7}$/);
  assertEquals(stream, {
    id,
    name: "livestream",
    vhost: server.registry.vhosts().get("__defaultVhost__")!.id,
    app: "live",
    tcUrl: "rtmp://127.0.0.1/live",
    url: "/live/livestream",
    live_ms: 5000,
    clients: 2,
    viewers: 1,
    downstream: 0,
    frames: mediaTags(20).filter(({ type }) => type === FlvTagType.Video).length - 1,
    send_bytes: 51_000,
    recv_bytes: 63_500,
    kbps: { recv_30s: 80, send_30s: 64 },
    publish: { active: true, cid: "pub00000" },
    video: { codec: "H264", profile: "High", level: "3", width: 768, height: 320 },
    audio: { codec: "AAC", sample_rate: 44_100, channel: 2, profile: "LC" },
  });
  assertEquals(await bodyOf(ask(`/api/v1/streams/${id}`)), { ...common, stream });
});

Deno.test("/api/v1/streams/ shows no codecs before headers came or after the publisher left", async () => {
  const server = fakeServer();
  server.registry.add(fakeClient("play0000", "rtmp-play"));
  const shown = async () => {
    const [stream] = await listOf(server, "streams");
    const { publish, live_ms: liveMs, frames, video, audio } = stream as Body;
    return [publish, liveMs, frames, video, audio];
  };
  const waiting = [{ active: false }, 0, 0, null, null];
  assertEquals(await shown(), waiting);
  const publisher = fakeClient("pub00000", "flash-publish");
  server.registry.add(publisher);
  const session = publishInto(server, key, 0);
  assertEquals(await shown(), [{ active: true, cid: "pub00000" }, 0, 0, null, null]);
  session[Symbol.dispose]();
  server.registry.remove(publisher);
  assertEquals(await shown(), waiting);
});

Deno.test("/api/v1/streams/ names the pull of an edge as the publisher", async () => {
  const server = fakeServer();
  const pull = { key, cid: "pull0000", upstream: "a:1935", isFed: true, lastError: "", switches: 0, lastGapMs: 0 };
  server.pulls.states = () => [pull];
  server.registry.add(fakeClient("play0000", "rtmp-play"));
  using _session = publishInto(server, key, 0);
  const [stream] = await listOf(server, "streams");
  assertEquals((stream as Body).publish, { active: true, cid: "pull0000" });
});

Deno.test("a stream disappears with its last client, and what it moved stays with its vhost", async () => {
  const server = fakeServer();
  const [publisher, player] = [fakeClient("pub00000", "fmle-publish"), fakeClient("play0000", "rtmp-play")];
  server.registry.add(publisher);
  server.registry.add(player);
  server.registry.remove(publisher);
  assertEquals((await listOf(server, "streams")).length, 1);
  server.registry.remove(player);
  assertEquals(await listOf(server, "streams"), []);
  const [vhost] = await listOf(server, "vhosts");
  assertEquals([vhost?.clients, vhost?.streams, vhost?.recv_bytes, vhost?.send_bytes], [0, 0, 2000, 4000]);
});

Deno.test("a stream that is pulled counts what came from the other server", async () => {
  let pulled = 5000;
  const server = { ...fakeServer(), registry: new ClientRegistry(() => newEntityId(systemWorld), () => pulled) };
  const player = fakeClient("play0000", "rtmp-play", { moved: [10, 20] });
  server.registry.add(player);
  pulled += 700;
  const [stream] = await listOf(server, "streams");
  assertEquals([stream?.recv_bytes, stream?.send_bytes, stream?.publish], [710, 20, { active: false }]);
  server.registry.remove(player);
  const [vhost] = await listOf(server, "vhosts");
  assertEquals([vhost?.recv_bytes, vhost?.send_bytes], [710, 20]);
});

Deno.test("/api/v1/vhosts/ shows the vhosts that had clients", async () => {
  const { ask, server } = busyServer();
  const body = await bodyOf(ask("/api/v1/vhosts/"));
  const [vhost, none] = body.vhosts as Body[];
  const { id } = server.registry.vhosts().get("__defaultVhost__")!;
  assertEquals(vhost, {
    id,
    name: "__defaultVhost__",
    enabled: true,
    clients: 2,
    viewers: 1,
    downstream: 0,
    streams: 1,
    send_bytes: 51_000,
    recv_bytes: 63_500,
    kbps: { recv_30s: 80, send_30s: 64 },
    hls: { enabled: false },
    dvr: { enabled: false },
  });
  assertEquals(none, undefined);
  assertEquals(await bodyOf(ask(`/api/v1/vhosts/${id}`)), { ...common, vhost });
  server.registry.add(fakeClient("play1111", "rtmp-play", { vhost: "other.com" }));
  assertEquals((await listOf(server, "vhosts")).map(({ name, streams }) => [name, streams]), [
    ["__defaultVhost__", 1],
    ["other.com", 1],
  ]);
  assertEquals((await listOf(server, "streams")).map(({ url }) => url), [key, "other.com/live/livestream"]);
});

Deno.test("/api/v1/clients/ shows publishers and players in SRS's members", async () => {
  const { ask, server } = busyServer();
  const body = await bodyOf(ask("/api/v1/clients/"));
  assertEquals(body, { ...common, clients: body.clients });
  const [publisher, player] = body.clients as Body[];
  assertEquals(publisher, {
    id: "pub00000",
    vhost: server.registry.vhosts().get("__defaultVhost__")!.id,
    stream: server.registry.streams().get(key)!.id,
    ip: "10.0.0.9",
    pageUrl: "http://page/",
    swfUrl: "http://swf/",
    tcUrl: "rtmp://127.0.0.1/live",
    url: "/live/livestream",
    name: "livestream",
    type: "fmle-publish",
    publish: true,
    alive: 5,
    send_bytes: 3000,
    recv_bytes: 60_000,
    kbps: { recv_30s: 80, send_30s: 0 },
    dropped: 7,
  });
  assertEquals([player?.type, player?.publish, player?.kbps], ["rtmp-play", false, { recv_30s: 0, send_30s: 64 }]);
  assertEquals(await bodyOf(ask("/api/v1/clients/play0000")), { ...common, client: player });
});

const pages: [query: string, first: number, length: number][] = [
  ["", 0, 10],
  ["?count=1", 0, 10],
  ["?count=12", 0, 12],
  ["?start=5&count=3", 5, 10],
  ["?start=20&count=100", 20, 5],
  ["?start=25", 25, 0],
  ["?start=-3&count=-1", 0, 10],
  ["?start=x&count=99999999999999999999", 0, 25],
];

for (const [query, first, length] of pages) {
  Deno.test(`/api/v1/clients/${query} of 25 gives ${length} from ${first}; streams likewise`, async () => {
    const server = fakeServer();
    const names = Array.from({ length: 25 }, (_, i) => `c${i}`);
    for (const name of names) server.registry.add(fakeClient(name, "rtmp-play", { stream: name }));
    const expected = names.slice(first, first + length);
    const clients = (await bodyOf(apiOf(server)(`/api/v1/clients/${query}`))).clients as Body[];
    assertEquals(clients.map(({ id }) => id), expected);
    const streams = (await bodyOf(apiOf(server)(`/api/v1/streams/${query}`))).streams as Body[];
    assertEquals(streams.map(({ name }) => name), expected);
  });
}

Deno.test("unknown ids are answered with SRS's codes and a message, HTTP status 200", async () => {
  const { ask } = busyServer();
  for (const [path, code] of [["vhosts", 2014], ["streams", 2048], ["clients", 2049]] as const) {
    for (const id of ["vid-0000000", "a/b", "..", "../clients/", "%2e", "0"]) {
      const answer = await ask(`/api/v1/${path}/${id}`);
      const { code: given, message } = await bodyOf(answer);
      assertEquals([answer.status, given], [200, code]);
      assertMatch(String(message), /^(there is )?no .* with this id/);
    }
  }
  assertEquals((await bodyOf(ask("/api/v1/clients/", { method: "DELETE" }))).code, 2049);
  assertEquals((await bodyOf(ask("/api/v1/clients/nobody", { method: "DELETE" }))).code, 2049);
});

Deno.test("DELETE of a client kicks it and no other, and says who asked for it", async () => {
  const server = fakeServer();
  const kicked: string[] = [];
  for (const id of ["one00000", "two00000"]) {
    const client = fakeClient(id, "rtmp-play", {
      onKick() {
        kicked.push(id);
        server.registry.remove(client);
      },
    });
    server.registry.add(client);
  }
  const ask = apiOf(server);
  const body = await bodyOf(ask("/api/v1/clients/two00000", { method: "DELETE" }));
  assertEquals(body, common);
  assertEquals(kicked, ["two00000"]);
  assertEquals(server.logged, ["info [] HTTP API: DELETE /api/v1/clients/two00000 by 10.0.0.1 (stranger)"]);
  assertEquals((await bodyOf(ask("/api/v1/clients/two00000", { method: "DELETE" }))).code, 2049);
});

Deno.test("names that look like HTML or JSON stay inside their strings", async () => {
  const server = fakeServer();
  const stream = '</script>"},{"x":"\u2028';
  server.registry.add(fakeClient("play0000", "rtmp-play", { stream }));
  const answer = await apiOf(server)("/api/v1/clients/");
  assertEquals(answer.headers.get("content-type"), "application/json");
  const clients = (await bodyOf(answer)).clients as Body[];
  assert(clients.length === 1 && clients[0]?.name === stream);
});
