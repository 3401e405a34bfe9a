import { MemoryHooks } from "../../../kit/memory/memory_hooks.ts";
import { inVhost, type LiveRow, type LiveRows, type Stage } from "./stage.ts";

/** Two blocks that differ, and what is on the disk some seconds after the reload, while the stream goes on. */
function dvrRow(before: string, after: string, see: (stage: Stage) => unknown, seen: LiveRow["seen"]): LiveRow {
  const named = (text: string) => text.includes("dvr_path") ? text : `${text} dvr_path rec/[timestamp].flv;`;
  const on = (text: string) => text.includes("enabled") ? text : `enabled on; ${text}`;
  return {
    ...inVhost("dvr", on(named(before)), on(named(after))),
    hasDisk: true,
    async begin(stage) {
      const publisher = await stage.publish();
      return async () => {
        await stage.run(8000);
        publisher[Symbol.dispose]();
        await stage.run(500);
        return see(stage);
      };
    },
    seen,
  };
}

const files = ({ disk }: Stage) => disk.paths.length;
const segments = "dvr_plan segment; dvr_reconnect 0;";

/** Rows about what a running server records. */
export const dvrRows: LiveRows = {
  "vhost.dvr.enabled": dvrRow("enabled off;", "enabled on;", files, [0, 1]),
  "vhost.dvr.dvr_apply": dvrRow("dvr_apply live/other;", "dvr_apply live/other live/s;", files, [0, 1]),
  "vhost.dvr.dvr_plan": dvrRow(
    "dvr_plan session; dvr_duration 2;",
    "dvr_plan segment; dvr_duration 2;",
    (stage) => files(stage) > 2,
    [false, true],
  ),
  "vhost.dvr.dvr_path": dvrRow(
    `${segments} dvr_duration 2; dvr_path rec/a/[timestamp].flv;`,
    `${segments} dvr_duration 2; dvr_path rec/b/[timestamp].flv;`,
    ({ disk }) => [...new Set(disk.paths.map((path) => path.slice(4, 5)))].join(" "),
    ["a", "a b"],
  ),
  "vhost.dvr.dvr_duration": dvrRow(
    `${segments} dvr_duration 60;`,
    `${segments} dvr_duration 2;`,
    (stage) => files(stage) > 2,
    [false, true],
  ),
  // Keyframes come every second.
  "vhost.dvr.dvr_wait_keyframe": dvrRow(
    `${segments} dvr_duration 1.2; dvr_wait_keyframe on;`,
    `${segments} dvr_duration 1.2; dvr_wait_keyframe off;`,
    (stage) => files(stage) > 5,
    [false, true],
  ),
  "vhost.dvr.dvr_reconnect": dvrRow(
    "dvr_reconnect 10;",
    "dvr_reconnect 0;",
    ({ disk }) => disk.paths.some((path) => path.endsWith(".tmp")),
    [true, false],
  ),
  "vhost.http_hooks.on_dvr": {
    ...dvrRow("", "", () => null, [["/before"], ["/after"]]),
    ...inVhost(
      "",
      `dvr { enabled on; dvr_path rec/a.flv; dvr_reconnect 0; } http_hooks { enabled on; on_dvr ${
        MemoryHooks.url("/before")
      }; }`,
      `dvr { enabled on; dvr_path rec/a.flv; dvr_reconnect 0; } http_hooks { enabled on; on_dvr ${
        MemoryHooks.url("/after")
      }; }`,
    ),
    async begin(stage) {
      const hooks = new MemoryHooks(stage.network);
      const publisher = await stage.publish();
      return async () => {
        await stage.run(1000);
        publisher[Symbol.dispose]();
        await stage.run(500);
        return hooks.paths;
      };
    },
  },
};
