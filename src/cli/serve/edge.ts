import type { Command } from "../command.ts";
import { serveDescription, serveOptions, serveSections } from "./options.ts";

/** `srs-ts edge`: a server that pulls what its players want. */
export const edgeCommand: Command = {
  name: "edge",
  summary: "Run an edge: pulls streams from the origins as soon as somebody plays them.",
  usage: "edge [-c FILE | -e] [-t] [--log-format FORMAT]",
  description: `
Runs an edge server from an SRS configuration file: vhosts with "mode remote" and "origin". Whichever origin has a
stream, the edge fetches it once for all its players, and goes on to the next origin when one fails. A file without such
a vhost is an origin's and is refused; a file with both kinds of vhost runs here.
${serveDescription}`,
  options: serveOptions,
  sections: serveSections,
  examples: [
    { line: "edge -c conf/origin.cluster.edge.conf", does: "Starts the edge of the cluster." },
    { line: "edge -t -c conf/origin.cluster.edge.conf", does: "Checks its file only." },
  ],
  run: async (args, io) => (await import("./serve.ts")).serve("edge", args, io),
};
