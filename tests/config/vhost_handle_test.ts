import { type Config, loadConfig, requireConfig, VhostHandle } from "../../src/config/mod.ts";
import { assertEquals } from "../kit/assert.ts";

function configOf(vhosts: string): Config {
  return requireConfig(loadConfig({ path: "t.conf", text: `listen 1935; ${vhosts}` }));
}

Deno.test("VhostHandle tells a vhost as it was admitted and as it is now", () => {
  const holder = { config: configOf("vhost a.com { chunk_size 4096; } vhost b.com { }") };
  const handle = new VhostHandle(holder, holder.config.vhosts[0]!);
  assertEquals([handle.name, handle.now], ["a.com", handle.admitted]);
  holder.config = configOf("vhost b.com { } vhost a.com { chunk_size 8192; }");
  assertEquals(handle.now, holder.config.vhosts[1]);
  assertEquals([handle.admitted.chunkSizeBytes, handle.now.chunkSizeBytes], [4096, 8192]);
  // What is off, or gone, still has clients.
  holder.config = configOf("vhost a.com { enabled off; chunk_size 8193; }");
  assertEquals(handle.now.chunkSizeBytes, 8193);
  holder.config = configOf("vhost b.com { }");
  assertEquals(handle.now.chunkSizeBytes, 8193);
  holder.config = configOf("vhost a.com { chunk_size 8194; }");
  assertEquals([handle.admitted.chunkSizeBytes, handle.now.chunkSizeBytes], [4096, 8194]);
});

Deno.test("VhostHandle searches the vhosts once for each configuration", () => {
  const holder = { config: configOf("vhost a.com { }") };
  const handle = new VhostHandle(holder, holder.config.vhosts[0]!);
  let reads = 0;
  const { vhosts, ...others } = configOf("vhost a.com { }");
  holder.config = {
    ...others,
    get vhosts() {
      reads++;
      return vhosts;
    },
  };
  for (let i = 0; i < 3; i++) assertEquals(handle.now, vhosts[0]);
  assertEquals(reads, 1);
});
