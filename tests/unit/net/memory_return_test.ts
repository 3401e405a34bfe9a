import { returnMemory } from "../../../src/net/memory_return.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

const MB = 1024 * 1024;

function setUp() {
  const timers = new ManualTimers();
  const state = { rss: 100 * MB, inUse: 100 * MB, trims: 0, clients: 0 };
  const memory = {
    rssBytes: () => state.rss,
    trim: () => {
      state.trims++;
      state.rss = state.inUse;
    },
  };
  return { timers, state, ending: returnMemory(timers, () => state.clients === 0, memory) };
}

Deno.test("returnMemory() gives back what is free while nobody is connected, seldom where there is nothing", () => {
  const { timers, state, ending } = setUp();
  timers.advance(3_600_000);
  assertEquals(state.trims, 5 + 10, "five doublings up to 320 s, then every 320 s");
  state.clients = 1;
  state.rss = 500 * MB;
  timers.advance(3_600_000);
  assertEquals([state.trims, state.rss], [15, 500 * MB], "clients are not to notice");
  state.clients = 0;
  timers.advance(10_000);
  assertEquals([state.trims, state.rss], [16, 100 * MB]);
  ending[Symbol.dispose]();
  assertEquals(timers.pendingCount, 0);
});

Deno.test("returnMemory() tries again soon while that helps: garbage becomes free later", () => {
  const { timers, state } = setUp();
  timers.advance(600_000);
  const before = state.trims;
  state.clients = 1;
  timers.advance(10_000);
  Object.assign(state, { clients: 0, rss: 500 * MB, inUse: 300 * MB });
  timers.advance(10_000);
  state.inUse = 100 * MB;
  timers.advance(10_000);
  assertEquals([state.rss, state.trims - before], [100 * MB, 2]);
});

Deno.test({
  name: "returnMemory() gives what a burst of small allocations has left between others back to Linux",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const code = `
      import { returnMemory } from ${JSON.stringify(new URL("../../../src/net/memory_return.ts", import.meta.url))};
      let now = 0;
      let check = () => {};
      const after = (ms, fn) => { check = () => { now += ms; fn(); }; return { cancel() {} }; };
      using _ = returnMemory({ nowMs: () => now, after }, () => true);
      const kept = [];
      let burst = [];
      for (let i = 0; i < 8000; i++) {
        burst.push(new Uint8Array(30_000).fill(1));
        if (i % 20 === 0) kept.push(new Uint8Array(2000));
      }
      burst = null;
      for (let i = 0; i < 5; i++) { gc(); await new Promise((done) => setTimeout(done, 50)); }
      const before = Deno.memoryUsage().rss;
      check();
      const mb = (bytes) => Math.round(bytes / 1e6);
      console.log(JSON.stringify([mb(before), mb(Deno.memoryUsage().rss), kept.length]));
    `;
    const file = await Deno.makeTempFile({ suffix: ".js" });
    try {
      await Deno.writeTextFile(file, code);
      const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", file];
      const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
      const [before, after] = JSON.parse(new TextDecoder().decode(stdout)) as [number, number];
      assertEquals([before > 250, after < 150], [true, true], `${before} MB before, ${after} MB after`);
    } finally {
      await Deno.remove(file);
    }
  },
});
