import type { OptionRow } from "./command.ts";

/** Options of the commands that start a server: `-c`, `-t`, `-v` as SRS has them. */
export const serveOptions: readonly OptionRow[] = [
  { name: "config", short: "c", value: "FILE", help: "Configuration file, by default conf/srs.conf." },
  { name: "test", short: "t", help: "Check the file, print every problem or ok, and end." },
];

/** What help says about signals and exit statuses of a server. */
export const serveDescription = `
Ends at once on SIGINT (Ctrl-C) and SIGTERM; a second one does not wait for anything. SIGQUIT stops accepting clients
and ends when the last one has left (grace_start_wait, grace_final_wait). SIGUSR1 opens the log file again.

Exit status: 0 after a stop by signal, 255 for an error in the configuration and 18 for a file that cannot be read, 11
if the pid file belongs to a running server, 235 if an address cannot be listened on; 2 for a command line that makes
no sense. These are SRS's numbers.`;
