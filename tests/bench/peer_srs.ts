import { V8_FLAGS } from "../../src/cli/own_command.ts";
import { missingProgram } from "./peer_files.ts";
import type { Peer, PeerStart, Tuning } from "./peers.ts";

const main = new URL("../../main.ts", import.meta.url).pathname;
const NOTE = "chunk_size 60000, mw_latency 350, gop_cache on, as by default";

function play({ mwLatencyMs, realtime }: Tuning): string {
  return `play { mw_latency ${mwLatencyMs};${realtime ? " realtime on;" : ""} }`;
}

/** Configuration in SRS's language, for SRS and for this project's server. `extra` goes to its top level. */
function writeConfig({ port, httpPort, dir, originPort, tuning, hls = "" }: PeerStart, extra = ""): string {
  const path = `${dir}/server.conf`;
  Deno.writeTextFileSync(
    path,
    `listen ${port};
max_connections 10000;
daemon off;
srs_log_tank console;
pid ${dir}/server.pid;
${extra}http_server { enabled on; listen ${httpPort}; dir ${dir}; }
vhost __defaultVhost__ {
  ${tuning.minLatency ? "min_latency on;" : ""}
  ${play(tuning)}
  http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
  ${hls}
  ${originPort === null ? "" : `cluster { mode remote; origin 127.0.0.1:${originPort}; }`}
}
`,
  );
  return path;
}

/** The command line behind the program's name, for this project's server. */
function args(start: PeerStart): string[] {
  return [start.originPort === null ? "origin" : "edge", "-c", writeConfig(start, `workers ${start.workers};\n`)];
}

/** This project's server from source, as the command runs it that `deno install` makes. */
export const srsTs: Peer = {
  name: "srs-ts",
  note: `from source; ${NOTE}`,
  can: ["flv", "edge", "tuning", "realtime", "workers", "publish", "hls"],
  prepare: () => Promise.resolve(null),
  command: (start) => [
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    `--v8-flags=${V8_FLAGS}`,
    main,
    ...args(start),
  ],
};

/** The compiled file that `SRS_TS_BIN` names. */
export const srsTsBinary: Peer = {
  ...srsTs,
  name: "srs-ts-bin",
  note: `compiled; ${NOTE}`,
  prepare: () => Promise.resolve(missingProgram("SRS_TS_BIN", "the compiled srs-ts")),
  command: (start) => [Deno.env.get("SRS_TS_BIN") ?? "", ...args(start)],
};

/** The SRS program that `SRS_BIN` names. */
export const srs: Peer = {
  name: "srs",
  note: NOTE,
  can: ["flv", "edge", "tuning", "publish", "hls"],
  prepare: () => Promise.resolve(missingProgram("SRS_BIN", "the SRS program")),
  command: (start) => [Deno.env.get("SRS_BIN") ?? "", "-c", writeConfig(start)],
};
