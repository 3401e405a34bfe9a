import type { Command } from "../command.ts";
import { serveDescription, serveOptions, serveSections } from "./options.ts";

/** `srs-ts origin`: a server that takes publishers. */
export const originCommand: Command = {
  name: "origin",
  summary: "Run an origin: takes publishers and players, and finds streams on its coworkers.",
  usage: "origin [-c FILE | -e] [-t] [--log-format FORMAT]",
  description: `
Runs an origin server from an SRS configuration file. With "origin_cluster on", players of a stream that is published on
another origin are redirected there. A file whose vhosts are all "mode remote" is an edge's and is refused.
${serveDescription}`,
  options: serveOptions,
  sections: serveSections,
  examples: [
    { line: "origin -c conf/origin.cluster.serverA.conf", does: "Starts origin A of the cluster." },
    { line: "origin -t -c conf/origin.cluster.serverA.conf", does: "Checks its file only." },
  ],
  run: async (args, io) => (await import("./serve.ts")).serve("origin", args, io),
};
