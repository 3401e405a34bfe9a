import { filesWith, worldAt } from "../../../kit/memory/world.ts";
import { systemWorld } from "../../../../src/net/system_world.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";
import { SystemStats } from "../../../../src/http/system/stats.ts";
import { apiOf, bodyOf, fakeClient, fakeServer } from "../../../kit/peers/fake_server.ts";
import { procFiles } from "../../../kit/cases/proc_cases.ts";

const eth0 = { name: "eth0", family: "IPv4" as const, address: "8.8.8.8" };

function askWithProc(files: Record<string, string> = procFiles) {
  const server = fakeServer();
  server.registry.add(fakeClient("aaaaaaaa", "fmle-publish", { moved: [500, 10] }));
  server.registry.add(fakeClient("cccccccc", "flv-play", { moved: [0, 0] }));
  const gone = fakeClient("bbbbbbbb", "rtmp-play", { moved: [3, 700] });
  server.registry.add(gone);
  server.registry.remove(gone);
  server.nowMs += 12_345;
  const system = new SystemStats(worldAt(server.timers, { files: filesWith(files), interfaces: () => [eth0] }));
  const ask = apiOf(server, { system });
  return async (name: string) => (await bodyOf(ask(`/api/v1/${name}`))).data as Record<string, unknown>;
}

Deno.test("/api/v1/summaries tells about process and machine in SRS's members", async () => {
  const data = await askWithProc()("summaries");
  const self = data.self as Record<string, unknown>;
  assertEquals([data.ok, data.now_ms], [true, 1_700_000_012_345]);
  assertEquals(Object.keys(data), ["ok", "now_ms", "self", "system"]);
  assertEquals(
    Object.keys(self).join(" "),
    "version pid ppid argv cwd mem_kbyte mem_percent cpu_percent srs_uptime recv_path send_path",
  );
  assertEquals([self.pid, self.mem_kbyte, self.mem_percent, self.srs_uptime], [4711, 80_000, 0.01, 12]);
  assertEquals(data.system, {
    cpu_percent: 0.15,
    disk_read_KBps: 0,
    disk_write_KBps: 0,
    disk_busy_percent: 0,
    mem_ram_kbyte: 8_000_000,
    mem_ram_percent: 0.5,
    mem_swap_kbyte: 1_000_000,
    mem_swap_percent: 0.25,
    cpus: 2,
    cpus_online: 2,
    uptime: 1000.5,
    ilde_time: 1990.25,
    load_1m: 0.05,
    load_5m: 0.16,
    load_15m: 0.22,
    net_sample_time: 1_700_000_012_345,
    net_recv_bytes: 70_000,
    net_send_bytes: 80_000,
    net_recvi_bytes: 5000,
    net_sendi_bytes: 6000,
    srs_sample_time: 1_700_000_012_345,
    srs_recv_bytes: 503,
    srs_send_bytes: 710,
    conn_sys: 118,
    conn_sys_et: 56,
    conn_sys_tw: 34,
    conn_sys_udp: 3,
    conn_srs: 2,
  });
});

Deno.test("/api/v1/summaries says ok:false and zeros where there is no /proc", async () => {
  const data = await askWithProc({})("summaries");
  const system = data.system as Record<string, unknown>;
  assertEquals(data.ok, false);
  assertEquals([system.cpu_percent, system.mem_ram_kbyte, system.load_1m, system.conn_sys], [0, 0, 0, 0]);
  assertEquals(system.srs_recv_bytes, 503);
});

Deno.test("/api/v1/rusages has the members of getrusage", async () => {
  assertEquals(await askWithProc()("rusages"), {
    ok: true,
    sample_time: 1_700_000_012_345,
    ru_utime: 3,
    ru_stime: 2,
    ru_maxrss: 100_000,
    ru_ixrss: 0,
    ru_idrss: 0,
    ru_isrss: 0,
    ru_minflt: 4344,
    ru_majflt: 5,
    ru_nswap: 0,
    ru_inblock: 0,
    ru_oublock: 0,
    ru_msgsnd: 0,
    ru_msgrcv: 0,
    ru_nsignals: 0,
    ru_nvcsw: 150,
    ru_nivcsw: 25,
  });
});

Deno.test("/api/v1/self_proc_stats has the columns of the file after three members of its own", async () => {
  const data = await askWithProc()("self_proc_stats");
  assertEquals(Object.keys(data).slice(0, 5), ["ok", "sample_time", "percent", "pid", "comm"]);
  assertEquals(Object.keys(data).length, 47);
  assertEquals([data.percent, data.state, data.rss, data.cguest_time], [0.01, "S", 11262, 0]);
});

Deno.test("/api/v1/system_proc_stats has the times of all processors", async () => {
  const data = await askWithProc()("system_proc_stats");
  assertEquals(
    Object.keys(data).join(" "),
    "ok sample_time percent user nice sys idle iowait irq softirq steal guest",
  );
  assertEquals([data.percent, data.user, data.idle], [0.15, 1000, 8000]);
});

Deno.test("/api/v1/meminfos counts what is really in use", async () => {
  const { sample_time: _, ...data } = await askWithProc()("meminfos");
  assertEquals(data, {
    ok: true,
    percent_ram: 0.5,
    percent_swap: 0.25,
    MemActive: 6_000_000,
    RealInUse: 4_000_000,
    NotInUse: 4_000_000,
    MemTotal: 8_000_000,
    MemFree: 2_000_000,
    Buffers: 500_000,
    Cached: 1_500_000,
    SwapTotal: 1_000_000,
    SwapFree: 750_000,
  });
});

Deno.test("the real /proc of a Linux machine is read", { ignore: Deno.build.os !== "linux" }, () => {
  const { ok, usedRam, cpu, uptimeSeconds, self, status, sockets } = new SystemStats(systemWorld).latest;
  assertEquals([ok, self.pid], [true, Deno.pid]);
  assert(usedRam > 10_000 && cpu.cpus > 0 && uptimeSeconds > 0 && status("VmRSS") > 1000 && sockets.all > 0);
});
