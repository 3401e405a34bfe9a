import { filesWith, worldAt } from "../../../kit/memory/world.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";
import { parseCpuTimes, parseNetDev, parseSelfStat, parseSockets } from "../../../../src/http/system/proc_files.ts";
import { SystemStats } from "../../../../src/http/system/stats.ts";
import { procFiles } from "../../../kit/cases/proc_cases.ts";

const file = (name: string) => procFiles[`/proc/${name}`]!;

Deno.test("parseSelfStat names all 44 columns, whatever the program is called", () => {
  const self = parseSelfStat(file("self/stat"));
  assertEquals(Object.keys(self).length, 44);
  const { pid, comm, state, ppid, tpgid, majflt, utime, stime, num_threads, starttime, policy, cguest_time } = self;
  assertEquals(
    [pid, comm, state, ppid, tpgid, majflt, utime, stime, num_threads, starttime, policy, cguest_time],
    [42, "srs ts) :", "S", 7, -1, 5, 300, 200, 6, 50_000, 0, 0],
  );
});

Deno.test("parseCpuTimes reads the sum of all processors and counts them", () => {
  assertEquals(parseCpuTimes(file("stat")), {
    user: 1000,
    nice: 10,
    sys: 300,
    idle: 8000,
    iowait: 100,
    irq: 1,
    softirq: 20,
    steal: 3,
    guest: 4,
    cpus: 2,
  });
});

Deno.test("parseNetDev and parseSockets find their numbers", () => {
  assertEquals(parseNetDev(file("net/dev")), [
    { name: "lo", recvBytes: 5000, sendBytes: 6000 },
    { name: "eth0", recvBytes: 70_000, sendBytes: 80_000 },
  ]);
  assertEquals(parseSockets(file("net/sockstat"), file("net/snmp")), { all: 118, et: 56, tw: 34, udp: 3 });
});

Deno.test("SystemStats begins with averages since the start, then samples when asked, every 3 s at most", () => {
  const files = { ...procFiles };
  const timers = new ManualTimers(1000);
  const eth0 = { name: "eth0", family: "IPv4" as const, address: "8.8.8.8" };
  const stats = new SystemStats(
    worldAt(timers, { files: { ...Deno, readTextFileSync: (path) => files[String(path)]! }, interfaces: () => [eth0] }),
  );
  const first = stats.latest;
  assert(first.ok);
  // 5 s of processor in the 500.5 s since it began; 1434 of 9434 ticks not idle.
  assertEquals([first.selfPercent, first.cpuPercent], [0.01, 0.15]);
  assertEquals([first.ramPercent, first.swapPercent, first.selfRamPercent], [0.5, 0.25, 0.01]);
  assertEquals([first.uptimeSeconds, first.idleSeconds, ...first.load], [1000.5, 1990.25, 0.05, 0.16, 0.22]);
  assertEquals(first.internet, { recvBytes: 70_000, sendBytes: 80_000 });
  assertEquals(first.intranet, { recvBytes: 5000, sendBytes: 6000 });

  timers.advance(2999);
  files["/proc/stat"] = file("stat").replace("cpu  1000 10 300 8000", "cpu  1100 10 350 8250");
  files["/proc/self/stat"] = file("self/stat").replace(" 300 200 0 0 20 ", " 360 290 0 0 20 ");
  assertEquals(stats.latest, first);
  timers.advance(1);
  // 150 ticks in 3 s; 150 of 400 ticks not idle.
  assertEquals([stats.latest.selfPercent, stats.latest.cpuPercent], [0.5, 0.38]);
});

Deno.test("SystemStats is not ok, and all zero, where there is no /proc", () => {
  const stats = new SystemStats(worldAt(new ManualTimers(1000), { files: filesWith({}), interfaces: () => [] }));
  const { ok, selfPercent, cpuPercent, ramPercent, load, sockets, cpu } = stats.latest;
  assertEquals([ok, selfPercent, cpuPercent, ramPercent, ...load], [false, 0, 0, 0, 0, 0, 0]);
  assertEquals([sockets, cpu.user, cpu.cpus], [{ all: 0, et: 0, tw: 0, udp: 0 }, 0, 0]);
});
