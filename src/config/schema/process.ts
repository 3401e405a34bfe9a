import { accepted, directive, unsupported } from "./row.ts";
import { decimal, milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff, text } from "../values/type.ts";

const noChildren = accepted("no ffmpeg process is started");

/** Root directives about the process, its files and its end. */
export const processRows = {
  pid: directive("pid", text(), { default: "./objs/srs.pid", doc: "File with the process id, locked while running." }),
  serverId: directive("server_id", text(), {
    default: "",
    doc: "Id of this server in API answers and hooks; empty: a random one, kept beside the pid file.",
  }),
  daemon: directive("daemon", onOff(), {
    default: true,
    doc: "Whether to go to the background; `srs-ts origin` and `edge` only do where `on` is written.",
  }),
  workDir: directive("work_dir", text(), { default: "./", doc: "Directory to change to once the file was read." }),
  asprocess: directive("asprocess", onOff(), {
    default: false,
    doc: "Whether to end when the parent process ends.",
  }),
  graceStartWaitMs: directive("grace_start_wait", milliseconds(), {
    default: 2300,
    reload: "live",
    doc: "How long clients are still taken behind SIGQUIT.",
  }),
  graceFinalWaitMs: directive("grace_final_wait", milliseconds(), {
    default: 3200,
    reload: "live",
    doc: "Longest wait for clients that do not leave, behind which they are cut off.",
  }),
  forceGraceQuit: directive("force_grace_quit", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether SIGTERM lets players finish, as SIGQUIT does.",
  }),
  inotifyAutoReload: directive("inotify_auto_reload", onOff(), {
    default: false,
    doc: "Whether to reload when the file changes.",
  }),
  inDocker: directive("in_docker", onOff(), {
    default: false,
    doc: "Whether it runs in a container, where srs_log_tank is `console` by default.",
  }),
  disableDaemonForDocker: directive("disable_daemon_for_docker", onOff(), {
    default: true,
    doc: "Stays in the foreground in a container.",
  }),
  autoReloadForDocker: directive("auto_reload_for_docker", onOff(), {
    default: true,
    doc: "The same with in_docker.",
  }),
  emptyIpOk: directive("empty_ip_ok", onOff(), {
    default: true,
    doc: "Accepts clients whose address the kernel does not tell.",
    status: accepted("every connection has an address"),
  }),
  tcmallocReleaseRate: directive("tcmalloc_release_rate", decimal({ min: 0 }), {
    default: 0.8,
    doc: "How fast SRS's allocator returns memory.",
    status: accepted("there is no such allocator"),
  }),
  queryLatestVersion: directive("query_latest_version", onOff(), {
    default: false,
    doc: "Asks ossrs.net for newer versions.",
    status: accepted("this server never phones home"),
  }),
  firstWaitForQlvMs: directive("first_wait_for_qlv", seconds(), {
    default: 300_000,
    doc: "Wait before that question.",
    status: accepted("this server never phones home"),
  }),
  isFull: directive("is_full", onOff(), {
    default: false,
    env: [],
    doc: "Marks SRS's full.conf, a reference that must not be run.",
  }),
};

/** Root directives about logs. */
export const logRows = {
  srsLogTank: directive("srs_log_tank", oneOf(["console", "file"], "file"), {
    default: "file",
    reload: "live",
    doc: "Where log lines go.",
  }),
  srsLogFile: directive("srs_log_file", text(), {
    default: "./objs/srs.log",
    reload: "live",
    env: ["SRS_LOG_FILE", "SRS_SRS_LOG_FILE"],
    doc: "Log file of the tank `file`.",
  }),
  srsLogLevel: directive("srs_log_level", oneOf(["verbose", "info", "trace", "warn", "error", "off"], "off"), {
    default: "trace",
    reload: "live",
    env: ["SRS_LOG_LEVEL", "SRS_SRS_LOG_LEVEL"],
    doc: "Lowest level in SRS's old words, from `verbose` up.",
  }),
  srsLogLevelV2: directive("srs_log_level_v2", oneOf(["trace", "debug", "info", "warn", "error", "off", ""], "off"), {
    default: "",
    reload: "live",
    env: ["SRS_LOG_LEVEL_V2", "SRS_SRS_LOG_LEVEL_V2"],
    doc: "Lowest level in today's words, from `trace` up; overrides srs_log_level.",
  }),
  utcTime: directive("utc_time", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether times in logs and paths are UTC.",
  }),
  pithyPrintMs: directive("pithy_print_ms", milliseconds(), {
    default: 10_000,
    reload: "live",
    doc: "Period of the summary line of each connection.",
    status: unsupported("connections write no periodic summary"),
  }),
  ffLogDir: directive("ff_log_dir", text(), {
    default: "./objs",
    doc: "Directory of ffmpeg's logs.",
    status: noChildren,
  }),
  ffLogLevel: directive("ff_log_level", text(), {
    default: "info",
    doc: "Level of ffmpeg's logs.",
    status: noChildren,
  }),
};
