import type { Command } from "../command.ts";
import { serveDescription, serveOptions, serveSections } from "./options.ts";

/** `srs-ts origin`: a server that takes publishers. */
export const originCommand: Command = {
  name: "origin",
  summary: "Run an origin: accept publishers and players, and find streams on other origins.",
  usage: "origin [-c FILE | -e] [-t] [--log-format FORMAT]",
  description: `
Runs an origin server from an SRS configuration file. With "origin_cluster on" it finds streams that are published on
other origins: it redirects edges there, and relays the stream to all other players (see the directive redirect). It
refuses a file whose vhosts are all "mode remote": run that with "srs-ts edge".
${serveDescription}`,
  options: serveOptions,
  sections: serveSections,
  examples: [
    { line: "origin -c conf/origin.cluster.serverA.conf", does: "Starts origin A of the cluster." },
    { line: "origin -t -c conf/origin.cluster.serverA.conf", does: "Only checks its file." },
  ],
  run: async (args, io) => (await import("./serve.ts")).serve("origin", args, io),
};
