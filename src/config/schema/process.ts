import { accepted, directive } from "./row.ts";
import { decimal, milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff, text } from "../values/type.ts";

const noChildren = accepted("this server does not run ffmpeg");

/** Root directives about the process, its files and its end. */
export const processRows = {
  pid: directive("pid", text(), {
    default: "./objs/srs.pid",
    doc: "File for the process id; locked while the server runs.",
  }),
  serverId: directive("server_id", text(), {
    default: "",
    doc: "Id of this server in API answers and hooks. Empty means a random one, kept next to the pid file.",
  }),
  daemon: directive("daemon", onOff(), {
    default: true,
    doc: "Whether to run in the background; `srs-ts origin` and `edge` do so only if the configuration says `on`.",
  }),
  workDir: directive("work_dir", text(), {
    default: "./",
    doc: "Directory to change to after reading the configuration.",
  }),
  asprocess: directive("asprocess", onOff(), {
    default: false,
    doc: "Whether to stop when the parent process ends.",
  }),
  graceStartWaitMs: directive("grace_start_wait", milliseconds(), {
    default: 2300,
    reload: "live",
    doc: "How long to keep accepting clients after SIGQUIT.",
  }),
  graceFinalWaitMs: directive("grace_final_wait", milliseconds(), {
    default: 3200,
    reload: "live",
    doc: "How long to wait after that for clients to leave before disconnecting them.",
  }),
  forceGraceQuit: directive("force_grace_quit", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether SIGTERM lets players finish, as SIGQUIT does.",
  }),
  inotifyAutoReload: directive("inotify_auto_reload", onOff(), {
    default: false,
    doc: "Whether to reload when the configuration file changes.",
  }),
  inDocker: directive("in_docker", onOff(), {
    default: false,
    doc: "Whether the server runs in a container; `srs_log_tank` is then `console` by default.",
  }),
  disableDaemonForDocker: directive("disable_daemon_for_docker", onOff(), {
    default: true,
    doc: "Whether to stay in the foreground in a container.",
  }),
  autoReloadForDocker: directive("auto_reload_for_docker", onOff(), {
    default: true,
    doc: "Whether to reload when the configuration file changes, with `in_docker on`.",
  }),
  emptyIpOk: directive("empty_ip_ok", onOff(), {
    default: true,
    doc: "Whether to accept clients whose address the kernel does not report.",
    status: accepted("every connection has an address"),
  }),
  tcmallocReleaseRate: directive("tcmalloc_release_rate", decimal({ min: 0 }), {
    default: 0.8,
    doc: "How fast SRS's allocator returns memory to the system.",
    status: accepted("this server does not use that allocator"),
  }),
  queryLatestVersion: directive("query_latest_version", onOff(), {
    default: false,
    doc: "Whether to ask ossrs.net for newer versions.",
    status: accepted("this server never phones home"),
  }),
  firstWaitForQlvMs: directive("first_wait_for_qlv", seconds(), {
    default: 300_000,
    doc: "How long to wait before asking.",
    status: accepted("this server never phones home"),
  }),
  isFull: directive("is_full", onOff(), {
    default: false,
    env: [],
    doc: "Marks SRS's full.conf, which is a reference and cannot be run.",
  }),
};

/** Root directives about logs. */
export const logRows = {
  srsLogTank: directive("srs_log_tank", oneOf(["console", "file"], "file"), {
    env: ["SRS_SRS_LOG_TANK", "SRS_LOG_TANK"],
    default: "file",
    reload: "live",
    doc: "Where to write the log.",
  }),
  srsLogFile: directive("srs_log_file", text(), {
    default: "./objs/srs.log",
    reload: "live",
    env: ["SRS_LOG_FILE", "SRS_SRS_LOG_FILE"],
    doc: "Log file, with `srs_log_tank file`.",
  }),
  srsLogLevel: directive("srs_log_level", oneOf(["verbose", "info", "trace", "warn", "error", "off"], "off"), {
    default: "trace",
    reload: "live",
    env: ["SRS_LOG_LEVEL", "SRS_SRS_LOG_LEVEL"],
    doc: "Lowest level to log, by SRS's older names, from `verbose` up.",
  }),
  srsLogLevelV2: directive("srs_log_level_v2", oneOf(["trace", "debug", "info", "warn", "error", "off", ""], "off"), {
    default: "",
    reload: "live",
    env: ["SRS_LOG_LEVEL_V2", "SRS_SRS_LOG_LEVEL_V2"],
    doc: "Lowest level to log, by SRS's newer names, from `trace` up; overrides `srs_log_level`.",
  }),
  srsLogFormat: directive("srs_log_format", oneOf(["plain", "srs"], "plain"), {
    default: "plain",
    reload: "live",
    extension: true,
    doc: "Whether the log also tells of clients in SRS's words, for programs that read SRS's log.",
  }),
  utcTime: directive("utc_time", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether times in logs are in UTC.",
  }),
  pithyPrintMs: directive("pithy_print_ms", milliseconds(), {
    default: 10_000,
    reload: "live",
    doc: "How often to log the traffic of each client, with `srs_log_format srs`.",
  }),
  ffLogDir: directive("ff_log_dir", text(), {
    default: "./objs",
    doc: "Directory for ffmpeg's logs.",
    status: noChildren,
  }),
  ffLogLevel: directive("ff_log_level", text(), {
    default: "info",
    doc: "Level of ffmpeg's logs.",
    status: noChildren,
  }),
};
