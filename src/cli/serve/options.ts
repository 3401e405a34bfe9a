import type { LogFormat } from "../../base/log.ts";
import type { CommandArgs, HelpSection, OptionRow } from "../command.ts";
import type { ServerRole } from "./config_check.ts";
import { UsageError } from "../parse_args.ts";

/** Options of the commands that start a server; those with a single letter are SRS's. */
export const serveOptions: readonly OptionRow[] = [
  {
    name: "config",
    short: "c",
    value: "FILE",
    help: "Configuration file, in SRS's language, or in TOML if its name ends in .toml (default conf/srs.conf).",
  },
  { name: "test", short: "t", help: "Check the configuration, print every problem (or ok), and exit." },
  { name: "env-only", short: "e", help: "Read no file; take everything from environment variables." },
  { name: "signature", short: "g", help: "Print the name and version that peers see, and exit. -G does the same." },
  {
    name: "log-format",
    value: "FORMAT",
    choices: ["srs", "json"],
    help: 'Format of log lines: "srs", or "json" for one JSON object each (default "srs").',
  },
  { name: "asprocess", help: "Exit when the parent process exits, like the directive of that name." },
  { name: "started-in-background", hidden: true, help: "Report on standard error when the server listens." },
];

/** How a server is to be started. */
export interface ServeArgs {
  readonly path: string | undefined;
  readonly envOnly: boolean;
  readonly format: LogFormat;
  readonly asprocess: boolean;
  /** This is the process that another one has started to go to the background. */
  readonly isBackground: boolean;
}

/** Reads the options. @throws {UsageError} If something stands there that is none. */
export function readServeArgs(args: CommandArgs): ServeArgs {
  const [unexpected] = args.positional;
  if (unexpected !== undefined) {
    throw new UsageError(`unexpected argument "${unexpected}"; name the configuration file with -c FILE`);
  }
  return {
    path: args.value("config"),
    envOnly: args.flag("env-only"),
    format: args.value("log-format") === "json" ? "json" : "srs",
    asprocess: args.flag("asprocess"),
    isBackground: args.flag("started-in-background"),
  };
}

/** The command line that starts a server in the background with the same options. */
export function backgroundArguments(role: ServerRole, { format }: ServeArgs, source: readonly string[]): string[] {
  return [role, ...source, "--log-format", format, "--started-in-background"];
}

/** What the manual of a server says besides what it does. */
export const serveSections: readonly HelpSection[] = [
  {
    title: "SIGNALS",
    rows: [
      [
        "SIGHUP",
        "Reload the configuration. The log says of each change whether it applies at once, applies to new clients, " +
        "or needs a restart. A file with errors changes nothing. With inotify_auto_reload, saving the file is enough.",
      ],
      ["SIGUSR1", "Reopen the log file after you have moved it. No line is lost."],
      [
        "SIGTERM, SIGINT",
        "Exit at once. A second signal exits without waiting for anything. With force_grace_quit, SIGTERM acts like " +
        "SIGQUIT.",
      ],
      [
        "SIGQUIT",
        "Exit gracefully: after grace_start_wait, accept no more clients and send those that can move to other " +
        "servers; exit when the last one has left, or after grace_final_wait. SIGTERM cuts the wait short.",
      ],
      ["SIGUSR2", "Ignored. SRS exits."],
    ],
  },
  {
    title: "FILES",
    rows: [
      ["conf/srs.conf", "The configuration, unless you name another one."],
      ["objs/srs.pid", "Process id; locked while the server runs (pid)."],
      ["objs/srs.id", "Server id, the same after each start (server_id); named after the pid file."],
      ["objs/srs.log", "The log, unless srs_log_tank is console (srs_log_file)."],
    ],
  },
  {
    title: "ENVIRONMENT",
    rows: [
      [
        "SRS_LISTEN, SRS_HTTP_API_ENABLED, ...",
        "Override the values in the file. A variable of a vhost applies to every vhost. " +
        '"srs-ts directives" lists the names.',
      ],
      ["SRS_CONFIG_FILE", "Configuration file; takes precedence over -c."],
      ["SRS_ENV_ONLY", '"on" does the same as -e.'],
      ["INVOCATION_ID", "Set by systemd. The server then stays in the foreground, whatever daemon says."],
    ],
  },
  {
    title: "EXIT STATUS",
    rows: [
      ["0", "A signal ended the server, or -t found no error."],
      ["255", "The configuration has an error, or a file of it cannot be read."],
      ["11", "The pid file belongs to a running server."],
      ["235", "The server cannot listen on one of its addresses."],
      ["2", "The command line is wrong."],
    ],
  },
];

/** The last paragraphs of the description of a server. */
export const serveDescription = `
With "daemon on" in the file, the server goes to the background as soon as it listens, and the command exits with status
0. If the server cannot start, the command says why, and exits with the server's status. In a container
(disable_daemon_for_docker) and under systemd, the server stays in the foreground. SRS goes to the background even if its
file does not say so; "srs-ts -c FILE", without a command, does the same.`;
