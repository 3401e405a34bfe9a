import { CoworkerList } from "../../../../src/cluster/mesh/coworker_list.ts";
import type { CoworkerAddress } from "../../../../src/config/mod.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

const plain: CoworkerAddress = { host: "10.0.0.9", port: 1985, text: "10.0.0.9:1985" };
const dns: CoworkerAddress = { host: "origins", port: 1985, text: "dns+http://origins:1985", lookUp: "dns" };
const srv: CoworkerAddress = {
  host: "_api._tcp.origins",
  port: 80,
  text: "srv+http://_api._tcp.origins",
  lookUp: "srv",
};

class Stage {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  ips: readonly string[] = [];
  asked = 0;
  changes = 0;
  readonly list = new CoworkerList({
    timers: this.timers,
    log: this.log,
    world: {
      resolve: () => {
        this.asked++;
        return Promise.resolve(this.ips);
      },
      resolveService: () => Promise.resolve([{ host: "a.lan", port: 1 }, { host: "fd00::2", port: 2 }]),
    },
    nameServer: () => null,
    onChange: () => this.changes++,
  });
}

Deno.test("CoworkerList has what is written out as it is, and all that DNS has for a name, each once", async () => {
  const stage = new Stage();
  stage.ips = ["10.0.0.9", "10.0.0.1", "fd00::1"];
  await stage.list.ready([plain, dns, srv]);
  assertEquals(stage.list.addresses([plain, dns, srv]), [
    "10.0.0.9:1985",
    "10.0.0.1:1985",
    "[fd00::1]:1985",
    "a.lan:1",
    "[fd00::2]:2",
  ]);
  assertEquals(stage.list.hosts([plain, srv]), ["10.0.0.9", "a.lan", "fd00::2"]);
  assertEquals(stage.asked, 1);
  stage.list[Symbol.dispose]();
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("CoworkerList follows DNS within 5 s, and says so once, whatever the order of the answers", async () => {
  const stage = new Stage();
  stage.ips = ["10.0.0.1", "10.0.0.2"];
  await stage.list.ready([dns]);
  stage.ips = ["10.0.0.2", "10.0.0.1"];
  await stage.timers.run(5000);
  stage.ips = ["10.0.0.2", "10.0.0.3"];
  await stage.timers.run(5000);
  assertEquals(stage.list.addresses([dns]), ["10.0.0.2:1985", "10.0.0.3:1985"]);
  assertEquals(stage.log.lines, [
    "info coworkers dns+http://origins:1985: 10.0.0.1:1985, 10.0.0.2:1985",
    "info coworkers dns+http://origins:1985: 10.0.0.2:1985, 10.0.0.3:1985",
  ]);
  stage.list[Symbol.dispose]();
});

Deno.test("CoworkerList goes on with the last good addresses while DNS has none", async () => {
  const stage = new Stage();
  await stage.list.ready([dns]);
  assertEquals(stage.list.addresses([dns]), []);
  stage.ips = ["10.0.0.1"];
  await stage.timers.run(5000);
  stage.ips = [];
  await stage.timers.run(20_000);
  assertEquals(stage.list.addresses([dns]), ["10.0.0.1:1985"]);
  assertEquals(stage.log.lines.filter((line) => line.startsWith("warn")), [
    "warn coworkers dns+http://origins:1985: DNS has no address",
    "warn coworkers dns+http://origins:1985: DNS has no address; goes on with the 1 addresses known before",
  ]);
  stage.list[Symbol.dispose]();
});

Deno.test("CoworkerList looks a name up no more that is no longer in the file", async () => {
  const stage = new Stage();
  stage.ips = ["10.0.0.1"];
  await stage.list.ready([dns]);
  await stage.timers.run(120_000);
  assertEquals([stage.asked, stage.timers.pendingCount], [13, 0]);
});

Deno.test("CoworkerList looks names up when somebody asks whom it does not know, once a second at most, and tells of what has changed", async () => {
  const stage = new Stage();
  stage.ips = ["10.0.0.1"];
  await stage.list.ready([dns]);
  assertEquals([stage.asked, stage.changes], [1, 1]);
  stage.ips = ["10.0.0.1", "10.0.0.2"];
  await stage.timers.run(999);
  stage.list.hurry();
  await stage.timers.run(0);
  assertEquals(stage.asked, 1);
  await stage.timers.run(1);
  for (let count = 0; count < 3; count++) stage.list.hurry();
  await stage.timers.run(0);
  assertEquals([stage.asked, stage.changes], [2, 2]);
  assertEquals(stage.list.addresses([dns]), ["10.0.0.1:1985", "10.0.0.2:1985"]);
  await stage.timers.run(4999);
  assertEquals(stage.asked, 2);
  await stage.timers.run(1);
  assertEquals([stage.asked, stage.changes], [3, 2]);
  stage.list[Symbol.dispose]();
  assertEquals(stage.timers.pendingCount, 0);
});
