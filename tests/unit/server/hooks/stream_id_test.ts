import { systemWorld } from "../../../../src/net/system_world.ts";
import { newEntityId } from "../../../../src/server/identity.ts";
import { ClientRegistry } from "../../../../src/server/client_registry.ts";
import { assertEquals, assertMatch, assertNotEquals } from "../../../kit/assert.ts";
import { fakeClient } from "../../../kit/peers/fake_server.ts";

const KEY = "/live/livestream";

Deno.test("holdStreamId() gives a stream the id that it will have", () => {
  const registry = new ClientRegistry(() => newEntityId(systemWorld));
  const first = registry.holdStreamId(KEY);
  const second = registry.holdStreamId(KEY);
  assertMatch(first.id, /^vid-[\da-z]{7}$/);
  const client = fakeClient("a", "rtmp-play");
  registry.add(client);
  assertEquals([second.id, registry.streams().get(KEY)?.id], [first.id, first.id]);
  // The stream ends and begins again while somebody counts on its id.
  registry.remove(client);
  first.release();
  registry.add(client);
  assertEquals(registry.streams().get(KEY)?.id, first.id);
  second.release();
  assertEquals(registry.holdStreamId(KEY).id, first.id);
});

Deno.test("holdStreamId() gives the id of a stream that is there", () => {
  const registry = new ClientRegistry(() => newEntityId(systemWorld));
  registry.add(fakeClient("a", "rtmp-play"));
  assertEquals(registry.holdStreamId(KEY).id, registry.streams().get(KEY)?.id);
});

Deno.test("holdStreamId() keeps nothing that was released", () => {
  const registry = new ClientRegistry(() => newEntityId(systemWorld));
  const { id, release } = registry.holdStreamId(KEY);
  release();
  assertNotEquals(registry.holdStreamId(KEY).id, id);
});
