import { assert, assertEquals, assertGreater, assertLess } from "../../../kit/assert.ts";
import { OutageStage } from "../../../kit/engine/outage_stage.ts";
import type { StagedDirectory } from "../../../kit/engine/valkey_stage.ts";

const NODE_TTL_MS = 6000;
/** From the return of an engine until the last server has found it. */
const RECONNECT_MS = 3000;
const MANY = 10;

/** Many servers that have many streams each. */
class CrowdStage extends OutageStage {
  readonly servers: StagedDirectory[] = [];
  #streams = 0;
  /** The engine's commands in a second while nothing happens. */
  #usual = 0;

  async addServers(count: number, streamsEach: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const server = await this.add();
      this.servers.push(server);
      for (let j = 0; j < streamsEach; j++) await this.mustClaim(server, `s${this.#streams++}`);
    }
    await this.run(12_000);
    this.engine.commands.length = 0;
    await this.run(60_000);
    this.#usual = this.engine.commands.length / 60;
    assertEquals(this.streamsInEngine, count * streamsEach);
  }

  get streamsInEngine(): number {
    return this.engine.keys.filter((key) => key.startsWith("srs:s:")).length;
  }

  /** Until the engine knows all streams, and a while longer: the time is to be kept, and many servers are to make at most twice their usual calls. */
  async recovery(mostMs: number): Promise<void> {
    const perSecond: number[] = [];
    const startedMs = this.timers.nowMs();
    let tookMs = Infinity;
    this.engine.commands.length = 0;
    while (this.timers.nowMs() - startedMs < mostMs + 2 * NODE_TTL_MS) {
      await this.run(1000);
      perSecond.push(this.engine.commands.splice(0).length);
      if (this.streamsInEngine === this.#streams) tookMs = Math.min(tookMs, this.timers.nowMs() - startedMs);
    }
    assert(tookMs <= mostMs, `${tookMs} ms`);
    assertEquals(this.lost, []);
    // A few servers make their calls together or not, as it happens.
    if (this.servers.length < MANY) return;
    const most = 2 * this.#usual;
    assertLess(Math.max(...perSecond), most + Math.sqrt(most), `${perSecond}, usually ${this.#usual}`);
  }
}

Deno.test("the engine is back, empty: all is true within a lease, at twice the usual calls at most", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(100, 20);
  stage.engine.die();
  await stage.run(20_000);
  stage.engine.isDown = false;
  await stage.recovery(RECONNECT_MS + NODE_TTL_MS);
});

Deno.test("a flush: all is true within a renewal and a lease, at twice the usual calls at most", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(100, 20);
  stage.engine.flush();
  await stage.recovery(NODE_TTL_MS / 3 + NODE_TTL_MS);
});

Deno.test("a thousand streams on each server: the same, in as few calls", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(12, 1000);
  stage.engine.die();
  await stage.run(30_000);
  stage.engine.isDown = false;
  await stage.recovery(RECONNECT_MS + NODE_TTL_MS);
});

Deno.test("ten thousand streams on one server are back within four leases, before anybody thinks that they are gone", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(1, 10_000);
  const viewer = await stage.add();
  await stage.find(viewer, "s9999");
  stage.engine.die();
  await stage.run(30_000);
  stage.engine.isDown = false;
  const mostMs = RECONNECT_MS + 4 * NODE_TTL_MS;
  await stage.recovery(mostMs);
  assertEquals((await stage.find(viewer, "s9999")).at, ["10.0.0.1"]);
});

Deno.test("the streams that were claimed the longest ago are claimed again first", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(1, 400);
  stage.engine.flush();
  while (stage.streamsInEngine === 0) await stage.run(50);
  const first = stage.engine.keys.filter((key) => key.startsWith("srs:s:"));
  assertEquals(first.length, 200);
  assertEquals(first, Array.from({ length: 200 }, (_, i) => `srs:s:/live/s${i}`).sort());
});

Deno.test("streams are kept in a few calls, which are spread over minutes, and never run out", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(1, 1000);
  stage.engine.commands.length = 0;
  let [most, all] = [0, 0];
  for (let ms = 0; ms < 1_800_000; ms += 6000) {
    await stage.run(6000);
    const count = stage.engine.commands.splice(0).filter((command) => command.startsWith("EVAL")).length;
    [most, all] = [Math.max(most, count), all + count];
    assertEquals(stage.streamsInEngine, 1000, `after ${ms} ms`);
  }
  assertLess(most, 4, "in one lease");
  // Eight for the streams in five minutes, and five to be listed.
  assertLess(all, 6 * 13 + 8);
  assertGreater(all, 6 * 13 - 16);
});

Deno.test("an engine that is silent for long in the middle of a return gets the rest afterwards", async () => {
  await using stage = new CrowdStage();
  await stage.addServers(3, 1000);
  stage.engine.die();
  await stage.run(10_000);
  stage.engine.isDown = false;
  while (stage.streamsInEngine === 0) await stage.run(50);
  assertLess(stage.streamsInEngine, 3000);
  stage.engine.hang();
  await stage.run(20_000);
  stage.engine.resume();
  await stage.recovery(RECONNECT_MS + 2 * NODE_TTL_MS);
});

Deno.test("servers that are started at one moment renew their leases at different ones", async () => {
  await using stage = new OutageStage();
  await Promise.all(Array.from({ length: 100 }, () => stage.add()));
  await stage.run(60_000);
  stage.engine.commands.length = 0;
  const counts: number[] = [];
  for (let ms = 0; ms < NODE_TTL_MS / 3; ms += 100) {
    await stage.run(100);
    counts.push(stage.engine.commands.splice(0).filter((command) => /^(SET|EVALSHA) /.test(command)).length);
  }
  assert(Math.max(...counts) < 20, `${counts}`);
});
