import { envelope, type JsonBody } from "../envelope.ts";
import { enveloped, number, record, truth } from "../openapi/schema.ts";
import type { Route } from "./route.ts";
import type { SystemSnapshot } from "../system/stats.ts";

/** Process and machine in detail, by SRS's names. */
export const procRoutes: readonly Route[] = [
  procRoute("rusages", "resources used by this process", rusage),
  procRoute("self_proc_stats", "fields of /proc/self/stat", ({ self, selfPercent }) => ({
    percent: selfPercent,
    ...self,
  })),
  procRoute("system_proc_stats", "times of all processors, added up", ({ cpu: { cpus: _, ...times }, cpuPercent }) => ({
    percent: cpuPercent,
    ...times,
  })),
  procRoute("meminfos", "memory of the machine in KB", meminfo),
];

function procRoute(name: string, doc: string, body: (now: SystemSnapshot) => JsonBody): Route {
  return {
    path: `/api/v1/${name}`,
    methods: "any",
    effect: "reads",
    doc,
    answer: enveloped({
      data: {
        ...record({ ok: truth(), sample_time: number("ms") }),
        additionalProperties: { type: ["number", "string"] },
      },
    }),
    handle({ server, system: { latest } }) {
      return envelope(server.identity, { data: { ok: latest.ok, sample_time: latest.sampleMs, ...body(latest) } });
    },
  };
}

/** As far as `/proc` tells it; times in seconds, as in SRS. */
function rusage({ self, status }: SystemSnapshot): JsonBody {
  return {
    ru_utime: Math.floor(Number(self.utime) / 100),
    ru_stime: Math.floor(Number(self.stime) / 100),
    ru_maxrss: status("VmHWM"),
    ru_ixrss: 0,
    ru_idrss: 0,
    ru_isrss: 0,
    ru_minflt: self.minflt,
    ru_majflt: self.majflt,
    ru_nswap: 0,
    ru_inblock: 0,
    ru_oublock: 0,
    ru_msgsnd: 0,
    ru_msgrcv: 0,
    ru_nsignals: 0,
    ru_nvcsw: status("voluntary_ctxt_switches"),
    ru_nivcsw: status("nonvoluntary_ctxt_switches"),
  };
}

function meminfo({ memory, usedRam, ramPercent, swapPercent }: SystemSnapshot): JsonBody {
  const [total, free] = [memory("MemTotal"), memory("MemFree")];
  return {
    percent_ram: ramPercent,
    percent_swap: swapPercent,
    MemActive: total - free,
    RealInUse: usedRam,
    NotInUse: total - usedRam,
    MemTotal: total,
    MemFree: free,
    Buffers: memory("Buffers"),
    Cached: memory("Cached"),
    SwapTotal: memory("SwapTotal"),
    SwapFree: memory("SwapFree"),
  };
}
