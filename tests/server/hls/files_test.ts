import { assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { MemoryHooks } from "../../kit/memory/memory_hooks.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { HlsClient, HlsPublisher, listedSegments } from "../../kit/server/memory_hls.ts";

/** Lets simulated time pass, and after each second the disk its own. */
async function pass(network: MemoryNetwork, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await network.run(1000);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

async function filesIn(dir: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(`${dir}/${below}`)) {
      if (isDirectory) found.push(...await filesIn(dir, `${below}${name}/`));
      else found.push(`${below}${name}`);
    }
  } catch {
    // There is no such folder (yet).
  }
  return found.toSorted();
}

Deno.test("hls_path: segments and playlist as served, by SRS's names, told to hooks, cleaned up, and deleted at the end", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const network = new MemoryNetwork();
    const hooks = new MemoryHooks(network);
    const server = new MemoryServer(network, "10.0.0.1", {
      vhost: `hls { enabled on; hls_ctx off; hls_fragment 2; hls_window 6; hls_dispose 5; hls_path ${dir};
        hls_entry_prefix http://cdn/; hls_ts_file [app]/[2006]/[stream]-[seq]-[duration].ts; }
        http_hooks { enabled on; on_hls ${MemoryHooks.url("/hls")}; }`,
    });
    const publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
    await pass(network, 12);
    const list = await Deno.readTextFile(`${dir}/live/s.m3u8`);
    const listed = listedSegments(list);
    assertGreater(listed.length, 2);
    const client = new HlsClient(network, "10.0.2.1", "10.0.0.1:8080");
    for (const { number, address } of listed) {
      assertMatch(address, new RegExp(`^http://cdn/1970/s-${number}-2000\\.ts$`));
      const served = await client.get(`/live/s-${number}.ts`);
      assertEquals(await Deno.readFile(`${dir}/live/1970/s-${number}-2000.ts`), served.bytes);
    }
    assertEquals((await filesIn(dir)).filter((name) => name.endsWith(".tmp")), []);
    const told = hooks.calls.filter(({ path }) => path === "/hls").map(({ body }) => body);
    assertEquals(told.map(({ seq_no }) => seq_no).toSorted(), told.map(({ seq_no }) => seq_no));
    const { action, app, stream, duration, url, file, m3u8, m3u8_url, ip } = told[0]!;
    assertEquals([action, app, stream, duration, ip], ["on_hls", "live", "s", 2, "10.0.1.1"]);
    assertEquals([file, m3u8, m3u8_url], [`${dir}/${url}`, `${dir}/live/s.m3u8`, "live/s.m3u8"]);

    await pass(network, 30);
    const kept = (await filesIn(dir)).filter((name) => name.endsWith(".ts"));
    assertGreater(12, kept.length);
    publisher[Symbol.dispose]();
    await pass(network, 8);
    assertEquals(await filesIn(dir), []);
    await server.stop();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("hls_path that cannot be written is one line in the log, and the stream goes on; hls_on_error ends it where it says so", async () => {
  for (const onError of ["continue", "ignore", "disconnect"]) {
    const network = new MemoryNetwork();
    const server = new MemoryServer(network, "10.0.0.1", {
      vhost: `hls { enabled on; hls_ctx off; hls_fragment 2; hls_path /proc/nowhere; hls_on_error ${onError}; }`,
    });
    using publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
    await pass(network, 9);
    assertEquals(server.log.find("cannot be written to /proc/nowhere").length, 1);
    assertEquals(publisher.ended !== "", onError === "disconnect", onError);
    const before = server.server.hls.find("/live/s")!.view!.window.lastNumber!;
    await pass(network, 5);
    const after = server.server.hls.find("/live/s")!.view!.window.lastNumber!;
    assertEquals(after > before, onError === "continue", onError);
    await server.stop();
  }
});

Deno.test("a stream whose name leads out of hls_path is served, and not written", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const network = new MemoryNetwork();
    const server = new MemoryServer(network, "10.0.0.1", {
      vhost: `hls { enabled on; hls_ctx off; hls_fragment 2; hls_path ${dir}/in; }`,
    });
    using _ = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", ".hidden");
    await pass(network, 6);
    assertEquals(await filesIn(dir), []);
    assertStringIncludes(server.log.lines.join("\n"), "HLS of /live/.hidden is not written: its name cannot be a file");
    const client = new HlsClient(network, "10.0.2.1", "10.0.0.1:8080");
    assertEquals((await client.get("/live/.hidden.m3u8")).status, 200);
    await server.stop();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
