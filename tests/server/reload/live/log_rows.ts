import { ServerLog } from "../../../../src/cli/serve/server_log.ts";
import { loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { atRoot, type LiveRow, type LiveRows } from "./stage.ts";

const folder = await Deno.makeTempDir({ prefix: "live-rows-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const [first, second] = [`${folder}/a.log`, `${folder}/b.log`];
/** Far from UTC, wherever the test runs. */
const ZONE = "Asia/Tokyo";

/** What a running server's log has in each of two files after a warning and a remark. */
interface LogText {
  readonly first: string;
  readonly second: string;
}

function row(before: string, after: string, see: (text: LogText) => unknown, seen: LiveRow["seen"]): LiveRow {
  return {
    ...atRoot(before, after),
    async begin({ server }) {
      for (const path of [first, second]) await Deno.writeTextFile(path, "");
      const config = requireConfig(loadConfig({ path: "t.conf", text: `listen 1935; ${before}` }));
      const silent = () => {};
      const io = { out: silent, err: silent, isTerminal: false, color: false, stop: new AbortController().signal };
      const serverLog = await ServerLog.open(config, io, "srs");
      server.parts.push(serverLog);
      return async () => {
        serverLog.log.warn("a warning");
        serverLog.log.info("a remark");
        await serverLog[Symbol.asyncDispose]();
        return see({ first: await Deno.readTextFile(first), second: await Deno.readTextFile(second) });
      };
    },
    seen,
  };
}

const toFile = `srs_log_tank file; srs_log_file ${first};`;
const remarks = ({ first }: LogText) => ["a warning", "a remark"].filter((line) => first.includes(line));

/** How far the hour of the first line is from UTC's. */
function hoursFromUtc({ first }: LogText): number {
  const [, hour = ""] = /^\[\d+-\d+-\d+ (\d+):/.exec(first) ?? [];
  return (Number(hour) - new Date().getUTCHours() + 24) % 24;
}

/** Rows of the log; it is opened by the process, and a part of a reload as it is there. */
export const logRows: LiveRows = {
  "srs_log_tank": row(
    `${toFile} srs_log_level_v2 warn;`,
    `srs_log_tank console; srs_log_file ${first}; srs_log_level_v2 warn;`,
    ({ first }) => first.includes("a warning"),
    [true, false],
  ),
  "srs_log_file": row(
    toFile,
    `srs_log_tank file; srs_log_file ${second};`,
    ({ first, second }) => [first, second].map((text) => text.includes("a warning")),
    [[true, false], [false, true]],
  ),
  "srs_log_level": row(`${toFile} srs_log_level trace;`, `${toFile} srs_log_level warn;`, remarks, [
    ["a warning", "a remark"],
    ["a warning"],
  ]),
  "srs_log_level_v2": row(`${toFile} srs_log_level_v2 info;`, `${toFile} srs_log_level_v2 warn;`, remarks, [
    ["a warning", "a remark"],
    ["a warning"],
  ]),
  "utc_time": row(`${toFile} utc_time off;`, `${toFile} utc_time on;`, hoursFromUtc, [9, 0]),
};

/** Runs with a time zone that is not UTC. */
export async function inOtherZone(run: () => Promise<void>): Promise<void> {
  const zone = Deno.env.get("TZ");
  Deno.env.set("TZ", ZONE);
  try {
    await run();
  } finally {
    if (zone === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", zone);
  }
}
