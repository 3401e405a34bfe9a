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
    help: "Configuration file, in SRS's language or, if it ends in .toml, in TOML; by default conf/srs.conf.",
  },
  { name: "test", short: "t", help: "Check the configuration, print every problem or ok, and end." },
  { name: "env-only", short: "e", help: "Read no file: everything comes from environment variables." },
  { name: "signature", short: "g", help: "Print the name and version that peers see, and end. Also -G." },
  {
    name: "log-format",
    value: "FORMAT",
    choices: ["srs", "json"],
    help: 'How log lines look: as those of SRS, or as one JSON object each (default "srs").',
  },
  { name: "asprocess", help: "End when the process that started this one ends, as the directive of that name." },
  { name: "started-in-background", hidden: true, help: "Says on standard error when it listens." },
];

/** How a server is to be started. */
export interface ServeOptions {
  readonly path: string | undefined;
  readonly envOnly: boolean;
  readonly format: LogFormat;
  readonly asprocess: boolean;
  /** This is the process that another one has started to go to the background. */
  readonly isBackground: boolean;
}

/** Reads the options. @throws {UsageError} If something stands there that is none. */
export function readServeOptions(args: CommandArgs): ServeOptions {
  const [unexpected] = args.positional;
  if (unexpected !== undefined) {
    throw new UsageError(`unexpected argument "${unexpected}"; a configuration file is given with -c FILE`);
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
export function backgroundArguments(role: ServerRole, { format }: ServeOptions, source: readonly string[]): string[] {
  return [role, ...source, "--log-format", format, "--started-in-background"];
}

/** What the manual of a server says besides what it does. */
export const serveSections: readonly HelpSection[] = [
  {
    title: "SIGNALS",
    rows: [
      [
        "SIGHUP",
        "Read the configuration again. What can be applied without touching a connection is; the log names " +
        "what needs a restart. An error changes nothing. With inotify_auto_reload a change of the file is enough.",
      ],
      ["SIGUSR1", "Open the log file again, after it was moved away. No line is lost."],
      [
        "SIGTERM, SIGINT",
        "End at once. A second one does not wait for anything. With force_grace_quit, SIGTERM is " +
        "as SIGQUIT.",
      ],
      [
        "SIGQUIT",
        "Behind grace_start_wait take no more clients, send those that can to other servers, and end when the " +
        "last one has left, or after grace_final_wait. SIGTERM shortens that.",
      ],
      ["SIGUSR2", "Ignored; SRS ends."],
    ],
  },
  {
    title: "FILES",
    rows: [
      ["conf/srs.conf", "The configuration where none is named."],
      ["objs/srs.pid", "Id of the process, locked while it runs (pid)."],
      ["objs/srs.id", "Id of the server, the same with each start (server_id). Named as the pid file."],
      ["objs/srs.log", "The log, unless srs_log_tank is console (srs_log_file)."],
    ],
  },
  {
    title: "ENVIRONMENT",
    rows: [
      [
        "SRS_LISTEN, SRS_HTTP_API_ENABLED, ...",
        "Values that go over those of the file; a variable of a vhost counts " +
        'for every vhost. "srs-ts directives" lists their names.',
      ],
      ["SRS_CONFIG_FILE", "Configuration file, before -c."],
      ["SRS_ENV_ONLY", '"on" is as -e.'],
      ["INVOCATION_ID", "Set by systemd: the server stays in the foreground, whatever daemon says."],
    ],
  },
  {
    title: "EXIT STATUS",
    rows: [
      ["0", "It was ended by a signal, or -t found no error."],
      ["255", "There is an error in the configuration."],
      ["18", "A file of the configuration cannot be read."],
      ["11", "The pid file belongs to a server that runs."],
      ["235", "An address cannot be listened on."],
      ["2", "The command line makes no sense."],
    ],
  },
];

/** The last paragraphs of the description of a server. */
export const serveDescription = `
With "daemon on" in its file it goes to the background as soon as it listens, and the command ends with status 0; if it
cannot start, the command says why and ends with the status of that. In a container (disable_daemon_for_docker) and under
systemd it stays in the foreground. SRS goes to the background without being told so, too; "srs-ts -c FILE", without a
command, does the same.`;
